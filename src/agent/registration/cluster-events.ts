import { AVAILABLE, JOINED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"

export type ClusterEvent = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly note: string }

/** What the agent's report has turned. Source of reasons and notes: OCM registration spoke, sendAvailableConditionEvent. */
export function clusterEvents(before: ManagedCluster, after: ManagedCluster): readonly ClusterEvent[] {
  const name = after.metadata.name ?? ""
  const turned = (type: string, status: string) =>
    findCondition(after.status?.conditions, type)?.status === status &&
    findCondition(before.status?.conditions, type)?.status !== status
  const events: ClusterEvent[] = []
  if (turned(JOINED, "True")) {
    events.push({ type: "Normal", reason: "ManagedClusterJoined", note: `Managed cluster ${name} joined the hub` })
  }
  if (turned(AVAILABLE, "True")) {
    const note = `The ${name} is successfully imported, and it is managed by the hub cluster. Its apieserver is available`
    events.push({ type: "Normal", reason: "Available", note })
  }
  if (turned(AVAILABLE, "False")) {
    const note = `The ${name} is successfully imported. However, its Kube API server is unavailable`
    events.push({ type: "Warning", reason: "Unavailable", note })
  }
  return events
}
