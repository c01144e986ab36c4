import { CLUSTER_NAME_LABEL, HUB_ACCEPTED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { NAMESPACES, type Namespace } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { findCondition, isConditionTrue } from "#apimachinery/conditions.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { isAcceptedAtFirstSight, planClusterChange } from "./cluster-change.plan.ts"
import { newClusterRole, newClusterRoleBinding, newRegistrationBinding, newWorkBinding } from "./cluster-rbac.ts"
import { conditionPatch } from "./cluster-status.ts"
import { planDenied, planDetach } from "./detach.plan.ts"
import { ensureGrants, releaseBinding, together } from "./grants.ts"
import type { ObservedCluster } from "./observed-cluster.ts"

const FIELD_MANAGER = "hawser-registration"

/** A cluster let in gets its namespace and rights; one shut out loses them; a deleted one is cleared away. */
export function planAccept(observed: ObservedCluster): Plan {
  const { cluster, options, nowMs } = observed
  if (cluster.metadata.deletionTimestamp !== undefined) return planDetach(observed)
  const change = planClusterChange(cluster, options, nowMs)
  const isAccepted = cluster.spec.hubAcceptsClient === true || isAcceptedAtFirstSight(cluster, options)
  if (isAccepted) return planAccepted(observed, change)
  // One that was never let in has been given nothing that could be taken back.
  const wasJudged = findCondition(cluster.status?.conditions, HUB_ACCEPTED) !== undefined
  const plan = wasJudged ? planDenied(observed, change === undefined) : NOTHING
  // What is taken back goes first: nothing about the cluster itself is as urgent.
  return change === undefined ? plan : { ...plan, actions: [...plan.actions, change] }
}

/**
 * The cluster's own write goes first: it may be refused, and without its finalizers a deletion would leave rights behind.
 * The bindings follow the namespace that they are in. The one of the cluster's own role comes last: a server refuses to
 * bind a role that its authorizer has not seen yet, and on kube-apiserver that takes a moment longer than the write.
 */
function planAccepted(observed: ObservedCluster, change: Action | undefined): Plan {
  const { cluster, nowMs } = observed
  const name = cluster.metadata.name ?? ""
  const outside = [
    ...ensureNamespace(name, observed.namespace),
    ...ensureGrants(CLUSTER_ROLES, newClusterRole(name, true), observed.clusterRole),
  ]
  const inside = [
    ...ensureGrants(ROLE_BINDINGS, newRegistrationBinding(name), observed.registrationBinding),
    ...ensureGrants(ROLE_BINDINGS, newWorkBinding(name), observed.workBinding),
    ...releaseDoomedBinding(observed),
  ]
  return {
    actions: [
      ...(change === undefined ? [] : [change]),
      ...together(outside),
      ...together(inside),
      ...ensureGrants(CLUSTER_ROLE_BINDINGS, newClusterRoleBinding(name), observed.clusterRoleBinding),
      // Planned from the version that the change has made old, it would be refused; the next pass writes it.
      ...(change === undefined ? conditionPatch(cluster, ACCEPTED, nowMs) : []),
    ],
  }
}

/** Shut out and let in again: the binding is on its way out, and is made anew once it is gone. */
function releaseDoomedBinding({ workBinding, works }: ObservedCluster): Action[] {
  const isDoomed = workBinding?.metadata.deletionTimestamp !== undefined
  return isDoomed && works.length === 0 ? releaseBinding(workBinding) : []
}

const ACCEPTED = {
  type: HUB_ACCEPTED,
  status: "True" as const,
  reason: "HubClusterAdminAccepted",
  message: "Accepted by hub cluster admin",
}

function ensureNamespace(cluster: string, found: Namespace | undefined): Action[] {
  if (found !== undefined) return []
  // Applied, not created: a namespace that was made beforehand has no label yet, and is not among those observed.
  const metadata = { name: cluster, labels: { [CLUSTER_NAME_LABEL]: cluster } }
  const object = { apiVersion: "v1", kind: "Namespace", metadata }
  return [
    { do: "apply", type: NAMESPACES as unknown as ResourceType, object, fieldManager: FIELD_MANAGER, force: true },
  ]
}

/**
 * What is said of a cluster whose rights the hub could not set up. One that has them already is not called into question
 * by a repair that failed.
 */
export function planSetUpFailure(cluster: ManagedCluster, message: string, nowMs: number): Plan {
  const isSetUp = cluster.spec.hubAcceptsClient === true && cluster.metadata.deletionTimestamp === undefined
  if (!isSetUp || isConditionTrue(cluster.status?.conditions, HUB_ACCEPTED)) return NOTHING
  const condition = { type: HUB_ACCEPTED, status: "False" as const, reason: "Error", message }
  return { actions: conditionPatch(cluster, condition, nowMs) }
}
