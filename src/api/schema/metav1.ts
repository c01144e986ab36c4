// Shapes of meta.k8s.io that our kinds embed.
import {
  array,
  atomicList,
  type Infer,
  int64,
  listByKey,
  map,
  object,
  oneOf,
  optional,
  string,
  time,
} from "./schema.ts"

const condition = object({
  type: string({
    description: "Kind of the condition, in CamelCase.",
    maxLength: 316,
    pattern:
      "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
  }),
  status: oneOf(["True", "False", "Unknown"], { description: "Whether the condition holds." }),
  reason: string({
    description: "Why it was last set, as one word for programs.",
    minLength: 1,
    maxLength: 1024,
    pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
  }),
  message: string({ description: "Why it was last set, for people.", maxLength: 32768 }),
  lastTransitionTime: time({ description: "When the status last changed." }),
  observedGeneration: optional(int64({ description: "The generation of the object that it speaks of.", minimum: 0 })),
})

/** metav1.Condition. */
export type Condition = Infer<typeof condition>

/** Conditions, told apart by their type. */
export const conditions = () => listByKey(["type"], condition, { description: "What holds of the object now." })

/** Conditions in the form of upstream's older kinds, whose list is replaced as a whole. */
export const plainConditions = () => array(condition, { description: "What holds of the object now." })

const requirement = object({
  key: string({ description: "The label or claim that the requirement is about." }),
  operator: string({ description: "In, NotIn, Exists or DoesNotExist." }),
  values: optional(atomicList(string(), { description: "What In and NotIn compare with." })),
})

/** metav1.LabelSelector. */
export const labelSelector = () =>
  object(
    {
      matchLabels: optional(map(string(), { description: "Labels that must have exactly these values." })),
      matchExpressions: optional(atomicList(requirement, { description: "Requirements that must all hold." })),
    },
    { description: "A selector by labels.", "x-kubernetes-map-type": "atomic" },
  )

/** A selector by cluster claims. */
export const claimSelector = () =>
  object(
    { matchExpressions: optional(array(requirement, { description: "Requirements that must all hold." })) },
    { description: "A selector by cluster claims." },
  )
