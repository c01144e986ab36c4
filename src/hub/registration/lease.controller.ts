// Lease: whether a cluster's agent is heard of, and whether its clock is right.
//
// Reads:    ManagedCluster, Lease, Namespace that carry a cluster's label (hub caches).
// Wakes on: all of them, and the lease's expiry.
// Writes:   Lease (create), ManagedCluster conditions Available (Unknown only) and ClockSynced.
// Owns:     Available only while the agent is silent.
// Gives up when: the cluster is gone.
import { CLUSTER_LEASE, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Hub } from "./hub.ts"
import { planClockSync, planLease } from "./lease.plan.ts"

const WORKERS = 16

export function startLease(runtime: Runtime, hub: Hub): void {
  const labelled = { labelSelector: CLUSTER_NAME_LABEL }
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  const leases = hub.informers.informer(LEASES, labelled)
  const namespaces = hub.informers.informer(NAMESPACES, labelled)
  /** The renewal that each cluster's clock was last judged by. */
  const judged = new Map<string, string>()

  startController(runtime, {
    name: "lease",
    workers: WORKERS,
    sources: [
      { informer: clusters, keysOf: ({ object }) => [object.metadata.name ?? ""] },
      {
        informer: leases,
        keysOf: ({ object }) => (object.metadata.name === CLUSTER_LEASE ? [object.metadata.namespace ?? ""] : []),
      },
      { informer: namespaces, keysOf: ({ object, kind }) => (kind === "changed" ? [] : [object.metadata.name ?? ""]) },
    ],
    reconcile: async (name, signal) => {
      const cluster = clusters.get(name)
      if (cluster === undefined) return void judged.delete(name)
      const lease = leases.get(`${name}/${CLUSTER_LEASE}`)
      const nowMs = runtime.clock.nowMs()
      const plan = planLease({ cluster, lease, hasNamespace: namespaces.get(name) !== undefined, nowMs })
      await applyPlan(hub.client, plan, { log: runtime.log, signal })
      const renewTime = lease?.spec?.renewTime ?? ""
      if (lease !== undefined && renewTime !== judged.get(name) && plan.actions.length === 0) {
        await applyPlan(hub.client, planClockSync(cluster, lease, nowMs), { log: runtime.log, signal })
        judged.set(name, renewTime)
      }
      return plan
    },
  })
}
