import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import type { Condition } from "#api/schema/metav1.ts"
import { setCondition } from "#apimachinery/conditions.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { asObserved, type Action } from "#runtime/plan.ts"

/**
 * The write that sets one condition of a cluster, or none when it is so already. It names the version that it was planned
 * from: the agent writes other conditions of the same list, and a merge patch replaces lists as a whole.
 */
export function conditionPatch(
  cluster: ManagedCluster,
  condition: Omit<Condition, "lastTransitionTime">,
  nowMs: number,
): Action[] {
  const before = cluster.status?.conditions ?? []
  const conditions = setCondition(before, condition, nowMs)
  if (deepEqual(before, conditions)) return []
  return [{ ...clusterPatch(cluster, { status: { conditions } }), subresource: "status" }]
}

/** A merge patch of the cluster as it was observed. */
export function clusterPatch(
  cluster: ManagedCluster,
  patch: Record<string, unknown>,
): Extract<Action, { do: "patch" }> {
  const { name = "" } = cluster.metadata
  return {
    do: "patch",
    type: MANAGED_CLUSTERS,
    key: { name },
    patch,
    ...asObserved(cluster),
  }
}
