import {
  AUTO_ACCEPTED_ANNOTATION,
  CLUSTER_FINALIZER,
  CLUSTER_NAME_LABEL,
  HUB_ACCEPTED,
  RESOURCE_CLEANUP_FINALIZER,
} from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { NAMESPACES, type Namespace } from "#api/kubernetes/core.ts"
import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  ROLE_BINDINGS,
  type ClusterRole,
  type RoleBinding,
} from "#api/kubernetes/rbac.ts"
import { CLEANUP_PRIORITY_ANNOTATION, WORK_FINALIZER } from "#api/work/names.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { formatTime } from "#lib/clock.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { newClusterRole, newClusterRoleBinding, newRegistrationBinding, newWorkBinding } from "./cluster-rbac.ts"
import { clusterPatch, conditionPatch } from "./cluster-status.ts"

/** What is there of one cluster on the hub. */
export type ObservedCluster = {
  readonly cluster: ManagedCluster
  readonly namespace: Namespace | undefined
  readonly clusterRole: ClusterRole | undefined
  readonly clusterRoleBinding: RoleBinding | undefined
  readonly registrationBinding: RoleBinding | undefined
  readonly workBinding: RoleBinding | undefined
  readonly works: readonly ManifestWork[]
  /** Let every cluster in, once (feature gate ManagedClusterAutoApproval). */
  readonly autoAccept: boolean
  readonly nowMs: number
}

/** A cluster let in gets its namespace and rights; one shut out loses them; a deleted one is cleared away. */
export function planAccept(observed: ObservedCluster): Plan {
  const { cluster } = observed
  if (cluster.metadata.deletionTimestamp !== undefined) return planDetach(observed)
  if (
    observed.autoAccept &&
    cluster.metadata.annotations?.[AUTO_ACCEPTED_ANNOTATION] === undefined &&
    !cluster.spec.hubAcceptsClient
  ) {
    return { actions: [accept(cluster, observed.nowMs)] }
  }
  if (cluster.spec.hubAcceptsClient) return planAccepted(observed)
  // Never let in: there is nothing to take back.
  return findCondition(cluster.status?.conditions ?? [], HUB_ACCEPTED) === undefined ? NOTHING : planDenied(observed)
}

function accept(cluster: ManagedCluster, nowMs: number): Action {
  return clusterPatch(cluster, {
    metadata: { annotations: { [AUTO_ACCEPTED_ANNOTATION]: formatTime(nowMs) } },
    spec: { hubAcceptsClient: true },
  })
}

function planAccepted(observed: ObservedCluster): Plan {
  const { cluster, nowMs } = observed
  const name = cluster.metadata.name ?? ""
  const finalizers = cluster.metadata.finalizers ?? []
  const missing = [CLUSTER_FINALIZER, RESOURCE_CLEANUP_FINALIZER].filter((f) => !finalizers.includes(f))
  if (missing.length > 0) {
    // The condition follows in the next pass: it is planned from the version that this write makes.
    return {
      actions: [
        {
          do: "together",
          actions: [
            clusterPatch(cluster, { metadata: { finalizers: [...finalizers, ...missing] } }),
            ...ensureNamespace(name, observed.namespace),
          ],
        },
        ...ensureRights(observed),
      ],
    }
  }
  return {
    actions: [
      ...ensureNamespace(name, observed.namespace),
      ...ensureRights(observed),
      ...conditionPatch(
        cluster,
        {
          type: HUB_ACCEPTED,
          status: "True",
          reason: "HubClusterAdminAccepted",
          message: "Accepted by hub cluster admin",
        },
        nowMs,
      ),
    ],
  }
}

function ensureNamespace(cluster: string, found: Namespace | undefined): Action[] {
  const labels = { [CLUSTER_NAME_LABEL]: cluster }
  if (found === undefined) {
    return [
      {
        do: "create",
        type: NAMESPACES,
        object: { apiVersion: "v1", kind: "Namespace", metadata: { name: cluster, labels } },
      },
    ]
  }
  if (found.metadata.labels?.[CLUSTER_NAME_LABEL] === cluster) return []
  return [{ do: "patch", type: NAMESPACES, key: { name: cluster }, patch: { metadata: { labels } } }]
}

function ensureRights(observed: ObservedCluster): Action[] {
  const name = observed.cluster.metadata.name ?? ""
  const actions = [
    ...ensureRole(CLUSTER_ROLES, newClusterRole(name, true), observed.clusterRole),
    ...ensureRole(CLUSTER_ROLE_BINDINGS, newClusterRoleBinding(name), observed.clusterRoleBinding),
    ...ensureRole(ROLE_BINDINGS, newRegistrationBinding(name), observed.registrationBinding),
    ...ensureRole(ROLE_BINDINGS, newWorkBinding(name), observed.workBinding),
  ]
  return actions.length === 0 ? [] : [{ do: "together", actions }]
}

