import { labelSelector, plainConditions } from "#api/schema/metav1.ts"
import { assumed, listByKey, object, oneOf, optional, string } from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"
import { CLUSTER_GROUP } from "./names.ts"

const clusterSelector = object(
  {
    selectorType: oneOf(["ExclusiveClusterSetLabel", "LabelSelector"], {
      description: "Whether members carry the set's label, or are found by a selector.",
      default: "ExclusiveClusterSetLabel",
    }),
    labelSelector: optional(labelSelector()),
  },
  { description: "Which clusters belong to the set.", default: { selectorType: "ExclusiveClusterSetLabel" } },
)

export const managedClusterSet = defineKind({
  group: CLUSTER_GROUP,
  version: "v1beta2",
  kind: "ManagedClusterSet",
  plural: "managedclustersets",
  shortNames: ["mclset", "mclsets"],
  namespaced: false,
  description: "A group of clusters that is managed together: what namespaces are bound to and rights are given on.",
  schema: object({
    spec: assumed(
      object(
        {
          clusterSelector: assumed(clusterSelector),
          managedNamespaces: optional(
            listByKey(
              ["name"],
              object({ name: string({ maxLength: 63, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" }) }),
              {
                description: "Namespaces that every member cluster gets.",
              },
            ),
          ),
        },
        { default: { clusterSelector: { selectorType: "ExclusiveClusterSetLabel" } } },
      ),
    ),
    status: optional(object({ conditions: optional(plainConditions()) })),
  }),
  statusSubresource: true,
  columns: [
    { name: "Empty", type: "string", jsonPath: `.status.conditions[?(@.type=="ClusterSetEmpty")].status` },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
})

export type ManagedClusterSet = ObjectOf<typeof managedClusterSet>
export const MANAGED_CLUSTER_SETS = resourceTypeOf(managedClusterSet)

export const managedClusterSetBinding = defineKind({
  group: CLUSTER_GROUP,
  version: "v1beta2",
  kind: "ManagedClusterSetBinding",
  plural: "managedclustersetbindings",
  shortNames: ["mclsetbinding", "mclsetbindings"],
  namespaced: true,
  description: "Lets Placements of its namespace choose among the clusters of a set. It has the name of the set.",
  schema: object({
    spec: assumed(
      object(
        { clusterSet: optional(string({ description: "The set; equal to the binding's name.", minLength: 1 })) },
        { default: {} },
      ),
    ),
    status: optional(object({ conditions: optional(plainConditions()) })),
  }),
  statusSubresource: true,
})

export type ManagedClusterSetBinding = ObjectOf<typeof managedClusterSetBinding>
export const MANAGED_CLUSTER_SET_BINDINGS = resourceTypeOf(managedClusterSetBinding)
