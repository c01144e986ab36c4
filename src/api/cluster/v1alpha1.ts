import { conditions } from "#api/schema/metav1.ts"
import { assumed, int32, listByKey, object, optional, string, time } from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"
import { CLUSTER_GROUP } from "./names.ts"

export const addOnPlacementScore = defineKind({
  group: CLUSTER_GROUP,
  version: "v1alpha1",
  kind: "AddOnPlacementScore",
  plural: "addonplacementscores",
  namespaced: true,
  description: "Scores that an add-on gives the cluster in whose namespace the object is, for Placements to rank by.",
  schema: object({
    status: optional(
      object({
        conditions: optional(conditions()),
        scores: optional(
          listByKey(["name"], object({ name: string(), value: int32({ minimum: -100, maximum: 100 }) })),
        ),
        validUntil: optional(time({ description: "Scores count as 0 from then on." })),
      }),
    ),
  }),
  statusSubresource: true,
})

export type AddOnPlacementScore = ObjectOf<typeof addOnPlacementScore>
export const ADD_ON_PLACEMENT_SCORES = resourceTypeOf(addOnPlacementScore)

export const clusterClaim = defineKind({
  group: CLUSTER_GROUP,
  version: "v1alpha1",
  kind: "ClusterClaim",
  plural: "clusterclaims",
  namespaced: false,
  description:
    "Something that a cluster says of itself; the agent carries it to the hub. Lives on the managed cluster.",
  schema: object({
    spec: assumed(object({ value: optional(string({ minLength: 1, maxLength: 1024 })) }, { default: {} })),
  }),
  statusSubresource: false,
})

export type ClusterClaim = ObjectOf<typeof clusterClaim>
export const CLUSTER_CLAIMS = resourceTypeOf(clusterClaim)
