import { DETACH_GRACE_ANNOTATION } from "#api/cluster/detached.ts"
import { AVAILABLE, HUB_ACCEPTED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { CLEANUP_PRIORITY_ANNOTATION, WORK_FINALIZER } from "#api/work/names.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import { parseDurationMs } from "#lib/duration.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { OUR_FINALIZERS } from "./cluster-change.plan.ts"
import { newClusterRole } from "./cluster-rbac.ts"
import { clusterPatch, conditionPatch } from "./cluster-status.ts"
import { ensureGrants, releaseBinding, removal, together } from "./grants.ts"
import type { ObservedCluster } from "./observed-cluster.ts"
import { ensureTombstone, leavesWorkloads } from "./tombstone.plan.ts"

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
 * A deleted cluster is shut out at once, and its agent told to take away its works, those of lowest priority before
 * others. When the last has gone, so do its rights and then itself. Its namespace and lease stay, and a tombstone.
 *
 * An agent that is not heard of takes nothing away. Its works are let go after a grace: the tombstone tells it what to
 * do when it comes back. Source: OCM waits for ever.
 */
export function planDetach(observed: ObservedCluster): Plan {
  const { cluster, works, nowMs } = observed
  const finalizers = cluster.metadata.finalizers ?? []
  const kept = finalizers.filter((finalizer) => !OUR_FINALIZERS.includes(finalizer))
  if (kept.length === finalizers.length) return NOTHING
  if (works.length > 0) return planWorksOf(observed)
  const rights = [
    ...removal(CLUSTER_ROLE_BINDINGS, observed.clusterRoleBinding),
    ...removal(CLUSTER_ROLES, observed.clusterRole),
    ...removal(ROLE_BINDINGS, observed.registrationBinding),
    ...dropWorkBinding(observed),
  ]
  const shutOut = [...ensureTombstone(observed), ...together(rights)]
  if (observed.workBinding !== undefined) return { actions: shutOut }
  const isTold = kept.length === 0 || isConditionTrue(cluster.status?.conditions, DELETING)
  return {
    actions: [
      ...shutOut,
      // Who else holds the cluster learns that the hub's part is done.
      ...(isTold
        ? [clusterPatch(cluster, { metadata: { finalizers: kept.length === 0 ? null : kept } })]
        : conditionPatch(cluster, DONE, nowMs)),
    ],
  }
}

/** While there are works: waits for the agent to take them away, or lets them go. */
function planWorksOf(observed: ObservedCluster): Plan {
  const { cluster, works, options, nowMs } = observed
  const deadlineMs = releaseMs(cluster)
  const isOver = deadlineMs !== undefined && deadlineMs <= nowMs
  const doomed = works.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
  const actions = [
    ...(isOver ? ensureTombstone(observed) : []),
    // Before any is deleted: an agent looks at this when it takes a work away.
    ...(leavesWorkloads(observed) ? together(works.flatMap(orphan)) : []),
    ...together([
      ...revokeRights(observed),
      ...(options.cleanUp ? removalsOf(works) : []),
      ...(isOver ? doomed.flatMap(releaseWork) : []),
    ]),
    ...conditionPatch(cluster, remaining(works, isOver ? undefined : deadlineMs), nowMs),
  ]
  return {
    actions,
    why: [`waits for the agent to take away ${works.length} ManifestWorks`],
    ...(deadlineMs === undefined || isOver ? {} : { requeueAfterMs: deadlineMs - nowMs }),
  }
}

/** An unreachable cluster is waited for this long, unless its annotation says otherwise. */
export const DETACH_GRACE_MS = 10 * 60_000

/** @returns when works are let go though nobody has taken them away; undefined: the agent is there, and waited for */
function releaseMs({ metadata, status }: ManagedCluster): number | undefined {
  const deletedMs = parseTimeMs(metadata.deletionTimestamp) ?? 0
  const said = metadata.annotations?.[DETACH_GRACE_ANNOTATION]
  if (said === "never") return undefined
  const saidMs = said === undefined ? undefined : parseDurationMs(said)
  if (saidMs !== undefined) return deletedMs + saidMs
  return isConditionTrue(status?.conditions, AVAILABLE) ? undefined : deletedMs + DETACH_GRACE_MS
}

/** Without its finalizer a work that is deleted is gone, and the agent none the wiser. */
function releaseWork({ metadata }: ManifestWork): Action[] {
  const { name = "", namespace = "", uid = "", resourceVersion = "", finalizers = [] } = metadata
  const kept = finalizers.filter((finalizer) => finalizer !== WORK_FINALIZER)
  if (kept.length === finalizers.length) return []
  const patch = { metadata: { finalizers: kept.length === 0 ? null : kept } }
  return [{ do: "patch", type: MANIFEST_WORKS, key: { namespace, name }, patch, uid, resourceVersion }]
}

const DELETING = "Deleting"
const DONE = {
  type: DELETING,
  status: "True" as const,
  reason: "NoResource",
  message: "Nothing that the hub has to clear away remains",
}
const remaining = (works: readonly ManifestWork[], releasedMs: number | undefined) => ({
  type: DELETING,
  status: "False" as const,
  reason: "ResourceRemaining",
  message:
    `${works.length} ManifestWorks remain` +
    (releasedMs === undefined ? "" : `; the agent is not heard of, they are let go at ${formatTime(releasedMs)}`),
})

function removalsOf(works: readonly ManifestWork[]): Action[] {
  const lowest = Math.min(...works.map(priorityOf))
  return works.filter((work) => priorityOf(work) === lowest).flatMap((work) => removal(MANIFEST_WORKS, work))
}

/** Said to the work itself: every agent understands it. */
function orphan({ metadata, spec }: ManifestWork): Action[] {
  if (metadata.deletionTimestamp !== undefined || spec.deleteOption?.propagationPolicy === "Orphan") return []
  const { name = "", namespace = "", uid = "" } = metadata
  const deleteOption = { propagationPolicy: "Orphan", selectivelyOrphans: null }
  return [{ do: "patch", type: MANIFEST_WORKS, key: { namespace, name }, patch: { spec: { deleteOption } }, uid }]
}

function priorityOf(work: ManifestWork): number {
  const value = Number(work.metadata.annotations?.[CLEANUP_PRIORITY_ANNOTATION] ?? 0)
  return Number.isInteger(value) ? Math.min(100, Math.max(0, value)) : 0
}
