import { REPLICA_SETS, type ReplicaSet } from "#api/kubernetes/apps.ts"
import { REPLICATION_CONTROLLERS, type Pod, type ReplicationController } from "#api/kubernetes/core.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { bySparability, isActive, isReady, podCreation, podDeletion, statusWrite } from "./pods.ts"

export const planReplicaSet = (set: ReplicaSet, pods: readonly Pod[]): Plan => planReplicas(REPLICA_SETS, set, pods)

/** The older kind of the same, with a selector of labels only. */
export const planReplicationController = (controller: ReplicationController, pods: readonly Pod[]): Plan =>
  planReplicas(REPLICATION_CONTROLLERS, controller, pods)

/** As many pods as are wanted; those that are not ready go first when there are too many. */
function planReplicas<T extends ReplicaSet | ReplicationController>(
  type: ResourceType<T>,
  set: T,
  pods: readonly Pod[],
): Plan {
  const active = pods.filter(isActive)
  const actions: Action[] = []
  const wanted = set.spec?.replicas ?? 1
  const template = set.spec?.template
  if (set.metadata.deletionTimestamp === undefined && template !== undefined) {
    const missing = wanted - active.length
    if (missing > 0)
      actions.push({
        do: "together",
        actions: Array.from({ length: missing }, () => podCreation(set, template)),
      })
    if (missing < 0) {
      const surplus = active.toSorted(bySparability).slice(0, -missing)
      actions.push({ do: "together", actions: surplus.map(podDeletion) })
    }
  }
  return { actions: [...actions, ...statusWrite(type, set, statusOf(set, active))] }
}

function statusOf(set: ReplicaSet | ReplicationController, active: readonly Pod[]): NonNullable<ReplicaSet["status"]> {
  const labels = Object.entries(set.spec?.template?.metadata?.labels ?? {})
  const ready = active.filter(isReady).length
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
      .length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: set.metadata.generation ?? 0,
  }
}
