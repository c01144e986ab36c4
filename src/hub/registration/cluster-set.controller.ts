// Cluster sets: the built-in sets, who is in a set, and whether a binding's set is there.
//
// Reads:    ManagedClusterSet, ManagedClusterSetBinding, ManagedCluster (hub caches).
// Wakes on: all of them; a cluster only when it comes, goes or changes its labels.
// Writes:   ManagedClusterSet (default and global: create, selector), status of sets and bindings.
// Gives up when: the set or binding is gone.
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTER_SET_BINDINGS, MANAGED_CLUSTER_SETS } from "#api/cluster/v1beta2.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { BUILT_IN_SETS, planBinding, planBuiltInSet, planClusterSet } from "./cluster-set.plan.ts"
import type { Hub } from "./hub.ts"

const BY_SET = "registration/set"
/** Clusters that come together are counted together: each count is a write. */
const COALESCE_MS = 200

export function startClusterSets(runtime: Runtime, hub: Hub, options: { readonly builtInSets: boolean }): void {
  const sets = hub.informers.informer(MANAGED_CLUSTER_SETS)
  const bindings = hub.informers.informer(MANAGED_CLUSTER_SET_BINDINGS)
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  bindings.addIndex(BY_SET, (binding) => [binding.spec.clusterSet ?? ""])

  const controller = startController(runtime, {
    name: "cluster-set",
    subject: "clusterSet",
    workers: 1,
    sources: [{ informer: sets, keysOf: ({ object }) => [object.metadata.name ?? ""] }],
    reads: [clusters],
    reconcile: async (name, signal) => {
      const set = sets.get(name)
      if (options.builtInSets) await applyPlan(hub.client, planBuiltInSet(name, set), { log: runtime.log, signal })
      if (set !== undefined)
        await applyPlan(hub.client, planClusterSet(set, clusters.list(), runtime.clock.nowMs()), {
          log: runtime.log,
          signal,
        })
    },
  })
  clusters.onChange((change) => {
    if (change.kind === "changed" && deepEqual(change.before.metadata.labels, change.object.metadata.labels)) return
    for (const set of sets.list()) controller.enqueueAfter(set.metadata.name ?? "", COALESCE_MS)
  })
  if (options.builtInSets) for (const name of BUILT_IN_SETS) controller.enqueue(name)

  startController(runtime, {
    name: "cluster-set-binding",
    subject: "binding",
    sources: [
      { informer: bindings, keysOf: ({ object }) => [keyOf(object)] },
      { informer: sets, keysOf: ({ object }) => bindings.byIndex(BY_SET, object.metadata.name ?? "").map(keyOf) },
    ],
    reconcile: async (key, signal) => {
      const binding = bindings.get(key)
      if (binding === undefined) return
      await applyPlan(
        hub.client,
        planBinding(binding, sets.get(binding.spec.clusterSet ?? ""), runtime.clock.nowMs()),
        { log: runtime.log, signal },
      )
    },
  })
}
