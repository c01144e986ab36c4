import { AVAILABLE, TAINT_UNAVAILABLE, TAINT_UNREACHABLE } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { formatTime } from "#lib/clock.ts"

export type Taints = NonNullable<ManagedCluster["spec"]["taints"]>

/**
 * The taints that a cluster should have, undefined when it has them. An absent or Unknown Available taints as
 * unreachable, a False one as unavailable; True takes both away. Taints of others stay as they are.
 */
export function wantedTaints(cluster: ManagedCluster, nowMs: number): Taints | undefined {
  const available = findCondition(cluster.status?.conditions, AVAILABLE)?.status ?? "Unknown"
  const wanted = available === "True" ? undefined : available === "False" ? TAINT_UNAVAILABLE : TAINT_UNREACHABLE
  const before: Taints = cluster.spec.taints ?? []
  const isOurs = (key: string) => key === TAINT_UNAVAILABLE || key === TAINT_UNREACHABLE
  const kept = before.filter((taint) => !isOurs(taint.key) || taint.key === wanted)
  const isMissing = wanted !== undefined && !kept.some((taint) => taint.key === wanted)
  const isUntimed = kept.some((taint) => !taint.timeAdded)
  if (!isMissing && !isUntimed && kept.length === before.length) return undefined
  // Tolerations count from the time, so that it is set here too: not every API server has the admission that sets it.
  const timeAdded = formatTime(nowMs)
  const timed = kept.map((taint) => (taint.timeAdded ? taint : { ...taint, timeAdded }))
  return isMissing ? [...timed, { key: wanted, effect: "NoSelect", timeAdded }] : timed
}
