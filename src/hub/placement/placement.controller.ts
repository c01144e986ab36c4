// Placement: which clusters a Placement selects, written as PlacementDecisions.
//
// Reads:    Placement, PlacementDecision, ManagedCluster, ManagedClusterSet, ManagedClusterSetBinding,
//           AddOnPlacementScore (hub caches).
// Wakes on: all of them, each mapped to the Placements that it can concern, and the end of a toleration.
// Writes:   PlacementDecision (create, labels, status, delete), Placement.status.
// Gives up when: the Placement is deleted; its decisions go with it by their owner reference.
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { ADD_ON_PLACEMENT_SCORES } from "#api/cluster/v1alpha1.ts"
import { PLACEMENT_DECISIONS, PLACEMENTS } from "#api/cluster/v1beta1.ts"
import { MANAGED_CLUSTER_SET_BINDINGS, MANAGED_CLUSTER_SETS } from "#api/cluster/v1beta2.ts"
import { PLACEMENT_LABEL } from "#api/cluster/names.ts"
import { keyOf, parseKey, type KubeObject } from "#apimachinery/meta.ts"
import type { KubeClient } from "#kube/client.ts"
import type { Change, InformerFactory } from "#kube/informer.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { isInSet } from "./candidates.plan.ts"
import { clustersOf } from "./decisions.plan.ts"
import { planPlacement } from "./placement.plan.ts"

const BY_NAMESPACE = "placement/namespace"
const BY_PLACEMENT = "placement/placement"
const BY_CLUSTER = "placement/cluster"
const BY_SET = "placement/set"

export function startPlacement(
  runtime: Runtime,
  hub: { readonly client: KubeClient; readonly informers: InformerFactory },
): void {
  const placements = hub.informers.informer(PLACEMENTS)
  const decisions = hub.informers.informer(PLACEMENT_DECISIONS)
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  const sets = hub.informers.informer(MANAGED_CLUSTER_SETS)
  const bindings = hub.informers.informer(MANAGED_CLUSTER_SET_BINDINGS)
  const scores = hub.informers.informer(ADD_ON_PLACEMENT_SCORES)
  placements.addIndex(BY_NAMESPACE, inNamespace)
  bindings.addIndex(BY_NAMESPACE, inNamespace)
  bindings.addIndex(BY_SET, (binding) => [binding.spec.clusterSet ?? ""])
  decisions.addIndex(BY_PLACEMENT, (decision) => placementOf(decision))
  decisions.addIndex(BY_CLUSTER, (decision) => clustersOf(decision))

  const placementsIn = (namespace: string) => placements.byIndex(BY_NAMESPACE, namespace).map(keyOf)
  const placementsBoundTo = (set: string) =>
    bindings.byIndex(BY_SET, set).flatMap((binding) => placementsIn(binding.metadata.namespace ?? ""))
  const placementsOfCluster = (change: Change<ManagedCluster>) => {
    if (change.kind === "changed" && !concernsPlacement(change.before, change.object)) return []
    const versions = change.kind === "changed" ? [change.before, change.object] : [change.object]
    const keys = sets
      .list()
      .filter((set) => versions.some((cluster) => isInSet(cluster, set)))
      .flatMap((set) => placementsBoundTo(set.metadata.name ?? ""))
    return [...new Set(keys)]
  }

  startController(runtime, {
    name: "placement",
    subject: "placement",
    sources: [
      { informer: placements, keysOf: ({ object }) => [keyOf(object)] },
      { informer: decisions, keysOf: ({ object }) => placementOf(object) },
      { informer: bindings, keysOf: ({ object }) => placementsIn(object.metadata.namespace ?? "") },
      { informer: sets, keysOf: ({ object }) => placementsBoundTo(object.metadata.name ?? "") },
      { informer: clusters, keysOf: placementsOfCluster },
      {
        informer: scores,
        keysOf: () =>
          placements
            .list()
            .filter((p) => p.spec.prioritizerPolicy !== undefined)
            .map(keyOf),
      },
    ],
    reconcile: async (key, signal) => {
      const placement = placements.get(key)
      if (placement === undefined) return
      const own = decisions.byIndex(BY_PLACEMENT, key)
      const isOwn = new Set(own)
      const plan = planPlacement({
        placement,
        bindings: bindings.byIndex(BY_NAMESPACE, parseKey(key).namespace ?? ""),
        sets: sets.list(),
        clusters: clusters.list(),
        decisions: own,
        otherDecisions: (cluster) => decisions.byIndex(BY_CLUSTER, cluster).filter((d) => !isOwn.has(d)).length,
        addOnScore: (cluster, name) => scores.get(`${cluster}/${name}`),
        nowMs: runtime.clock.nowMs(),
      })
      await applyPlan(hub.client, plan, { log: runtime.log, signal })
      return plan
    },
  })
}

const inNamespace = (object: KubeObject) => [object.metadata.namespace ?? ""]

/** The key of the Placement that a decision belongs to. */
function placementOf(decision: KubeObject): string[] {
  const placement = decision.metadata.labels?.[PLACEMENT_LABEL]
  return placement === undefined ? [] : [`${decision.metadata.namespace}/${placement}`]
}

/** A heartbeat changes nothing that a Placement looks at: at 10,000 clusters most changes are of that kind. */
function concernsPlacement(before: ManagedCluster, after: ManagedCluster): boolean {
  return (
    (before.metadata.labels !== after.metadata.labels &&
      JSON.stringify(before.metadata.labels) !== JSON.stringify(after.metadata.labels)) ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
    JSON.stringify(before.spec.taints) !== JSON.stringify(after.spec.taints) ||
    JSON.stringify(before.status?.clusterClaims) !== JSON.stringify(after.status?.clusterClaims) ||
    JSON.stringify(before.status?.allocatable) !== JSON.stringify(after.status?.allocatable) ||
    JSON.stringify(before.status?.capacity) !== JSON.stringify(after.status?.capacity)
  )
}
