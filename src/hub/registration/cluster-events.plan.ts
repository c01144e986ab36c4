import { AVAILABLE, CLOCK_SYNCED, HUB_ACCEPTED } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import type { Condition } from "#api/schema/metav1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { writesOf } from "#runtime/apply-plan.ts"
import type { Plan } from "#runtime/plan.ts"

/** What people are told of a cluster, beside its conditions. */
export type ClusterEvent = {
  readonly type: "Normal" | "Warning"
  readonly reason: string
  readonly action: string
  readonly note: string
}

/**
 * The events of a plan that was carried out: conditions that it turned. Reasons and notes are OCM's where it has them. That
 * a cluster is available again its agent tells itself.
 */
export function eventsOf(cluster: ManagedCluster, { actions }: Plan): readonly ClusterEvent[] {
  const name = cluster.metadata.name ?? ""
  return writesOf(actions).flatMap((write) => {
    if (write.do !== "patch" || write.type.resource !== MANAGED_CLUSTERS.resource) return []
    const conditions = (write.patch["status"] as { conditions?: readonly Condition[] } | undefined)?.conditions ?? []
    return conditions
      .filter(({ type, status }) => findCondition(cluster.status?.conditions, type)?.status !== status)
      .flatMap((condition) => EVENTS[`${condition.type} ${condition.status}`]?.(name, condition) ?? [])
  })
}

const EVENTS: { readonly [turned: string]: ((name: string, condition: Condition) => ClusterEvent) | undefined } = {
  [`${HUB_ACCEPTED} True`]: (name) => ({
    type: "Normal",
    reason: "ManagedClusterAccepted",
    action: "Accept",
    note: `managed cluster ${name} is accepted by hub cluster admin`,
  }),
  [`${HUB_ACCEPTED} False`]: (name, { reason, message }) =>
    reason === "Error"
      ? { type: "Warning", reason: "ManagedClusterSetUpFailed", action: "Accept", note: message }
      : {
          type: "Warning",
          reason: "ManagedClusterDenied",
          action: "Deny",
          note: `managed cluster ${name} is denied by hub cluster admin`,
        },
  [`${AVAILABLE} Unknown`]: (name) => ({
    type: "Warning",
    reason: "AvailableUnknown",
    action: "AvailableUnknown",
    note: `The ${name} is successfully imported. However, the connection check from the managed cluster to the hub cluster has failed`,
  }),
  [`${CLOCK_SYNCED} False`]: (_, { message }) => ({
    type: "Warning",
    reason: "ManagedClusterClockSyncedConditionUpdated",
    action: "CheckClock",
    note: message,
  }),
}
