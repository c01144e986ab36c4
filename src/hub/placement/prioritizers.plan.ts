import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { AddOnPlacementScore } from "#api/cluster/v1alpha1.ts"
import type { Placement } from "#api/cluster/v1beta1.ts"
import { parseQuantity } from "#apimachinery/quantity.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { Misconfigured } from "./filters.plan.ts"

const BUILT_IN = ["Balance", "Steady", "ResourceAllocatableCPU", "ResourceAllocatableMemory"] as const
type BuiltIn = (typeof BUILT_IN)[number]

/** What the scores are made from. */
export type ScoringInput = {
  /** Those that are ranked. */
  readonly clusters: readonly ManagedCluster[]
  /** All of the hub: the busiest of them is what Balance measures against, may it be chosen or not. */
  readonly allClusters: readonly ManagedCluster[]
  /** Clusters that this Placement has decided for so far. */
  readonly decided: ReadonlySet<string>
  /** How many decisions of other Placements name the cluster. */
  readonly otherDecisions: (cluster: string) => number
  readonly addOnScore: (cluster: string, resourceName: string) => AddOnPlacementScore | undefined
  readonly nowMs: number
}

type Coordinate =
  | { readonly builtIn: BuiltIn; readonly weight: number }
  | { readonly addOn: { readonly resourceName: string; readonly scoreName: string }; readonly weight: number }

/** Upstream's defaults: spread the load, and stay where one is. */
const DEFAULT_WEIGHTS: readonly (readonly [BuiltIn, number])[] = [
  ["Balance", 1],
  ["Steady", 1],
]

/**
 * What counts, and how much. Of a built-in that is written twice the last one counts; one of weight 0 is not looked at.
 *
 * @throws Misconfigured for an unknown mode or prioritizer, or an incomplete coordinate
 */
export function coordinatesOf(policy: Placement["spec"]["prioritizerPolicy"]): readonly Coordinate[] {
  const mode = policy?.mode || "Additive"
  if (mode !== "Additive" && mode !== "Exact") throw new Misconfigured(`incorrect prioritizer policy mode: ${mode}`)
  const configured = (policy?.configurations ?? []).map((configuration) => ({ weight: 1, ...configuration }))
  if (configured.some((c) => c.scoreCoordinate === undefined)) {
    throw new Misconfigured("scoreCoordinate field is required")
  }
  const builtIns = new Map<string, number>(mode === "Exact" ? [] : DEFAULT_WEIGHTS)
  const addOns: Coordinate[] = []
  for (const { scoreCoordinate, weight } of configured) {
    if (scoreCoordinate?.type !== "AddOn") builtIns.set(scoreCoordinate?.builtIn ?? "", weight)
    else if (weight !== 0) addOns.push({ addOn: addOnOf(scoreCoordinate.addOn), weight })
  }
  const effective = [...builtIns].filter(([, weight]) => weight !== 0)
  return [...effective.map(([name, weight]): Coordinate => ({ builtIn: builtInOf(name), weight })), ...addOns]
}

function builtInOf(name: string): BuiltIn {
  const found = BUILT_IN.find((known) => known === name)
  if (found === undefined) throw new Misconfigured(`incorrect builtin prioritizer: ${name}`)
  return found
}

function addOnOf(addOn: { resourceName: string; scoreName: string } | undefined) {
  if (!addOn?.resourceName || !addOn.scoreName) {
    throw new Misconfigured("addOn.resourceName and addOn.scoreName are required for a score of type AddOn")
  }
  return { resourceName: addOn.resourceName, scoreName: addOn.scoreName }
}

/** The sum of weight times score of each cluster; a cluster without a score in a coordinate gets none from it. */
export function totalScores(input: ScoringInput, coordinates: readonly Coordinate[]): ReadonlyMap<string, number> {
  const totals = new Map(input.clusters.map((c) => [c.metadata.name ?? "", 0]))
  for (const coordinate of coordinates) {
    for (const [name, score] of scoresOf(input, coordinate)) {
      totals.set(name, (totals.get(name) ?? 0) + coordinate.weight * score)
    }
  }
  return totals
}

function scoresOf(input: ScoringInput, coordinate: Coordinate): ReadonlyMap<string, number> {
  if ("addOn" in coordinate) return addOnScores(input, coordinate.addOn)
  switch (coordinate.builtIn) {
    case "Balance":
      return balanceScores(input)
    case "Steady":
      return new Map(
        input.clusters.map((c) => [c.metadata.name ?? "", input.decided.has(c.metadata.name ?? "") ? 100 : 0]),
      )
    case "ResourceAllocatableCPU":
      return allocatableScores(input.clusters, "cpu")
    case "ResourceAllocatableMemory":
      return allocatableScores(input.clusters, "memory")
  }
}

/** The division is cut towards zero before it is doubled: upstream's order, which its users see in the scores. */
function balanceScores(input: ScoringInput): ReadonlyMap<string, number> {
  const counts = new Map(
    input.allClusters.map(({ metadata: { name = "" } }) => [name, input.otherDecisions(name)] as const),
  )
  const max = Math.max(0, ...counts.values())
  return new Map(
    input.clusters.map(({ metadata: { name = "" } }) => {
      const count = counts.get(name) ?? 0
      return [name, count === 0 ? 100 : 2 * Math.trunc(100 * (0.5 - count / max))]
    }),
  )
}

function allocatableScores(
  clusters: readonly ManagedCluster[],
  resource: "cpu" | "memory",
): ReadonlyMap<string, number> {
  const amounts = new Map<string, number>()
  for (const cluster of clusters) {
    const allocatable = cluster.status?.allocatable?.[resource]
    // Upstream's: what says nothing of its capacity is not scored either.
    if (allocatable === undefined || cluster.status?.capacity?.[resource] === undefined) continue
    amounts.set(cluster.metadata.name ?? "", parseQuantity(allocatable).toNumber())
  }
  const min = Math.min(...amounts.values())
  const max = Math.max(...amounts.values())
  return new Map(
    [...amounts].map(([name, amount]) => [
      name,
      max === min ? 100 : Math.trunc(((amount - min) / (max - min) - 0.5) * 200),
    ]),
  )
}

function addOnScores(
  input: ScoringInput,
  addOn: { readonly resourceName: string; readonly scoreName: string },
): ReadonlyMap<string, number> {
  return new Map(
    input.clusters.map((cluster) => {
      const name = cluster.metadata.name ?? ""
      const found = input.addOnScore(name, addOn.resourceName)
      const validUntilMs = parseTimeMs(found?.status?.validUntil)
      const fresh = validUntilMs === undefined || validUntilMs >= input.nowMs
      return [name, (fresh && found?.status?.scores?.find((s) => s.name === addOn.scoreName)?.value) || 0]
    }),
  )
}
