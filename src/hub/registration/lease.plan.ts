import { AVAILABLE, CLOCK_SYNCED, CLUSTER_LEASE, CLUSTER_NAME_LABEL, HUB_ACCEPTED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { LEASES, type Lease } from "#api/kubernetes/coordination.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { formatMicroTime, parseTimeMs } from "#lib/clock.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { conditionPatch } from "./cluster-status.ts"

/** Missed renewals before a cluster counts as Unknown. Source: OCM registration/hub/lease. */
export const MISSED_RENEWALS_MAX = 5
export const LEASE_DURATION_SECONDS_DEFAULT = 60

export type ObservedLease = {
  readonly cluster: ManagedCluster
  readonly lease: Lease | undefined
  /** Whether the cluster's namespace is there for the lease to be made in. */
  readonly hasNamespace: boolean
  /** Since when the hub would have heard of a renewal. */
  readonly listeningSinceMs: number
  readonly nowMs: number
}

/**
 * The hub makes the lease and says Unknown when its renewal stops. True and False are the agent's alone to say.
 *
 * Silence counts only while the hub listens. One that comes back after an hour finds every lease an hour old: to call the
 * whole fleet unreachable for that would take its clusters from their Placements, and their works from the clusters.
 */
export function planLease({ cluster, lease, hasNamespace, listeningSinceMs, nowMs }: ObservedLease): Plan {
  if (findCondition(cluster.status?.conditions, HUB_ACCEPTED) === undefined) return NOTHING
  if (lease === undefined) {
    if (cluster.metadata.deletionTimestamp !== undefined) return { actions: markUnknown(cluster, nowMs) }
    return hasNamespace
      ? { actions: [newLease(cluster, nowMs)] }
      : { actions: [], why: ["waits for the cluster's namespace"] }
  }
  const renewedMs = parseTimeMs(lease.spec?.renewTime) ?? 0
  const expiresAtMs = Math.max(renewedMs, listeningSinceMs) + graceMs(cluster)
  // Wake exactly at expiry. Recovery needs no timer: the renewed lease arrives by watch.
  if (nowMs < expiresAtMs) return { actions: [], requeueAfterMs: expiresAtMs - nowMs }
  return { actions: markUnknown(cluster, nowMs) }
}

/** How long a lease may go without renewal. */
export function graceMs(cluster: ManagedCluster): number {
  return (cluster.spec.leaseDurationSeconds || LEASE_DURATION_SECONDS_DEFAULT) * 1000 * MISSED_RENEWALS_MAX
}

function newLease(cluster: ManagedCluster, nowMs: number): Action {
  const name = cluster.metadata.name ?? ""
  const object: Lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: CLUSTER_LEASE, namespace: name, labels: { [CLUSTER_NAME_LABEL]: name } },
    spec: { holderIdentity: CLUSTER_LEASE, renewTime: formatMicroTime(nowMs) },
  }
  return { do: "create", type: LEASES as never, object }
}

function markUnknown(cluster: ManagedCluster, nowMs: number): Action[] {
  if (findCondition(cluster.status?.conditions, AVAILABLE)?.status === "Unknown") return []
  return conditionPatch(
    cluster,
    {
      type: AVAILABLE,
      status: "Unknown",
      reason: "ManagedClusterLeaseUpdateStopped",
      message: "Registration agent stopped updating its lease.",
    },
    nowMs,
  )
}

/**
 * Whether hub and agent agree on the time. Asked when a renewal arrives, and only then: an old lease says nothing of a
 * clock.
 */
export function planClockSync({ cluster, lease, nowMs }: Pick<ObservedLease, "cluster" | "lease" | "nowMs">): Action[] {
  const renewedMs = parseTimeMs(lease?.spec?.renewTime)
  const isJudged = findCondition(cluster.status?.conditions, HUB_ACCEPTED) !== undefined
  const isLeftOut = cluster.metadata.annotations?.[SKIP_CLOCK_SYNC_ANNOTATION] === "true"
  if (renewedMs === undefined || !isJudged || isLeftOut) return []
  const isSynced = Math.abs(nowMs - renewedMs) < graceMs(cluster)
  return conditionPatch(cluster, isSynced ? SYNCED : OUT_OF_SYNC, nowMs)
}

const SKIP_CLOCK_SYNC_ANNOTATION = "registration.open-cluster-management.io/skip-clock-sync-check"

const SYNCED = {
  type: CLOCK_SYNCED,
  status: "True" as const,
  reason: "ManagedClusterClockSynced",
  message: "The clock of the managed cluster is synced with the hub.",
}

const OUT_OF_SYNC = {
  type: CLOCK_SYNCED,
  status: "False" as const,
  reason: "ManagedClusterClockOutOfSync",
  message:
    "The clocks of hub and agent differ by more than the lease allows: the agent withholds the cluster's status.",
}
