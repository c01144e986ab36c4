import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { AddOnPlacementScore } from "#api/cluster/v1alpha1.ts"
import type { Placement, PlacementDecision } from "#api/cluster/v1beta1.ts"
import { PLACEMENTS } from "#api/cluster/v1beta1.ts"
import type { ManagedClusterSet, ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import { SCHEDULING_DISABLED_ANNOTATION } from "#api/cluster/names.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { setCondition, type Condition } from "#apimachinery/conditions.ts"
import { asObserved, NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { findCandidates, type Candidates } from "./candidates.plan.ts"
import { groupDecisions, type DecisionGroup } from "./decision-groups.plan.ts"
import { clustersOf, DECISIONS_PER_OBJECT_MAX, planDecisions } from "./decisions.plan.ts"
import { checkTolerations, compilePredicates, judgeTaints, Misconfigured } from "./filters.plan.ts"
import { coordinatesOf, totalScores } from "./prioritizers.plan.ts"

export type ObservedPlacement = {
  readonly placement: Placement
  readonly bindings: readonly ManagedClusterSetBinding[]
  readonly sets: readonly ManagedClusterSet[]
  readonly clusters: readonly ManagedCluster[]
  /** Those of this Placement. */
  readonly decisions: readonly PlacementDecision[]
  readonly otherDecisions: (cluster: string) => number
  readonly addOnScore: (cluster: string, resourceName: string) => AddOnPlacementScore | undefined
  readonly nowMs: number
}

/** What a Placement chooses, and why not more. */
export type Selection = {
  readonly clusters: readonly ManagedCluster[]
  readonly groups: readonly DecisionGroup[]
  /** How many of `numberOfClusters` could not be found. */
  readonly unscheduled: number
  readonly candidates: Candidates
  readonly misconfigured?: string
  /** When a toleration ends. */
  readonly expiresAtMs?: number
}

/** The whole decision of one Placement: its PlacementDecisions and its status. */
export function planPlacement(observed: ObservedPlacement): Plan {
  const { placement, nowMs } = observed
  if (placement.metadata.deletionTimestamp !== undefined) return NOTHING
  if (placement.metadata.annotations?.[SCHEDULING_DISABLED_ANNOTATION] === "true") {
    return { actions: [], why: [`annotation ${SCHEDULING_DISABLED_ANNOTATION} holds the decisions as they are`] }
  }
  const selection = select(observed)
  const { candidates } = selection
  if ("unreadable" in candidates) {
    // A slip in a set's selector must not take away what runs: all stays until it can be read.
    return { actions: [], why: [`cannot read the selector of ManagedClusterSet ${candidates.unreadable.join(", ")}`] }
  }
  const actions: Action[] = [...planDecisions(placement, selection.groups, observed.decisions)]
  const status = statusOf(placement, selection, nowMs)
  if (!deepEqual(status, placement.status)) {
    actions.push({
      do: "patch",
      type: PLACEMENTS,
      key: { namespace: placement.metadata.namespace ?? "", name: placement.metadata.name ?? "" },
      patch: { status },
      subresource: "status",
      ...asObserved(placement),
    })
  }
  return selection.expiresAtMs === undefined ? { actions } : { actions, requeueAfterMs: selection.expiresAtMs - nowMs }
}

/** The choice alone, without writes: what preview and explain ask for too. */
export function select(observed: ObservedPlacement): Selection {
  const { placement, nowMs } = observed
  const candidates = findCandidates(observed)
  const nobody = { clusters: [], groups: [{ name: "", clusters: [] }], unscheduled: 0, candidates }
  if ("unreadable" in candidates) return nobody
  try {
    const coordinates = coordinatesOf(placement.spec.prioritizerPolicy)
    if ("none" in candidates) return nobody
    const matches = compilePredicates(placement.spec.predicates ?? [])
    const tolerations = placement.spec.tolerations ?? []
    checkTolerations(tolerations)
    const decided = new Set(observed.decisions.flatMap((d) => clustersOf(d)))
    let expiresAtMs: number | undefined
    const feasible = candidates.clusters.filter((cluster) => {
      if (!matches(cluster)) return false
      const verdict = judgeTaints(cluster, tolerations, { decided: decided.has(cluster.metadata.name ?? ""), nowMs })
      if (verdict.expiresAtMs !== undefined) expiresAtMs = Math.min(expiresAtMs ?? Infinity, verdict.expiresAtMs)
      return verdict.tolerated
    })
    // The API does not refuse a number below 0.
    const wanted = Math.max(0, placement.spec.numberOfClusters ?? feasible.length)
    // Scores only matter when there are more clusters than wanted.
    const clusters =
      wanted >= feasible.length
        ? feasible
        : rank(
            feasible,
            totalScores({ ...observed, clusters: feasible, allClusters: observed.clusters, decided }, coordinates),
          ).slice(0, wanted)
    const groups = groupDecisions(clusters, placement.spec.decisionStrategy?.groupStrategy)
    const unscheduled = Math.max(0, wanted - clusters.length)
    return { clusters, groups, unscheduled, candidates, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error
    return { ...nobody, misconfigured: error.message }
  }
}

/** Highest score first; names decide a tie, so that the choice is the same however often it is made. */
function rank(clusters: readonly ManagedCluster[], scores: ReadonlyMap<string, number>): ManagedCluster[] {
  const name = (c: ManagedCluster) => c.metadata.name ?? ""
  return clusters.toSorted((a, b) => scores.get(name(b))! - scores.get(name(a))! || (name(a) < name(b) ? -1 : 1))
}

function statusOf(placement: Placement, selection: Selection, nowMs: number): NonNullable<Placement["status"]> {
  let conditions: readonly Condition[] = placement.status?.conditions ?? []
  conditions = setCondition(conditions, misconfiguredCondition(selection), nowMs)
  conditions = setCondition(conditions, satisfiedCondition(selection), nowMs)
  return {
    numberOfSelectedClusters: selection.clusters.length,
    decisionGroups: selection.groups.map((group, decisionGroupIndex) => ({
      decisionGroupIndex,
      decisionGroupName: group.name,
      decisions: decisionNames(placement, selection.groups, decisionGroupIndex),
      clusterCount: group.clusters.length,
    })),
    conditions: [...conditions],
  }
}

/** The names of the PlacementDecisions of one group. */
function decisionNames(placement: Placement, groups: readonly DecisionGroup[], index: number): string[] {
  const pages = (group: DecisionGroup) => Math.max(1, Math.ceil(group.clusters.length / DECISIONS_PER_OBJECT_MAX))
  const first = groups.slice(0, index).reduce((sum, group) => sum + pages(group), 0)
  return Array.from({ length: pages(groups[index]!) }, (_, i) => `${placement.metadata.name}-decision-${first + i + 1}`)
}

function misconfiguredCondition({ misconfigured }: Selection): Omit<Condition, "lastTransitionTime"> {
  return misconfigured === undefined
    ? {
        type: "PlacementMisconfigured",
        status: "False",
        reason: "Succeedconfigured",
        message: "Placement configurations check pass",
      }
    : { type: "PlacementMisconfigured", status: "True", reason: "Misconfigured", message: misconfigured }
}

function satisfiedCondition(selection: Selection): Omit<Condition, "lastTransitionTime"> {
  const no = (reason: string, message: string) => ({
    type: "PlacementSatisfied",
    status: "False" as const,
    reason,
    message,
  })
  const { candidates } = selection
  if ("none" in candidates) {
    const sets = candidates.sets.join(",")
    switch (candidates.none) {
      case "NoManagedClusterSetBindings":
        return no(candidates.none, "No valid ManagedClusterSetBindings found in placement namespace")
      case "NoIntersection":
        return no(candidates.none, `None of ManagedClusterSets [${sets}] is bound to placement namespace`)
      case "AllManagedClusterSetsEmpty":
        return no(candidates.none, `All ManagedClusterSets [${sets}] have no member ManagedCluster`)
    }
  }
  if (selection.clusters.length === 0) {
    return no("NoManagedClusterMatched", "No ManagedCluster matches any of the cluster predicate")
  }
  if (selection.unscheduled > 0) {
    return no("NotAllDecisionsScheduled", `${selection.unscheduled} cluster decisions unscheduled`)
  }
  return {
    type: "PlacementSatisfied",
    status: "True",
    reason: "AllDecisionsScheduled",
    message: "All cluster decisions scheduled",
  }
}
