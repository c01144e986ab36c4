import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"
import { releaseBinding, removal, together } from "./grants.ts"
import type { ObservedCluster } from "./observed-cluster.ts"

export type ObservedRights = Pick<
  ObservedCluster,
  "clusterRole" | "clusterRoleBinding" | "registrationBinding" | "workBinding" | "works"
>

/**
 * Rights of a cluster that is not there. A detached cluster has left none: they were created afterwards, by a leader that
 * did not know yet that it was one no more. Nothing else can undo a creation that comes too late.
 */
export function planOrphanedRights({ works, workBinding, ...observed }: ObservedRights): Plan {
  const isHeld = workBinding?.metadata.deletionTimestamp !== undefined && works.length === 0
  const actions = [
    ...removal(CLUSTER_ROLE_BINDINGS, observed.clusterRoleBinding),
    ...removal(CLUSTER_ROLES, observed.clusterRole),
    ...removal(ROLE_BINDINGS, observed.registrationBinding),
    ...(works.length === 0 ? removal(ROLE_BINDINGS, workBinding) : []),
    ...(isHeld ? releaseBinding(workBinding) : []),
  ]
  return actions.length === 0 ? NOTHING : { actions: together(actions), why: ["their cluster is not there"] }
}
