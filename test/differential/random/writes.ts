// Sequences of writes to one object, each as a script.
import fc from "fast-check"
import { DEFINITIONS } from "./definitions.ts"
import { del, get, patch, post, put, type Script, type Step } from "../script.ts"
import { KINDS, METADATA, UNFIT_METADATA, type RandomKind } from "./kinds.ts"
import { jsonPatchOf, object, valueOf, type Doc, type Making, type Shape } from "./shape.ts"

/** `{{name}}` is the object's. */
const NAME = "{{name}}"
const MANAGERS = ["one", "two"] as const

/** Up to seven writes and what is left of them. The object's name stands as `{{name}}`. */
export function sequenceOf(kind: RandomKind, unfit: boolean): fc.Arbitrary<readonly Step[]> {
  const first = fc.oneof(
    { weight: 3, arbitrary: createOf(kind, unfit) },
    { weight: 1, arbitrary: applyOf(kind, unfit) },
    { weight: 1, arbitrary: writeOf(kind, unfit) },
  )
  const rest = fc.array(writeOf(kind, unfit), { minLength: 1, maxLength: 6 })
  return fc.tuple(first, rest).map(([start, more]) => [...start, ...more.flat(), get(`${kind.path}/${NAME}`)])
}

const whole = (unfit: boolean): Making => ({ partial: false, directives: false, unfit })

type Steps = fc.Arbitrary<readonly Step[]>

const queryOf = fc
  .tuple(
    fc.constantFrom(...MANAGERS),
    fc.oneof({ weight: 8, arbitrary: fc.constant("") }, { weight: 1, arbitrary: fc.constant("&dryRun=All") }),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant("") },
      { weight: 1, arbitrary: fc.constantFrom("Strict", "Ignore", "Warn").map((how) => `&fieldValidation=${how}`) },
    ),
  )
  .map(([manager, dryRun, validation]) => `fieldManager=${manager}${dryRun}${validation}`)

/** Whole documents, or parts of them. */
function documentOf(kind: RandomKind, making: Making): fc.Arbitrary<Doc> {
  const fields = object(
    { metadata: making.unfit ? UNFIT_METADATA : METADATA, ...kind.fields },
    ...(kind.required ?? []),
  )
  return fc.record({ rest: valueOf(fields, making), odd: fc.nat(60) }).map(({ rest, odd }) => {
    const content = typeof rest === "object" && rest !== null && !Array.isArray(rest) ? (rest as Doc) : {}
    if (making.partial) return content
    const metadata = content["metadata"]
    const named = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata) ? metadata : {}
    return {
      apiVersion: odd === 0 && making.unfit ? "v7" : kind.apiVersion,
      kind: kind.kind,
      ...content,
      metadata: { ...named, name: odd === 1 && making.unfit ? `${NAME}-other` : NAME },
    }
  })
}

const createOf = (kind: RandomKind, unfit: boolean): Steps =>
  fc.tuple(documentOf(kind, whole(unfit)), queryOf).map(([body, query]) => [post(`${kind.path}?${query}`, body)])

const applyOf = (kind: RandomKind, unfit: boolean): Steps =>
  fc
    .tuple(documentOf(kind, whole(unfit)), queryOf, fc.boolean(), at(kind))
    .map(([body, query, force, path]) => [patch("apply", `${path}?${query}${force ? "&force=true" : ""}`, body)])

function updateOf(kind: RandomKind, unfit: boolean): Steps {
  return fc.tuple(documentOf(kind, whole(unfit)), queryOf, at(kind), fc.boolean()).map(([body, query, path, known]) => {
    if (!known) return [put(`${path}?${query}`, body)]
    const metadata = { ...(body["metadata"] as Doc), resourceVersion: "{{rv}}" }
    return [
      get(`${kind.path}/${NAME}`, { capture: { rv: "metadata.resourceVersion" }, quiet: true }),
      put(`${path}?${query}`, { ...body, metadata }),
    ]
  })
}

const patchOf = (kind: RandomKind, type: "json" | "merge" | "strategic", body: fc.Arbitrary<unknown>): Steps =>
  fc.tuple(body, queryOf, at(kind)).map(([document, query, path]) => [patch(type, `${path}?${query}`, document)])

/** The object, or its status. */
const at = ({ path, status }: RandomKind) =>
  fc.nat(9).map((n) => `${path}/${NAME}${status === true && n === 0 ? "/status" : ""}`)

function writeOf(kind: RandomKind, unfit: boolean): Steps {
  const fields: Shape = object({ metadata: unfit ? UNFIT_METADATA : METADATA, ...kind.fields })
  return fc.oneof(
    { weight: 6, arbitrary: applyOf(kind, unfit) },
    { weight: 4, arbitrary: updateOf(kind, unfit) },
    { weight: 3, arbitrary: patchOf(kind, "merge", documentOf(kind, { ...whole(unfit), partial: true })) },
    {
      weight: kind.custom === true ? 0 : 4,
      arbitrary: patchOf(kind, "strategic", documentOf(kind, { partial: true, directives: true, unfit })),
    },
    { weight: 4, arbitrary: patchOf(kind, "json", jsonPatchOf(fields, whole(unfit))) },
    { weight: 1, arbitrary: createOf(kind, unfit) },
    { weight: 1, arbitrary: fc.constant([del(`${kind.path}/${NAME}`)]) },
  )
}

export const NAMESPACE = "random"

/** What must be there before: the namespace and the definitions. */
export const PREPARATION: Script = {
  name: NAMESPACE,
  steps: [
    ...DEFINITIONS.map((definition) => post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)),
    ...KINDS.map(({ path }) => get(path, { until: { path: "status", is: 200 } })),
  ],
}

/** A sequence about an object of this name, for a server that is prepared. */
export const scriptOf = (name: string, steps: readonly Step[]): Script => ({
  name,
  alone: true,
  steps: JSON.parse(
    JSON.stringify(steps).replaceAll("{{name}}", name).replaceAll("{{ns}}", NAMESPACE),
  ) as readonly Step[],
})
