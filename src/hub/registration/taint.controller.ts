// Taint: keeps Placements from choosing clusters that are not heard of or not well.
//
// Reads:    ManagedCluster (hub cache).     Wakes on: it.
// Writes:   ManagedCluster.spec.taints (unreachable, unavailable).
// Gives up when: the cluster is being deleted.
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Hub } from "./hub.ts"
import { planTaint } from "./taint.plan.ts"

export function startTaint(runtime: Runtime, hub: Hub): void {
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  startController(runtime, {
    name: "taint",
    workers: 16,
    sources: [{ informer: clusters, keysOf: ({ object }) => [object.metadata.name ?? ""] }],
    reconcile: async (name, signal) => {
      const cluster = clusters.get(name)
      if (cluster === undefined) return
      await applyPlan(hub.client, planTaint(cluster, runtime.clock.nowMs()), { log: runtime.log, signal })
    },
  })
}
