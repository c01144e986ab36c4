// ClusterProfile of SIG Multicluster (KEP-4322): what tools that know nothing of OCM see of a cluster.
import { plainConditions } from "#api/schema/metav1.ts"
import { array, boolean, object, optional, string, time, type Schema } from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"

export const PROFILE_GROUP = "multicluster.x-k8s.io"
/** Whose profiles these are, as a label and in the spec. */
export const PROFILE_MANAGER_LABEL = "x-k8s.io/cluster-manager"
export const PROFILE_SET_LABEL = "multicluster.x-k8s.io/clusterset"
export const PROFILE_MANAGER = "open-cluster-management"

const anything: Schema<object> = { type: "object", "x-kubernetes-preserve-unknown-fields": true }

const accessProvider = () =>
  object({
    name: string(),
    cluster: optional(
      object(
        {
          server: string({ description: "https://HOST:PORT" }),
          "tls-server-name": optional(string()),
          "insecure-skip-tls-verify": optional(boolean()),
          "certificate-authority": optional(string()),
          "certificate-authority-data": optional(string({ format: "byte" })),
          "proxy-url": optional(string()),
          "disable-compression": optional(boolean()),
          extensions: optional(array(object({ name: string(), extension: anything }))),
        },
        { description: "As in a kubeconfig." },
      ),
    ),
  })

export const clusterProfile = defineKind({
  group: PROFILE_GROUP,
  version: "v1alpha1",
  kind: "ClusterProfile",
  plural: "clusterprofiles",
  namespaced: true,
  description: "A cluster as a cluster manager presents it to others.",
  schema: object({
    spec: object({
      displayName: optional(string({ description: "A name for people." })),
      clusterManager: object(
        { name: string({ description: "Who presents the cluster." }) },
        { "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "ClusterManager is immutable" }] },
      ),
    }),
    status: optional(
      object({
        conditions: optional(plainConditions()),
        version: optional(object({ kubernetes: optional(string()) })),
        properties: optional(
          array(
            object({
              name: string({ minLength: 1, maxLength: 253 }),
              value: string({ minLength: 1, maxLength: 1024 }),
              lastObservedTime: optional(time()),
            }),
            { description: "What the cluster says of itself." },
          ),
        ),
        accessProviders: optional(array(accessProvider(), { description: "Ways to reach the cluster." })),
        credentialProviders: optional(array(accessProvider(), { description: "The former name of accessProviders." })),
      }),
    ),
  }),
  statusSubresource: true,
})

export type ClusterProfile = ObjectOf<typeof clusterProfile>
export const CLUSTER_PROFILES = resourceTypeOf(clusterProfile)
