// ClusterProperty of SIG Multicluster (KEP-2149): what a cluster says of itself, for all tools. On managed clusters.
import { object, optional, string } from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"

export const clusterProperty = defineKind({
  group: "about.k8s.io",
  version: "v1alpha1",
  kind: "ClusterProperty",
  plural: "clusterproperties",
  namespaced: false,
  // Kubernetes asks it of every group under k8s.io.
  annotations: { "api-approved.kubernetes.io": "https://github.com/kubernetes/enhancements/pull/3084" },
  description: "Something that a cluster says of itself; the agent carries it to the hub as a claim.",
  schema: object({
    spec: optional(object({ value: string({ minLength: 1 }) })),
    status: optional(object({})),
  }),
  statusSubresource: true,
  columns: [
    { name: "value", type: "string", jsonPath: ".spec.value" },
    { name: "age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
})

export type ClusterProperty = ObjectOf<typeof clusterProperty>
export const CLUSTER_PROPERTIES = resourceTypeOf(clusterProperty)
