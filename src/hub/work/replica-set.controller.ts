// ManifestWorkReplicaSet: one ManifestWork for every cluster that its Placements select.
//
// Reads:    ManifestWorkReplicaSet, ManifestWork, Placement, PlacementDecision (hub caches).
// Wakes on: all of them.
// Writes:   ManifestWork (create, spec, delete), ManifestWorkReplicaSet finalizers and status.
// Gives up when: the replica set is gone. A Placement that cannot be found stops it without taking anything away.
import { PLACEMENT_DECISIONS, PLACEMENTS } from "#api/cluster/v1beta1.ts"
import { PLACEMENT_LABEL } from "#api/cluster/names.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { MANIFEST_WORK_REPLICA_SETS } from "#api/work/v1alpha1.ts"
import { REPLICA_SET_LABEL } from "#api/work/names.ts"
import { keyOf, type KubeObject } from "#apimachinery/meta.ts"
import type { KubeClient } from "#kube/client.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { planReplicaSet, replicaSetLabel } from "./replica-set.plan.ts"

const BY_REPLICA_SET = "replica-set/replica-set"
const BY_PLACEMENT = "replica-set/placement"

export function startReplicaSets(
  runtime: Runtime,
  hub: { readonly client: KubeClient; readonly informers: InformerFactory },
): void {
  const replicaSets = hub.informers.informer(MANIFEST_WORK_REPLICA_SETS)
  const works = hub.informers.informer(MANIFEST_WORKS)
  const placements = hub.informers.informer(PLACEMENTS)
  const decisions = hub.informers.informer(PLACEMENT_DECISIONS)
  const labelOf = (object: KubeObject, label: string) => {
    const value = object.metadata.labels?.[label]
    return value === undefined ? [] : [value]
  }
  works.addIndex(BY_REPLICA_SET, (work) => labelOf(work, REPLICA_SET_LABEL))
  replicaSets.addIndex(BY_REPLICA_SET, (set) => [replicaSetLabel(set)])
  replicaSets.addIndex(BY_PLACEMENT, (set) =>
    set.spec.placementRefs.map((ref) => `${set.metadata.namespace}/${ref.name}`),
  )
  decisions.addIndex(BY_PLACEMENT, (decision) =>
    labelOf(decision, PLACEMENT_LABEL).map((name) => `${decision.metadata.namespace}/${name}`),
  )
  const ofPlacement = (key: string) => replicaSets.byIndex(BY_PLACEMENT, key).map(keyOf)

  startController(runtime, {
    name: "manifestworkreplicaset",
    subject: "replicaSet",
    sources: [
      { informer: replicaSets, keysOf: ({ object }) => [keyOf(object)] },
      {
        informer: works,
        keysOf: ({ object }) =>
          labelOf(object, REPLICA_SET_LABEL).flatMap((label) => replicaSets.byIndex(BY_REPLICA_SET, label).map(keyOf)),
      },
      { informer: placements, keysOf: ({ object }) => ofPlacement(keyOf(object)) },
      {
        informer: decisions,
        keysOf: ({ object }) =>
          labelOf(object, PLACEMENT_LABEL).flatMap((name) => ofPlacement(`${object.metadata.namespace}/${name}`)),
      },
    ],
    reconcile: async (key, signal) => {
      const replicaSet = replicaSets.get(key)
      if (replicaSet === undefined) return
      const plan = planReplicaSet({
        replicaSet,
        decisions: new Map(
          replicaSet.spec.placementRefs.map(({ name }) => {
            const placement = `${replicaSet.metadata.namespace}/${name}`
            const found = placements.get(placement) === undefined ? [] : decisions.byIndex(BY_PLACEMENT, placement)
            // A decided Placement has one decision object at least: none means that it is not decided yet.
            return [name, found.length === 0 ? undefined : found]
          }),
        ),
        works: works.byIndex(BY_REPLICA_SET, replicaSetLabel(replicaSet)),
        nowMs: runtime.clock.nowMs(),
      })
      await applyPlan(hub.client, plan, { log: runtime.log, signal })
      return plan
    },
  })
}
