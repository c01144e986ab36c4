import { claimSelector, conditions, labelSelector } from "#api/schema/metav1.ts"
import { array, int32, int64, intOrString, object, oneOf, optional, string, time } from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"
import { CLUSTER_GROUP } from "./names.ts"
import { QUALIFIED_NAME_PATTERN, taintEffect } from "./v1.ts"

const clusterSelector = object({
  labelSelector: optional(labelSelector()),
  claimSelector: optional(claimSelector()),
  celSelector: optional(
    object(
      { celExpressions: optional(array(string())) },
      { description: "CEL expressions over `managedCluster` that must all be true." },
    ),
  ),
})

const toleration = object({
  key: optional(
    string({
      description: "The taint that is tolerated; all of them when empty.",
      maxLength: 316,
      pattern: QUALIFIED_NAME_PATTERN,
    }),
  ),
  operator: optional(string({ description: "Equal or Exists.", default: "Equal" })),
  value: optional(string({ maxLength: 1024 })),
  effect: optional(taintEffect()),
  tolerationSeconds: optional(int64({ description: "How long the taint is tolerated; for ever when absent." })),
})

const prioritizer = object({
  scoreCoordinate: object({
    type: oneOf(["BuiltIn", "AddOn"], { default: "BuiltIn" }),
    builtIn: optional(string({ description: "Balance, Steady, ResourceAllocatableCPU or ResourceAllocatableMemory." })),
    addOn: optional(object({ resourceName: string(), scoreName: string() })),
  }),
  weight: optional(int32({ minimum: -10, maximum: 10, default: 1 })),
})

const decisionGroup = object({
  groupName: string({ pattern: "^[a-zA-Z0-9][-A-Za-z0-9_.]{0,61}[a-zA-Z0-9]$" }),
  groupClusterSelector: object({ labelSelector: optional(labelSelector()), claimSelector: optional(claimSelector()) }),
})

const spreadConstraint = object({
  maxSkew: optional(int32({ minimum: 1, default: 1 })),
  topologyKey: string({
    maxLength: 316,
    pattern:
      "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$",
  }),
  topologyKeyType: oneOf(["Label", "Claim"]),
  whenUnsatisfiable: optional(oneOf(["DoNotSchedule", "ScheduleAnyway"], { default: "ScheduleAnyway" })),
})

const spec = object({
  clusterSets: optional(
    array(string(), { description: "Sets to choose from; all that are bound to the namespace when absent." }),
  ),
  numberOfClusters: optional(int32({ description: "How many clusters to choose; all that fit when absent." })),
  predicates: optional(
    array(object({ requiredClusterSelector: optional(clusterSelector) }), {
      description: "Alternatives, one of which a cluster must match.",
    }),
  ),
  prioritizerPolicy: optional(
    object(
      {
        mode: optional(
          string({ description: "Additive: on top of the defaults. Exact: nothing but these.", default: "Additive" }),
        ),
        configurations: optional(array(prioritizer)),
      },
      { description: "How clusters are ranked when more fit than are wanted." },
    ),
  ),
  spreadPolicy: optional(object({ spreadConstraints: optional(array(spreadConstraint, { maxItems: 8 })) })),
  tolerations: optional(array(toleration, { description: "Taints that do not keep a cluster from being chosen." })),
  decisionStrategy: optional(
    object({
      groupStrategy: optional(
        object({
          decisionGroups: optional(array(decisionGroup, { description: "Named groups, filled in this order." })),
          clustersPerDecisionGroup: optional(
            intOrString({
              description: "Size of a group, as a number or a percentage.",
              default: "100%",
              pattern: "^((100|[1-9][0-9]{0,1})%|[1-9][0-9]*)$",
            }),
          ),
        }),
      ),
    }),
  ),
  sortBy: optional(oneOf(["ClusterName", "Score"], { default: "ClusterName" })),
  scoreRateLimit: optional(string({ default: "1m", pattern: "^[0-9]+[hms]$" })),
})

const status = object({
  numberOfSelectedClusters: optional(int32()),
  decisionGroups: optional(
    array(
      object({
        decisionGroupIndex: optional(int32()),
        decisionGroupName: optional(string()),
        decisions: optional(array(string(), { description: "Names of the group's PlacementDecisions." })),
        clusterCount: optional(int32({ default: 0 })),
      }),
    ),
  ),
  conditions: optional(conditions()),
  lastScoreUpdateTime: optional(time()),
})

export const placement = defineKind({
  group: CLUSTER_GROUP,
  version: "v1beta1",
  kind: "Placement",
  plural: "placements",
  namespaced: true,
  description: "Chooses clusters among the sets that are bound to its namespace. The choice is in PlacementDecisions.",
  schema: object({ spec, status: optional(status) }),
  statusSubresource: true,
  columns: [
    { name: "Succeeded", type: "string", jsonPath: `.status.conditions[?(@.type=="PlacementSatisfied")].status` },
    { name: "Reason", type: "string", jsonPath: `.status.conditions[?(@.type=="PlacementSatisfied")].reason` },
    { name: "SelectedClusters", type: "integer", jsonPath: ".status.numberOfSelectedClusters" },
  ],
})

export type Placement = ObjectOf<typeof placement>
export const PLACEMENTS = resourceTypeOf(placement)

export const placementDecision = defineKind({
  group: CLUSTER_GROUP,
  version: "v1beta1",
  kind: "PlacementDecision",
  plural: "placementdecisions",
  namespaced: true,
  description: "A page of the clusters that a Placement chose: at most 100.",
  schema: object({
    status: optional(
      object({
        decisions: array(
          object({
            clusterName: string({ description: "The chosen cluster; unique across the Placement's decisions." }),
            reason: string(),
            score: optional(int64()),
          }),
        ),
      }),
    ),
  }),
  statusSubresource: true,
})

export type PlacementDecision = ObjectOf<typeof placementDecision>
export const PLACEMENT_DECISIONS = resourceTypeOf(placementDecision)
