// What the hub leaves behind for agents of clusters that were detached: a Lease `detached-clusters` in the cluster's
// namespace. A Lease and not a ConfigMap because hub and agents have rights over Leases already; over ConfigMaps they
// would need new ones, and in other namespaces those hold other people's things.
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import { CLUSTER_NAME_LABEL } from "./names.ts"

export const DETACHED_LEASE = "detached-clusters"
/** The ClusterRole by which a detached cluster's agent may read it, and the RoleBinding beside it. */
export const DETACHED_ROLE = "hawser:detached-cluster"
const DETACHED_ANNOTATION = "hawser.dev/detached-clusters"

/** On a ManagedCluster: how long after its deletion its works are let go although its agent has not taken them away. */
export const DETACH_GRACE_ANNOTATION = "hawser.dev/detach-grace"
/** On a ManagedCluster: `keep` leaves on the member what its works applied. */
export const DETACH_WORKLOADS_ANNOTATION = "hawser.dev/detach-workloads"

/** Remembered for one name; the oldest goes first. Names are rarely used again. */
export const TOMBSTONES_MAX = 20

/** One ManagedCluster that was detached. */
export type Tombstone = {
  /** Of the ManagedCluster: another cluster may have its name by now. */
  readonly uid: string
  readonly detachedMs: number
  /** What becomes of what its works applied. */
  readonly workloads: "remove" | "keep"
  /** When its agent had done so; undefined until then. */
  readonly clearedMs?: number
}

type Stored = { uid: string; detachedAt: string; workloads: string; clearedAt?: string }

/** @returns those that can be read; what cannot be is no reason to take anything away */
export function tombstonesOf(lease: Lease | undefined): readonly Tombstone[] {
  try {
    const stored = JSON.parse(lease?.metadata.annotations?.[DETACHED_ANNOTATION] ?? "[]") as readonly Stored[]
    return stored.flatMap(({ uid, detachedAt, workloads, clearedAt }) => {
      const detachedMs = parseTimeMs(detachedAt)
      const clearedMs = parseTimeMs(clearedAt)
      if (typeof uid !== "string" || uid === "" || detachedMs === undefined) return []
      const known = { uid, detachedMs, workloads: workloads === "remove" ? "remove" : "keep" } as const
      return [clearedMs === undefined ? known : { ...known, clearedMs }]
    })
  } catch {
    return []
  }
}

export function detachedLease(cluster: string, tombstones: readonly Tombstone[]): Lease {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: DETACHED_LEASE,
      namespace: cluster,
      labels: { [CLUSTER_NAME_LABEL]: cluster },
      annotations: { [DETACHED_ANNOTATION]: formatTombstones(tombstones) },
    },
    spec: { holderIdentity: cluster },
  }
}

/** The lease with other tombstones; everything else as it was read. */
export function withTombstones(lease: Lease, tombstones: readonly Tombstone[]): Lease {
  const annotations = { ...lease.metadata.annotations, [DETACHED_ANNOTATION]: formatTombstones(tombstones) }
  return { ...lease, metadata: { ...lease.metadata, annotations } }
}

function formatTombstones(tombstones: readonly Tombstone[]): string {
  const stored = tombstones.slice(-TOMBSTONES_MAX).map(({ uid, detachedMs, workloads, clearedMs }): Stored => {
    const at = { uid, detachedAt: formatTime(detachedMs), workloads }
    return clearedMs === undefined ? at : { ...at, clearedAt: formatTime(clearedMs) }
  })
  return JSON.stringify(stored)
}
