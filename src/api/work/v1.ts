import type { UnknownObject } from "#apimachinery/meta.ts"
import { conditions } from "#api/schema/metav1.ts"
import {
  array,
  assumed,
  boolean,
  int32,
  int64,
  listByKey,
  object,
  oneOf,
  optional,
  string,
  time,
  type Schema,
} from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"
import { DEFAULT_FIELD_MANAGER, WORK_GROUP } from "./names.ts"

const SUBDOMAIN_PATTERN = "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)$"

/** A whole object of any kind, kept as it is. */
const manifest: Schema<UnknownObject> = {
  type: "object",
  "x-kubernetes-embedded-resource": true,
  "x-kubernetes-preserve-unknown-fields": true,
}

const resourceIdentifier = object(
  {
    group: optional(string()),
    resource: string({ description: "Plural." }),
    name: string({ description: "`*` stands for any text." }),
    namespace: optional(string({ description: "`*` stands for any text." })),
  },
  { description: "Which manifests the configuration is for." },
)

const deleteOption = object(
  {
    propagationPolicy: optional(
      oneOf(["Foreground", "Orphan", "SelectivelyOrphan"], {
        description: "Whether the applied objects go with the work, stay, or stay where a rule says so.",
        default: "Foreground",
      }),
    ),
    selectivelyOrphans: optional(
      object({
        orphaningRules: optional(
          array(
            object({ group: optional(string()), resource: string(), name: string(), namespace: optional(string()) }),
          ),
        ),
      }),
    ),
    ttlSecondsAfterFinished: optional(int64({ description: "How long a complete work stays." })),
  },
  { description: "What becomes of the applied objects when the work is deleted." },
)

const feedbackRule = object({
  type: oneOf(["WellKnownStatus", "JSONPaths"]),
  jsonPaths: optional(
    listByKey(
      ["name"],
      object({ name: string(), path: string({ description: "As kubectl's JSONPath." }), version: optional(string()) }),
    ),
  ),
})

const conditionRule = object(
  {
    condition: string({ description: "The type of the condition that the rule makes." }),
    type: oneOf(["WellKnownConditions", "CEL"]),
    celExpressions: optional(array(string())),
    message: optional(string()),
    messageExpression: optional(string()),
  },
  {
    "x-kubernetes-validations": [
      { rule: `self.type != 'CEL' || self.condition != ""`, message: "Condition is required for CEL rules" },
    ],
  },
)

const updateStrategy = object(
  {
    type: oneOf(["Update", "CreateOnly", "ServerSideApply", "ReadOnly"], { default: "Update" }),
    serverSideApply: optional(
      object({
        force: optional(boolean({ description: "Take over fields that others manage." })),
        fieldManager: optional(string({ default: DEFAULT_FIELD_MANAGER, pattern: "^work-agent" })),
        ignoreFields: optional(
          listByKey(
            ["condition"],
            object({
              condition: oneOf(["OnSpokePresent", "OnSpokeChange"], { default: "OnSpokePresent" }),
              jsonPaths: optional(array(string())),
              jsonPointers: optional(array(string())),
              jqPathExpressions: optional(array(string())),
            }),
          ),
        ),
      }),
    ),
  },
  { description: "How an object that is there already is brought to what the manifest says." },
)

const manifestConfig = object({
  resourceIdentifier,
  feedbackRules: optional(array(feedbackRule, { description: "What of the object's status is reported to the hub." })),
  feedbackScrapeType: optional(oneOf(["Poll", "Watch"], { default: "Poll" })),
  conditionRules: optional(listByKey(["condition"], conditionRule)),
  updateStrategy: optional(updateStrategy),
})

const executor = object({
  subject: optional(
    object({
      type: oneOf(["ServiceAccount"]),
      serviceAccount: optional(
        object({
          namespace: string({ minLength: 1, maxLength: 253, pattern: SUBDOMAIN_PATTERN }),
          name: string({ minLength: 1, maxLength: 253, pattern: SUBDOMAIN_PATTERN }),
        }),
      ),
    }),
  ),
})

const spec = object({
  workload: optional(
    object({ manifests: optional(array(manifest, { description: "The objects that the cluster is to have." })) }),
  ),
  deleteOption: optional(deleteOption),
  manifestConfigs: optional(array(manifestConfig, { description: "How single manifests are applied and watched." })),
  executor: optional(executor),
})

/** The schema of a work's spec, which a replica set's template shares. */
export const manifestWorkSpec = spec
const fieldValue = object({
  type: oneOf(["Integer", "String", "Boolean", "JsonRaw"]),
  integer: optional(int64()),
  string: optional(string()),
  boolean: optional(boolean()),
  jsonRaw: optional(string({ maxLength: 1024 })),
})

const resourceMeta = object({
  ordinal: int32({ description: "The manifest's place in the spec, from 0." }),
  group: optional(string()),
  version: optional(string()),
  kind: optional(string()),
  resource: optional(string()),
  name: optional(string()),
  namespace: optional(string()),
})

const status = object({
  conditions: optional(conditions()),
  resourceStatus: optional(
    object({
      manifests: optional(
        array(
          object({
            resourceMeta,
            conditions: conditions(),
            statusFeedback: optional(
              object({ values: optional(listByKey(["name"], object({ name: string(), fieldValue }))) }),
            ),
          }),
        ),
      ),
    }),
  ),
})

export const manifestWork = defineKind({
  group: WORK_GROUP,
  version: "v1",
  kind: "ManifestWork",
  plural: "manifestworks",
  namespaced: true,
  description: "Objects that the cluster in whose namespace the work is shall have, and how they fare there.",
  schema: object({ spec: assumed({ ...spec, default: {} }), status: optional(status) }),
  statusSubresource: true,
})

export type ManifestWork = ObjectOf<typeof manifestWork>
export const MANIFEST_WORKS = resourceTypeOf(manifestWork)

const appliedResource = object({
  group: optional(string()),
  version: string(),
  resource: string(),
  name: string(),
  namespace: optional(string()),
  uid: optional(string()),
})

export const appliedManifestWork = defineKind({
  group: WORK_GROUP,
  version: "v1",
  kind: "AppliedManifestWork",
  plural: "appliedmanifestworks",
  namespaced: false,
  description: "What a work has applied on this cluster; owns those objects. Lives on the managed cluster.",
  schema: object({
    spec: assumed(
      object({
        hubHash: string({ description: "Which hub the work is from." }),
        agentID: optional(string()),
        manifestWorkName: string(),
      }),
    ),
    status: optional(
      object({ appliedResources: optional(array(appliedResource)), evictionStartTime: optional(time()) }),
    ),
  }),
  statusSubresource: true,
})

export type AppliedManifestWork = ObjectOf<typeof appliedManifestWork>
export const APPLIED_MANIFEST_WORKS = resourceTypeOf(appliedManifestWork)
