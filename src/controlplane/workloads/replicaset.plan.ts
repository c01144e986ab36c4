import { REPLICA_SETS, type ReplicaSet } from "#api/kubernetes/apps.ts"
import type { Pod } from "#api/kubernetes/core.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { isActive, isReady, podCreation, podDeletion } from "./pods.ts"

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
      const surplus = active
        .toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)) || newestFirst(a, b))
        .slice(0, -missing)
      actions.push({ do: "together", actions: surplus.map(podDeletion) })
    }
  }
  const status = statusOf(replicaSet, active)
  if (!deepEqual(status, replicaSet.status)) {
    const { name = "", namespace = "" } = replicaSet.metadata
    actions.push({
      do: "patch",
      type: REPLICA_SETS as never,
      key: { namespace, name },
      patch: { status },
      subresource: "status",
    })
  }
  return { actions }
}

function newestFirst(a: Pod, b: Pod): number {
  return (b.metadata.creationTimestamp ?? "") < (a.metadata.creationTimestamp ?? "") ? -1 : 1
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
