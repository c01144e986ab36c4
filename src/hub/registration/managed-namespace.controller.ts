// Managed namespaces: every cluster is told which namespaces its sets want on it.
//
// Reads:    ManagedCluster, ManagedClusterSet (hub caches).
// Wakes on: a cluster that comes or changes its labels or what it is told; every set, for the clusters in it and those
//           that were told of it.
// Writes:   ManagedCluster.status.managedNamespaces; the conditions in it are the agent's.
// Gives up when: the cluster is gone or on its way out.
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTER_SETS } from "#api/cluster/v1beta2.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Hub } from "./hub.ts"
import { membersOf } from "./cluster-set.plan.ts"
import { planManagedNamespaces } from "./managed-namespace.plan.ts"

export function startManagedNamespaces(runtime: Runtime, hub: Hub): void {
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  const sets = hub.informers.informer(MANAGED_CLUSTER_SETS)
  startController(runtime, {
    name: "managed-namespaces",
    subject: "cluster",
    sources: [
      {
        informer: clusters,
        keysOf: (change) => {
          const { metadata, status } = change.object
          if (change.kind === "deleted") return []
          if (
            change.kind === "changed" &&
            deepEqual(change.before.metadata.labels, metadata.labels) &&
            deepEqual(change.before.status?.managedNamespaces, status?.managedNamespaces)
          ) {
            return []
          }
          return [metadata.name ?? ""]
        },
      },
      {
        informer: sets,
        keysOf: (change) => {
          const before = change.kind === "changed" ? change.before.spec : undefined
          const { spec, metadata } = change.object
          const isMarked = metadata.deletionTimestamp !== undefined
          if (before !== undefined && deepEqual(before, spec) && !isMarked) return []
          // A set that never wanted any concerns nobody: the built-in ones have every cluster in them.
          const told = clusters
            .list()
            .filter(({ status }) =>
              (status?.managedNamespaces ?? []).some(({ clusterSet }) => clusterSet === metadata.name),
            )
          const wants = (spec.managedNamespaces ?? []).length > 0
          const isMember = membersOf(change.object)
          const members = wants ? clusters.list().filter((c) => isMember(c.metadata.labels ?? {})) : []
          return [...new Set([...told, ...members].map((cluster) => cluster.metadata.name ?? ""))]
        },
      },
    ],
    reconcile: async (name, signal) => {
      const cluster = clusters.get(name)
      if (cluster === undefined) return
      await applyPlan(hub.client, planManagedNamespaces(cluster, sets.list()), { log: runtime.log, signal })
    },
  })
}