/** Creates what is missing and puts right what differs in what it grants. */
function ensureRole<T extends KubeObject>(type: ResourceType<T>, wanted: T, found: T | undefined): Action[] {
  if (found === undefined) return [{ do: "create", type: type as ResourceType, object: wanted }]
  if (found.metadata.deletionTimestamp !== undefined) return []
  const { apiVersion: _a, kind: _k, metadata: _m, ...grants } = wanted
  const differs = Object.entries(grants).filter(
    ([field, value]) => !deepEqual((found as Record<string, unknown>)[field], value),
  )
  if (differs.length === 0) return []
  return [{ do: "patch", type: type as ResourceType, key: keyOf(wanted), patch: Object.fromEntries(differs) }]
}

function planDenied(observed: ObservedCluster): Plan {
  const { cluster, nowMs } = observed
  const name = cluster.metadata.name ?? ""
  const revoked = [
    ...ensureRole(CLUSTER_ROLES, newClusterRole(name, false), observed.clusterRole),
    ...dropBindings(observed),
  ]
  const actions: Action[] = revoked.length === 0 ? [] : [{ do: "together", actions: revoked }]
  if (observed.workBinding !== undefined) {
    return { actions, why: [`waits for ${observed.works.length} ManifestWorks before the last rights go`] }
  }
  const condition = {
    type: HUB_ACCEPTED,
    status: "False" as const,
    reason: "HubClusterAdminDenied",
    message: "Denied by hub cluster admin",
  }
  return { actions: [...actions, ...conditionPatch(cluster, condition, nowMs)] }
}

/** The work binding goes last: with it the agent takes away what its works applied. */
function dropBindings({ registrationBinding, workBinding, works }: ObservedCluster): Action[] {
  const actions: Action[] = []
  if (registrationBinding !== undefined && registrationBinding.metadata.deletionTimestamp === undefined) {
    actions.push(removal(ROLE_BINDINGS, registrationBinding))
  }
  if (workBinding === undefined) return actions
  if (works.length === 0 && (workBinding.metadata.finalizers ?? []).includes(WORK_FINALIZER)) {
    const finalizers = (workBinding.metadata.finalizers ?? []).filter((f) => f !== WORK_FINALIZER)
    actions.push({
      do: "patch",
      type: ROLE_BINDINGS,
      key: keyOf(workBinding),
      patch: { metadata: { finalizers: finalizers.length === 0 ? null : finalizers } },
    })
  } else if (workBinding.metadata.deletionTimestamp === undefined) actions.push(removal(ROLE_BINDINGS, workBinding))
  return actions
}

/** Works go first, those of lowest priority before others; then rights; the namespace and the lease stay. */
function planDetach(observed: ObservedCluster): Plan {
  const { cluster, works, nowMs } = observed
  const ours = [CLUSTER_FINALIZER, RESOURCE_CLEANUP_FINALIZER]
  const kept = (cluster.metadata.finalizers ?? []).filter((f) => !ours.includes(f))
  if (kept.length === (cluster.metadata.finalizers ?? []).length) return NOTHING
  if (works.length > 0) {
    const lowest = Math.min(...works.map(priorityOf))
    const removals = works
      .filter((w) => priorityOf(w) === lowest && w.metadata.deletionTimestamp === undefined)
      .map((w) => removal(MANIFEST_WORKS, w))
    const condition = {
      type: "Deleting",
      status: "False" as const,
      reason: "ResourceRemaining",
      message: `${works.length} ManifestWorks remain`,
    }
    return {
      actions: [
        ...(removals.length === 0 ? [] : [{ do: "together" as const, actions: removals }]),
        ...conditionPatch(cluster, condition, nowMs),
      ],
      why: [`waits for the agent to take away ${works.length} ManifestWorks`],
    }
  }
  const rights = [
    ...(observed.clusterRoleBinding === undefined ? [] : [removal(CLUSTER_ROLE_BINDINGS, observed.clusterRoleBinding)]),
    ...(observed.clusterRole === undefined ? [] : [removal(CLUSTER_ROLES, observed.clusterRole)]),
    ...dropBindings(observed),
  ]
  if (rights.length > 0) return { actions: [{ do: "together", actions: rights }] }
  return { actions: [clusterPatch(cluster, { metadata: { finalizers: kept.length === 0 ? null : kept } })] }
}

function priorityOf(work: ManifestWork): number {
  const value = Number(work.metadata.annotations?.[CLEANUP_PRIORITY_ANNOTATION] ?? 0)
  return Number.isInteger(value) ? Math.min(100, Math.max(0, value)) : 0
}

function removal<T extends KubeObject>(type: ResourceType<T>, object: T): Action {
  const { uid } = object.metadata
  return { do: "delete", type: type as ResourceType, key: keyOf(object), ...(uid === undefined ? {} : { uid }) }
}

function keyOf({ metadata }: KubeObject): { namespace?: string; name: string } {
  return { name: metadata.name ?? "", ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) }
}
