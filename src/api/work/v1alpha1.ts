import { conditions } from "#api/schema/metav1.ts"
import { array, assumed, int32, integer, intOrString, object, oneOf, optional, string } from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"
import { WORK_GROUP } from "./names.ts"
import { manifestWorkSpec } from "./v1.ts"

const COUNT_PATTERN = "^((100|[0-9]{1,2})%|[0-9]+)$"

const stage = {
  minSuccessTime: optional(string({ description: "How long a cluster must do well before the next.", default: "0" })),
  progressDeadline: optional(
    string({
      description: "After how long a cluster has failed.",
      default: "None",
      pattern: "^(([0-9])+[h|m|s])|None$",
    }),
  ),
  maxFailures: optional(
    intOrString({ description: "How many clusters may fail.", default: 0, pattern: COUNT_PATTERN }),
  ),
}

const mandatoryDecisionGroups = optional(
  array(object({ groupName: optional(string()), groupIndex: optional(int32()) })),
)

const rolloutStrategy = object(
  {
    type: optional(oneOf(["All", "Progressive", "ProgressivePerGroup"], { default: "All" })),
    all: optional(object(stage)),
    progressive: optional(
      object({ ...stage, mandatoryDecisionGroups, maxConcurrency: optional(intOrString({ pattern: COUNT_PATTERN })) }),
    ),
    progressivePerGroup: optional(object({ ...stage, mandatoryDecisionGroups })),
  },
  { description: "In which order clusters get a change.", default: { type: "All", all: { progressDeadline: "None" } } },
)

const summary = object({
  total: optional(integer()),
  available: optional(integer()),
  progressing: optional(integer()),
  degraded: optional(integer()),
  applied: optional(integer()),
  desiredTotal: optional(integer()),
  updated: optional(integer()),
})

export const manifestWorkReplicaSet = defineKind({
  group: WORK_GROUP,
  version: "v1alpha1",
  kind: "ManifestWorkReplicaSet",
  plural: "manifestworkreplicasets",
  shortNames: ["mwrs"],
  namespaced: true,
  description: "One ManifestWork for every cluster that Placements choose.",
  schema: object({
    spec: assumed(
      object({
        manifestWorkTemplate: assumed(manifestWorkSpec),
        placementRefs: array(object({ name: string({ minLength: 1 }), rolloutStrategy: optional(rolloutStrategy) }), {
          minItems: 1,
        }),
        cascadeDeletionPolicy: oneOf(["Background", "Foreground"], {
          description: "Whether the replica set waits for its works when it is deleted.",
          default: "Background",
        }),
      }),
    ),
    status: optional(
      object({
        conditions: optional(conditions()),
        placementSummary: optional(
          array(
            object({
              name: optional(string()),
              availableDecisionGroups: optional(string()),
              summary: optional(summary),
            }),
          ),
        ),
        summary: optional(summary),
      }),
    ),
  }),
  statusSubresource: true,
  columns: [
    {
      name: "Placement",
      type: "string",
      jsonPath: `.status.conditions[?(@.type=="PlacementVerified")].reason`,
      description: "Reason",
    },
    {
      name: "Found",
      type: "string",
      jsonPath: `.status.conditions[?(@.type=="PlacementVerified")].status`,
      description: "Configured",
    },
    {
      name: "ManifestWorks",
      type: "string",
      jsonPath: `.status.conditions[?(@.type=="ManifestworkApplied")].reason`,
      description: "Reason",
    },
    {
      name: "Applied",
      type: "string",
      jsonPath: `.status.conditions[?(@.type=="ManifestworkApplied")].status`,
      description: "Applied",
    },
  ],
})

export type ManifestWorkReplicaSet = ObjectOf<typeof manifestWorkReplicaSet>
export const MANIFEST_WORK_REPLICA_SETS = resourceTypeOf(manifestWorkReplicaSet)
