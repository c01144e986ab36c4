import { conditions } from "#api/schema/metav1.ts"
import {
  array,
  assumed,
  boolean,
  int32,
  listByKey,
  map,
  object,
  oneOf,
  optional,
  quantity,
  string,
  time,
} from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"
import { CLUSTER_GROUP } from "./names.ts"

/** A label key or taint key: an optional DNS prefix and a name. */
export const QUALIFIED_NAME_PATTERN =
  "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"

export const taintEffect = () => oneOf(["NoSelect", "PreferNoSelect", "NoSelectIfNew"])

const taint = object({
  key: string({ description: "What is wrong with the cluster.", maxLength: 316, pattern: QUALIFIED_NAME_PATTERN }),
  value: optional(string({ maxLength: 1024 })),
  effect: taintEffect(),
  timeAdded: optional(
    time({
      description: "When the taint was added; set by the hub. Toleration seconds count from it.",
      nullable: true,
    }),
  ),
})

const spec = object({
  hubAcceptsClient: optional(
    boolean({ description: "Whether the hub lets the cluster's agent in. Denied again, it loses its rights." }),
  ),
  leaseDurationSeconds: optional(
    int32({
      description: "How often the agent renews its lease; five times that without renewal is unknown.",
      default: 60,
    }),
  ),
  managedClusterClientConfigs: optional(
    array(
      object({
        url: string({ description: "Address of the cluster's API server." }),
        caBundle: optional(
          string({ description: "Authorities that its certificate is checked with, PEM.", format: "byte" }),
        ),
      }),
      { description: "How the cluster's API server is reached from outside." },
    ),
  ),
  taints: optional(array(taint, { description: "What keeps Placements from choosing the cluster." })),
})

const resources = (description: string) => optional(map(quantity(), { description }))

const status = object({
  conditions: optional(conditions()),
  capacity: resources("The sum of the nodes' capacity."),
  allocatable: resources("What of the capacity workloads can have."),
  version: optional(object({ kubernetes: optional(string({ description: "As the cluster's API server tells it." })) })),
  clusterClaims: optional(
    array(
      object({
        name: assumed(string({ minLength: 1, maxLength: 253 })),
        value: assumed(string({ minLength: 1, maxLength: 1024 })),
      }),
      { description: "What the cluster says of itself." },
    ),
  ),
  managedNamespaces: optional(
    listByKey(
      ["clusterSet", "name"],
      object({
        name: string({ maxLength: 63, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" }),
        clusterSet: string({ description: "The set that asks for the namespace." }),
        conditions: optional(conditions()),
      }),
      { description: "Namespaces that cluster sets want on the cluster." },
    ),
  ),
})

export const managedCluster = defineKind({
  group: CLUSTER_GROUP,
  version: "v1",
  kind: "ManagedCluster",
  plural: "managedclusters",
  shortNames: ["mcl", "mcls"],
  namespaced: false,
  description:
    "A cluster that asked to be managed by this hub, what the hub decided about it, and what it reports of itself.",
  schema: object({ spec: assumed({ ...spec, default: {} }), status: optional(status) }),
  statusSubresource: true,
  columns: [
    { name: "Hub Accepted", type: "boolean", jsonPath: ".spec.hubAcceptsClient" },
    { name: "Managed Cluster URLs", type: "string", jsonPath: ".spec.managedClusterClientConfigs[*].url" },
    { name: "Joined", type: "string", jsonPath: `.status.conditions[?(@.type=="ManagedClusterJoined")].status` },
    {
      name: "Available",
      type: "string",
      jsonPath: `.status.conditions[?(@.type=="ManagedClusterConditionAvailable")].status`,
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
})

export type ManagedCluster = ObjectOf<typeof managedCluster>
export const MANAGED_CLUSTERS = resourceTypeOf(managedCluster)
