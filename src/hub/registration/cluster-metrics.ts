import { parseTimeMs } from "#lib/clock.ts"
import { AVAILABLE, CLUSTER_LEASE, CLUSTER_NAME_LABEL, HUB_ACCEPTED } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { findCondition, isConditionTrue } from "#apimachinery/conditions.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { Hub } from "./hub.ts"

/** Tells, when asked, how many clusters are how available, and how old their Leases are. Every replica can tell. */
export function countClusters({ metrics, clock, signal }: Runtime, hub: Hub): void {
  if (metrics === undefined) return
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  const leases = hub.informers.informer(LEASES, { labelSelector: CLUSTER_NAME_LABEL })
  const total = metrics.gauge("hawser_hub_managed_clusters", "ManagedClusters by what their condition Available says.")
  const pending = metrics.gauge("hawser_hub_managed_clusters_pending", "ManagedClusters that nobody has let in yet.")
  const oldest = metrics.gauge(
    "hawser_hub_lease_oldest_renewal_age_seconds",
    "Seconds since the Lease of an available cluster was renewed, of the one whose renewal is the longest ago.",
  )
  const stop = metrics.onText(() => {
    const counts = { True: 0, False: 0, Unknown: 0 }
    let waiting = 0
    let oldestMs = clock.nowMs()
    for (const { metadata, status } of clusters.list()) {
      if (!isConditionTrue(status?.conditions, HUB_ACCEPTED)) waiting++
      const available = findCondition(status?.conditions, AVAILABLE)?.status ?? "Unknown"
      counts[available]++
      if (available === "Unknown") continue
      const renewed = parseTimeMs(leases.get(`${metadata.name}/${CLUSTER_LEASE}`)?.spec?.renewTime)
      oldestMs = Math.min(oldestMs, renewed ?? oldestMs)
    }
    for (const [available, count] of Object.entries(counts)) total.set(count, { available })
    pending.set(waiting)
    oldest.set((clock.nowMs() - oldestMs) / 1000)
  })
  signal.addEventListener("abort", stop, { once: true })
}
