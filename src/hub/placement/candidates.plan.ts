import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Placement } from "#api/cluster/v1beta1.ts"
import type { ManagedClusterSet, ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import { CLUSTER_SET_LABEL } from "#api/cluster/names.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"

/** Which clusters a Placement may choose among, or why it may choose among none. */
export type Candidates =
  | { readonly clusters: readonly ManagedCluster[]; readonly sets: readonly string[] }
  | { readonly none: "NoManagedClusterSetBindings" | "NoIntersection"; readonly sets: readonly string[] }
  | { readonly none: "AllManagedClusterSetsEmpty"; readonly sets: readonly string[] }
  /** Nobody can say who belongs to these sets. */
  | { readonly unreadable: readonly string[] }

type Membership = (cluster: ManagedCluster) => boolean

/**
 * Who belongs to the set: those with its label, or those that its selector matches; nobody without a selector.
 *
 * @returns undefined for a selector that cannot be read
 */
function membershipOf(set: ManagedClusterSet): Membership | undefined {
  const { selectorType, labelSelector } = set.spec?.clusterSelector ?? {}
  if (selectorType !== "LabelSelector") {
    return (cluster) => cluster.metadata.labels?.[CLUSTER_SET_LABEL] === set.metadata.name
  }
  try {
    const selector = labelSelectorOf(labelSelector)
    return (cluster) => selector.matches(cluster.metadata.labels ?? {})
  } catch {
    return undefined
  }
}

/** @returns whether the cluster belongs to the set; false while nobody can say */
export function isInSet(cluster: ManagedCluster, set: ManagedClusterSet): boolean {
  return membershipOf(set)?.(cluster) ?? false
}

/**
 * The clusters of every set that is bound to the Placement's namespace and exists, cut down to `spec.clusterSets`
 * where the Placement names some. A cluster that is being deleted is never chosen.
 */
export function findCandidates(observed: {
  readonly placement: Placement
  readonly bindings: readonly ManagedClusterSetBinding[]
  readonly sets: readonly ManagedClusterSet[]
  readonly clusters: readonly ManagedCluster[]
}): Candidates {
  const byName = new Map(observed.sets.map((set) => [set.metadata.name, set]))
  const bound = observed.bindings
    .filter(
      (b) =>
        b.metadata.deletionTimestamp === undefined &&
        byName.has(b.metadata.name) &&
        b.spec.clusterSet === b.metadata.name,
    )
    .map((b) => b.metadata.name ?? "")
    .toSorted()
  const wanted = observed.placement.spec.clusterSets ?? []
  if (bound.length === 0) return { none: "NoManagedClusterSetBindings", sets: wanted }
  const eligible = wanted.length === 0 ? bound : bound.filter((name) => wanted.includes(name))
  if (eligible.length === 0) return { none: "NoIntersection", sets: wanted }
  const members = eligible.map((name) => membershipOf(byName.get(name)!))
  if (members.includes(undefined)) return { unreadable: eligible.filter((_, i) => members[i] === undefined) }
  const clusters = observed.clusters.filter(
    (c) => c.metadata.deletionTimestamp === undefined && members.some((isMember) => isMember?.(c)),
  )
  return clusters.length === 0 ? { none: "AllManagedClusterSetsEmpty", sets: eligible } : { clusters, sets: eligible }
}
