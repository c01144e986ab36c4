import { AVAILABLE, TAINT_UNAVAILABLE, TAINT_UNREACHABLE } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { formatTime } from "#lib/clock.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"
import { clusterPatch } from "./cluster-status.ts"

type Taints = NonNullable<ManagedCluster["spec"]["taints"]>

/** An absent or Unknown Available taints as unreachable, a False one as unavailable; True takes both away. */
export function planTaint(cluster: ManagedCluster, nowMs: number): Plan {
  if (cluster.metadata.deletionTimestamp !== undefined) return NOTHING
  const available = findCondition(cluster.status?.conditions ?? [], AVAILABLE)?.status ?? "Unknown"
  const wanted = available === "True" ? undefined : available === "False" ? TAINT_UNAVAILABLE : TAINT_UNREACHABLE
  const before: Taints = cluster.spec.taints ?? []
  const ours = (key: string) => key === TAINT_UNAVAILABLE || key === TAINT_UNREACHABLE
  const kept = before.filter((taint) => !ours(taint.key) || taint.key === wanted)
  const missing = wanted !== undefined && !kept.some((taint) => taint.key === wanted)
  if (!missing && kept.length === before.length) return NOTHING
  const taints: Taints = missing ? [...kept, { key: wanted, effect: "NoSelect", timeAdded: formatTime(nowMs) }] : kept
  return { actions: [clusterPatch(cluster, { spec: { taints: taints.length === 0 ? null : taints } })] }
}
