// Lease: whether a cluster's agent is heard of, and whether its clock is right.
//
// Reads:    ManagedCluster, Lease, Namespace that carry a cluster's label (hub caches).
// Wakes on: all of them, and the lease's expiry.
// Writes:   Lease (create), ManagedCluster conditions Available (Unknown only) and ClockSynced, and
//           Events of them.
// Owns:     Available only while the agent is silent.
// Gives up when: the cluster is gone.
import { CLUSTER_LEASE, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { LEASES, type Lease } from "#api/kubernetes/coordination.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { Change } from "#kube/informer.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { eventsOf } from "./cluster-events.plan.ts"
import { tell, type Hub } from "./hub.ts"
import { planClockSync, planLease } from "./lease.plan.ts"

const WORKERS = 16

export function startLease(runtime: Runtime, hub: Hub): void {
  const labelled = { labelSelector: CLUSTER_NAME_LABEL }
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  const leases = hub.informers.informer(LEASES, labelled)
  const namespaces = hub.informers.informer(NAMESPACES, labelled)
  /** Clusters whose renewal was seen and whose clock has not been judged by it yet. */
  const renewed = new Set<string>()
  let listeningSinceMs: number | undefined
  /** Silence is checked with the server before it is believed: the cache may be deaf, and then all clusters are silent. */
  const readLease = async (namespace: string, signal: AbortSignal) => {
    try {
      return await hub.client.get(LEASES, { namespace, name: CLUSTER_LEASE }, { signal })
    } catch (error) {
      if (!hasReason(error, "NotFound")) listeningSinceMs = runtime.clock.nowMs()
      throw error
    }
  }
  const keysOfLease = (change: Change<Lease>) => {
    const { name, namespace = "" } = change.object.metadata
    if (name !== CLUSTER_LEASE) return []
    const isRenewal = change.kind === "changed" && change.before.spec?.renewTime !== change.object.spec?.renewTime
    if (isRenewal) renewed.add(namespace)
    return [namespace]
  }

  startController(runtime, {
    name: "lease",
    subject: "cluster",
    workers: WORKERS,
    sources: [
      { informer: clusters, keysOf: ({ object }) => [object.metadata.name ?? ""] },
      { informer: leases, keysOf: keysOfLease },
      { informer: namespaces, keysOf: ({ object, kind }) => (kind === "changed" ? [] : [object.metadata.name ?? ""]) },
    ],
    reconcile: async (name, signal) => {
      const cluster = clusters.get(name)
      if (cluster === undefined) return void renewed.delete(name)
      const nowMs = runtime.clock.nowMs()
      listeningSinceMs ??= nowMs
      const observed = {
        cluster,
        lease: leases.get(`${name}/${CLUSTER_LEASE}`),
        hasNamespace: namespaces.get(name) !== undefined,
        listeningSinceMs,
        nowMs,
      }
      const writing = { log: runtime.log, signal }
      let plan = planLease(observed)
      if (plan.actions.length > 0 && observed.lease !== undefined) {
        plan = planLease({ ...observed, lease: await readLease(name, signal) })
      }
      await applyPlan(hub.client, plan, writing)
      tell(hub, cluster, eventsOf(cluster, plan))
      if (plan.actions.length === 0 && renewed.has(name)) {
        const synced = { actions: planClockSync(observed) }
        await applyPlan(hub.client, synced, writing)
        tell(hub, cluster, eventsOf(cluster, synced))
        renewed.delete(name)
      }
      return plan
    },
  })
}
