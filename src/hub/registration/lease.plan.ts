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
  readonly nowMs: number
}

/**
 * The hub makes the lease and says Unknown when its renewal stops. True and False are the agent's alone to say.
 */
export function planLease({ cluster, lease, hasNamespace, nowMs }: ObservedLease): Plan {
  if (findCondition(cluster.status?.conditions ?? [], HUB_ACCEPTED) === undefined) return NOTHING
  if (lease === undefined) {
    if (cluster.metadata.deletionTimestamp !== undefined) return { actions: markUnknown(cluster, nowMs) }
    return hasNamespace
      ? { actions: [newLease(cluster, nowMs)] }
      : { actions: [], why: ["waits for the cluster's namespace"] }
  }
  const renewedMs = parseTimeMs(lease.spec?.renewTime) ?? 0
  const expiresAtMs = renewedMs + graceMs(cluster)
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
  if (findCondition(cluster.status?.conditions ?? [], AVAILABLE)?.status === "Unknown") return []
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

/** Judged when a renewal arrives, and only then: an old lease says nothing of a clock. */
export function planClockSync(cluster: ManagedCluster, lease: Lease, nowMs: number): Plan {
  const renewedMs = parseTimeMs(lease.spec?.renewTime)
  if (renewedMs === undefined || findCondition(cluster.status?.conditions ?? [], HUB_ACCEPTED) === undefined)
    return NOTHING
  const synced = Math.abs(nowMs - renewedMs) < graceMs(cluster)
  const condition = synced
    ? {
        type: CLOCK_SYNCED,
        status: "True" as const,
        reason: "ManagedClusterClockSynced",
        message: "The clock of the managed cluster is synced with the hub.",
      }
    : {
        type: CLOCK_SYNCED,
        status: "False" as const,
        reason: "ManagedClusterClockOutOfSync",
        message:
          "The clock of hub and agent is out of sync. This may cause the Unknown status and affect agent functionalities.",
      }
  return { actions: conditionPatch(cluster, condition, nowMs) }
}
