import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { KubeClient } from "#kube/client.ts"
import { eventsIn, type EventRecorder } from "#kube/events.ts"
import type { InformerFactory } from "#kube/informer.ts"
import type { ClusterEvent } from "./cluster-events.plan.ts"

/** The hub as its controllers see it. */
export type Hub = {
  readonly client: KubeClient
  readonly informers: InformerFactory
  /** Without it no Events are written. */
  readonly events?: EventRecorder
}

/** Tells of a cluster in its namespace. */
export function tell(hub: Hub, cluster: ManagedCluster, events: readonly ClusterEvent[]): void {
  if (hub.events === undefined) return
  const recorder = eventsIn(cluster.metadata.name ?? "", hub.events)
  for (const { type, reason, action, note } of events) recorder.event(cluster, type, reason, action, note)
}
