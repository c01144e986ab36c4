import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManagedClusterSet } from "#api/cluster/v1beta2.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"
import { membersOf } from "./cluster-set.plan.ts"
import { clusterPatch } from "./cluster-status.ts"

/** Names of the sets that the cluster is in, those on their way out left aside. */
export function setsOf(cluster: ManagedCluster, sets: readonly ManagedClusterSet[]): readonly ManagedClusterSet[] {
  const labels = cluster.metadata.labels ?? {}
  return sets.filter((set) => set.metadata.deletionTimestamp === undefined && membersOf(set)(labels))
}

/**
 * The namespaces that a cluster's sets want on it, by set and name. What the agent has said of those that stay is
 * kept. Source: OCM registration/hub/managedcluster, which forgets it at each pass.
 */
export function planManagedNamespaces(cluster: ManagedCluster, sets: readonly ManagedClusterSet[]): Plan {
  if (cluster.metadata.deletionTimestamp !== undefined) return NOTHING
  const before = cluster.status?.managedNamespaces ?? []
  const wanted = setsOf(cluster, sets)
    .flatMap((set) => (set.spec.managedNamespaces ?? []).map(({ name }) => ({ name, clusterSet: set.metadata.name! })))
    .toSorted((a, b) => compare(a.clusterSet, b.clusterSet) || compare(a.name, b.name))
    .map((entry) => {
      const known = before.find(({ name, clusterSet }) => name === entry.name && clusterSet === entry.clusterSet)
      return known?.conditions === undefined ? entry : { ...entry, conditions: known.conditions }
    })
  if (deepEqual(before, wanted)) return NOTHING
  const status = { managedNamespaces: wanted.length === 0 ? null : wanted }
  return { actions: [{ ...clusterPatch(cluster, { status }), subresource: "status" }] }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
