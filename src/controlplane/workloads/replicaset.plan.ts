import { REPLICA_SETS, type ReplicaSet } from "#api/kubernetes/apps.ts"
import type { Pod } from "#api/kubernetes/core.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { bySparability, isActive, isReady, podCreation, podDeletion, statusWrite } from "./pods.ts"

/** As many pods as are wanted; those that are not ready go first when there are too many. */
export function planReplicaSet(replicaSet: ReplicaSet, pods: readonly Pod[]): Plan {
  const active = pods.filter(isActive)
  const actions: Action[] = []
  const wanted = replicaSet.spec.replicas ?? 1
  if (replicaSet.metadata.deletionTimestamp === undefined) {
    const missing = wanted - active.length
    const { template } = replicaSet.spec
    if (missing > 0)
      actions.push({
        do: "together",
        actions: Array.from({ length: missing }, () => podCreation(replicaSet, template)),
      })
    if (missing < 0) {
      const surplus = active.toSorted(bySparability).slice(0, -missing)
      actions.push({ do: "together", actions: surplus.map(podDeletion) })
    }
  }
  return { actions: [...actions, ...statusWrite(REPLICA_SETS, replicaSet, statusOf(replicaSet, active))] }
}

function statusOf(replicaSet: ReplicaSet, active: readonly Pod[]): NonNullable<ReplicaSet["status"]> {
  const labels = Object.entries(replicaSet.spec.template.metadata?.labels ?? {})
  const ready = active.filter(isReady).length
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
      .length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: replicaSet.metadata.generation ?? 0,
  }
}
