import { HUB_ACCEPTED } from "#api/cluster/names.ts"
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { CLEANUP_PRIORITY_ANNOTATION } from "#api/work/names.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { OUR_FINALIZERS } from "./cluster-change.plan.ts"
import { newClusterRole } from "./cluster-rbac.ts"
import { clusterPatch, conditionPatch } from "./cluster-status.ts"
import { ensureGrants, releaseBinding, removal, together } from "./grants.ts"
import type { ObservedCluster } from "./observed-cluster.ts"

/**
 * A cluster that is shut out may still see itself, and nothing more; its works stay, and with them, until the last has
 * gone, the right to report on them.
 *
 * @param mayJudge  false while another write of the cluster comes first
 */
export function planDenied(observed: ObservedCluster, mayJudge: boolean): Plan {
  const { cluster, workBinding, works, nowMs } = observed
  const actions = together(revokeRights(observed))
  if (workBinding !== undefined) {
    return { actions, why: [`waits for ${works.length} ManifestWorks before the last rights go`] }
  }
  return { actions: mayJudge ? [...actions, ...conditionPatch(cluster, DENIED, nowMs)] : actions }
}

const DENIED = {
  type: HUB_ACCEPTED,
  status: "False" as const,
  reason: "HubClusterAdminDenied",
  message: "Denied by hub cluster admin",
}

/** Leaves the sight of itself, and the work binding for as long as there are works. */
function revokeRights(observed: ObservedCluster): Action[] {
  const { clusterRole, registrationBinding } = observed
  const name = observed.cluster.metadata.name ?? ""
  return [
    ...(clusterRole === undefined ? [] : ensureGrants(CLUSTER_ROLES, newClusterRole(name, false), clusterRole)),
    ...removal(ROLE_BINDINGS, registrationBinding),
    ...dropWorkBinding(observed),
  ]
}

/** Deleted at once and held by its finalizer: with it the agent takes away what its works applied. */
function dropWorkBinding({ workBinding, works }: ObservedCluster): Action[] {
  if (workBinding === undefined) return []
  const isDoomed = workBinding.metadata.deletionTimestamp !== undefined
  if (!isDoomed) return removal(ROLE_BINDINGS, workBinding)
  return works.length === 0 ? releaseBinding(workBinding) : []
}

/**
 * A deleted cluster is shut out at once, and told to take away its works, those of lowest priority before others. When
 * the last has gone, so do its rights and then itself. Its namespace and lease stay.
 */
export function planDetach(observed: ObservedCluster): Plan {
  const { cluster, works, nowMs } = observed
  const finalizers = cluster.metadata.finalizers ?? []
  const kept = finalizers.filter((finalizer) => !OUR_FINALIZERS.includes(finalizer))
  if (kept.length === finalizers.length) return NOTHING
  if (works.length > 0) {
    const removals = observed.options.cleanUp ? removalsOf(works) : []
    const actions = [
      ...together([...revokeRights(observed), ...removals]),
      ...conditionPatch(cluster, remaining(works), nowMs),
    ]
    return { actions, why: [`waits for the agent to take away ${works.length} ManifestWorks`] }
  }
  const rights = [
    ...removal(CLUSTER_ROLE_BINDINGS, observed.clusterRoleBinding),
    ...removal(CLUSTER_ROLES, observed.clusterRole),
    ...removal(ROLE_BINDINGS, observed.registrationBinding),
    ...dropWorkBinding(observed),
  ]
  if (observed.workBinding !== undefined) return { actions: together(rights) }
  const isTold = kept.length === 0 || isConditionTrue(cluster.status?.conditions, DELETING)
  return {
    actions: [
      ...together(rights),
      // Who else holds the cluster learns that the hub's part is done.
      ...(isTold
        ? [clusterPatch(cluster, { metadata: { finalizers: kept.length === 0 ? null : kept } })]
        : conditionPatch(cluster, DONE, nowMs)),
    ],
  }
}

const DELETING = "Deleting"
const DONE = {
  type: DELETING,
  status: "True" as const,
  reason: "NoResource",
  message: "Nothing that the hub has to clear away remains",
}
const remaining = (works: readonly ManifestWork[]) => ({
  type: DELETING,
  status: "False" as const,
  reason: "ResourceRemaining",
  message: `${works.length} ManifestWorks remain`,
})

function removalsOf(works: readonly ManifestWork[]): Action[] {
  const lowest = Math.min(...works.map(priorityOf))
  return works.filter((work) => priorityOf(work) === lowest).flatMap((work) => removal(MANIFEST_WORKS, work))
}

function priorityOf(work: ManifestWork): number {
  const value = Number(work.metadata.annotations?.[CLEANUP_PRIORITY_ANNOTATION] ?? 0)
  return Number.isInteger(value) ? Math.min(100, Math.max(0, value)) : 0
}
