import {
  DETACH_WORKLOADS_ANNOTATION,
  DETACHED_ROLE,
  detachedLease,
  tombstonesOf,
  withTombstones,
  type Tombstone,
} from "#api/cluster/detached.ts"
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { LEASES, type Lease } from "#api/kubernetes/coordination.ts"
import { RBAC_GROUP, ROLE_BINDINGS, type RoleBinding } from "#api/kubernetes/rbac.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { subjectsOf } from "./cluster-rbac.ts"
import { ensureGrants, removal } from "./grants.ts"
import type { ObservedCluster } from "./observed-cluster.ts"

const DAY_MS = 24 * 3600_000
/** Longer than an agent's certificate lives: one that returns later than that has to join anew anyway. */
export const TOMBSTONE_MS = 400 * DAY_MS
/** How long it can be seen that the agent has obeyed. */
export const CLEARED_MS = 10 * 60_000

export const leavesWorkloads = ({ cluster }: Pick<ObservedCluster, "cluster">): boolean =>
  cluster.metadata.annotations?.[DETACH_WORKLOADS_ANNOTATION] === "keep"

/**
 * Tells the agent of a cluster that goes what it went for. Written before the cluster's rights end: an agent that finds
 * itself shut out looks for this, and takes nothing away for any other reason.
 */
export function ensureTombstone(observed: ObservedCluster): Action[] {
  const { cluster, namespace, detached, detachedBinding, nowMs } = observed
  const { name = "", uid = "" } = cluster.metadata
  // Nothing can be written in a namespace that is on its way out.
  if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return []
  const tombstones = tombstonesOf(detached)
  const workloads = leavesWorkloads(observed) ? "keep" : "remove"
  const own: Tombstone = { uid, detachedMs: nowMs, workloads }
  const type = LEASES as unknown as ResourceType
  return [
    ...(tombstones.some((tombstone) => tombstone.uid === uid)
      ? []
      : detached === undefined
        ? [{ do: "create", type, object: detachedLease(name, [own]) } as const]
        : [{ do: "update", type, object: withTombstones(detached, [...tombstones, own]) } as const]),
    ...ensureGrants(ROLE_BINDINGS, newDetachedBinding(name), detachedBinding),
  ]
}

export const newDetachedBinding = (cluster: string): RoleBinding => ({
  apiVersion: `${RBAC_GROUP}/v1`,
  kind: "RoleBinding",
  metadata: { name: DETACHED_ROLE, namespace: cluster, labels: { [CLUSTER_NAME_LABEL]: cluster } },
  roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: DETACHED_ROLE },
  subjects: subjectsOf(cluster),
})

/** Tombstones that were obeyed, or that nobody can come back for, go; with the last one the right to read them. */
export function planTombstones(
  { lease, binding }: { readonly lease: Lease; readonly binding: RoleBinding | undefined },
  nowMs: number,
): Plan {
  const tombstones = tombstonesOf(lease)
  const endOf = ({ detachedMs, clearedMs }: Tombstone) =>
    clearedMs === undefined ? detachedMs + TOMBSTONE_MS : clearedMs + CLEARED_MS
  const kept = tombstones.filter((tombstone) => endOf(tombstone) > nowMs)
  if (kept.length === 0) {
    return { actions: [...removal(ROLE_BINDINGS, binding), ...removal(LEASES, lease)] }
  }
  const requeueAfterMs = Math.min(...kept.map(endOf)) - nowMs
  if (kept.length === tombstones.length) return { ...NOTHING, requeueAfterMs }
  const type = LEASES as unknown as ResourceType
  return { actions: [{ do: "update", type, object: withTombstones(lease, kept) }], requeueAfterMs }
}
