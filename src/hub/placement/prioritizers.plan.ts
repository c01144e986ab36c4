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
  readonly clusters: readonly ManagedCluster[]
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
const DEFAULT_WEIGHTS: readonly Coordinate[] = [
  { builtIn: "Balance", weight: 1 },
  { builtIn: "Steady", weight: 1 },
]

/** @throws Misconfigured for an unknown prioritizer or an incomplete coordinate */
export function coordinatesOf(policy: Placement["spec"]["prioritizerPolicy"]): readonly Coordinate[] {
  const configured = (policy?.configurations ?? []).map((c): Coordinate => {
    const weight = c.weight ?? 1
    const coordinate = c.scoreCoordinate
    if (coordinate?.type === "AddOn") {
      if (!coordinate.addOn?.resourceName || !coordinate.addOn.scoreName) {
        throw new Misconfigured("addOn.resourceName and addOn.scoreName are required for a score of type AddOn")
      }
      return { addOn: { resourceName: coordinate.addOn.resourceName, scoreName: coordinate.addOn.scoreName }, weight }
    }
    const builtIn = BUILT_IN.find((name) => name === coordinate?.builtIn)
    if (builtIn === undefined) throw new Misconfigured(`incorrect builtin prioritizer: ${coordinate?.builtIn ?? ""}`)
    return { builtIn, weight }
  })
  if (policy?.mode === "Exact") return configured.filter((c) => c.weight !== 0)
  const overlaid = DEFAULT_WEIGHTS.filter(
    (d) => !configured.some((c) => "builtIn" in c && "builtIn" in d && c.builtIn === d.builtIn),
  )
  return [...overlaid, ...configured].filter((c) => c.weight !== 0)
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
  const counts = input.clusters.map(
    (c) => [c.metadata.name ?? "", input.otherDecisions(c.metadata.name ?? "")] as const,
  )
  const max = Math.max(0, ...counts.map(([, count]) => count))
  return new Map(
    counts.map(([name, count]) => [name, max === 0 || count === 0 ? 100 : 2 * Math.trunc(100 * (0.5 - count / max))]),
  )
}

function allocatableScores(
  clusters: readonly ManagedCluster[],
  resource: "cpu" | "memory",
): ReadonlyMap<string, number> {
  const amounts = new Map<string, number>()
  for (const cluster of clusters) {
    const allocatable = cluster.status?.allocatable?.[resource]
    if (allocatable !== undefined) amounts.set(cluster.metadata.name ?? "", parseQuantity(allocatable).toNumber())
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
      const fresh = validUntilMs === undefined || validUntilMs > input.nowMs
      return [name, (fresh && found?.status?.scores?.find((s) => s.name === addOn.scoreName)?.value) || 0]
    }),
  )
}
