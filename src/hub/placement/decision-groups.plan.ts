import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Placement } from "#api/cluster/v1beta1.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import { claimsOf, Misconfigured } from "./filters.plan.ts"

type GroupStrategy = NonNullable<NonNullable<Placement["spec"]["decisionStrategy"]>["groupStrategy"]>

/** One decision group: its index is its place in the list. */
export type DecisionGroup = {
  /** "" for the clusters that no named group took. */
  readonly name: string
  /** Sorted. */
  readonly clusters: readonly string[]
}

/**
 * Divides the selected clusters: named groups first, in the order of the spec, a cluster going to the first that
 * matches it; then the rest. Each is cut into chunks of `clustersPerDecisionGroup`. At least one group comes back.
 *
 * @throws Misconfigured for a size or selector that cannot be read
 */
export function groupDecisions(
  selected: readonly ManagedCluster[],
  strategy: GroupStrategy | undefined,
): readonly DecisionGroup[] {
  const size = groupSize(strategy?.clustersPerDecisionGroup, selected.length)
  const groups: DecisionGroup[] = []
  let rest = selected
  for (const group of strategy?.decisionGroups ?? []) {
    const matches = compileGroupSelector(group.groupClusterSelector)
    const taken = rest.filter(matches)
    rest = rest.filter((cluster) => !matches(cluster))
    groups.push(...chunk(group.groupName, taken, size))
  }
  groups.push(...chunk("", rest, size))
  return groups.length === 0 ? [{ name: "", clusters: [] }] : groups
}

function compileGroupSelector(
  selector: NonNullable<GroupStrategy["decisionGroups"]>[number]["groupClusterSelector"],
): (cluster: ManagedCluster) => boolean {
  try {
    const labels = labelSelectorOf(selector?.labelSelector ?? {})
    const claims = labelSelectorOf({ matchExpressions: selector?.claimSelector?.matchExpressions ?? [] })
    return (cluster) => labels.matches(cluster.metadata.labels ?? {}) && claims.matches(claimsOf(cluster))
  } catch (error) {
    throw new Misconfigured(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** A number or a percentage of the selected clusters, rounded up; nothing, 0 and more than all mean all. */
function groupSize(size: number | string | undefined, selected: number): number {
  const all = Math.max(selected, 1)
  if (size === undefined || size === "") return all
  let count = Number(size)
  if (typeof size === "string" && size.endsWith("%")) count = Math.ceil((Number(size.slice(0, -1)) / 100) * selected)
  if (Number.isNaN(count)) throw new Misconfigured(`invalid clustersPerDecisionGroup: ${size}`)
  return count <= 0 || count > all ? all : Math.floor(count)
}

function chunk(name: string, clusters: readonly ManagedCluster[], size: number): DecisionGroup[] {
  const names = clusters.map((c) => c.metadata.name ?? "").toSorted()
  const groups: DecisionGroup[] = []
  for (let i = 0; i < names.length; i += size) groups.push({ name, clusters: names.slice(i, i + size) })
  return groups
}
