import { isConditionTrue } from "#apimachinery/conditions.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { HUB_ACCEPTED } from "#api/cluster/names.ts"

export type ObservedLease = {
  readonly cluster: ManagedCluster
  /** When this agent renewed the lease last; undefined when it did not yet. */
  readonly renewedMs: number | undefined
  /** In [0, 1), drawn anew for each renewal: a fleet that started together spreads out. */
  readonly draw: number
  readonly nowMs: number
}

export const LEASE_DURATION_SECONDS = 60
/** Renewals are this much of the lease's duration apart, or less. Source: OCM leaseUpdateJitterFactor. */
const JITTER = 0.25

/** When the lease is due. A cluster that the hub has not accepted renews nothing. */
export function planLease({ cluster, renewedMs, draw, nowMs }: ObservedLease): {
  readonly renew: boolean
  readonly waitMs?: number
} {
  if (!isConditionTrue(cluster.status?.conditions, HUB_ACCEPTED)) return { renew: false }
  if (renewedMs === undefined) return { renew: true }
  const durationMs = (cluster.spec.leaseDurationSeconds || LEASE_DURATION_SECONDS) * 1000
  const waitMs = renewedMs + durationMs * (1 + JITTER * draw) - nowMs
  return waitMs <= 0 ? { renew: true } : { renew: false, waitMs }
}
