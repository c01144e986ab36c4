// Garbage collector: what is owned goes when its owners are gone.
//
// Reads:    every object, through the API server's memory.
// Wakes on: every change of an object that has owners, or that leaves and has dependents.
// Writes:   deletes dependents (uid and resourceVersion as preconditions), owner references, the finalizers orphan and
//           foregroundDeletion.
// Gives up when: an owner's kind is not known: nothing is deleted on a doubt.
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planGarbage } from "./garbage.plan.ts"
import { OwnerGraph } from "./owner-graph.ts"

export function startGarbageCollector(
  runtime: Runtime,
  cluster: Cluster,
  memory: { readonly reader: ObjectReader; readonly resources: ResourceTable },
): void {
  const graph = new OwnerGraph(memory.reader, memory.resources)
  const controller = startController(runtime, {
    name: "garbage-collector",
    workers: 8,
    sources: [],
    reconcile: async (id, signal) => {
      const observed = graph.observe(id)
      if (observed === undefined) return
      await applyPlan(cluster.client, planGarbage(observed), { log: runtime.log, signal })
    },
  })
  const stop = memory.reader.onChange((changes) => {
    for (const change of changes) for (const id of graph.take(change)) controller.enqueue(id)
  })
  runtime.signal.addEventListener("abort", stop, { once: true })
  for (const id of graph.load()) controller.enqueue(id)
}
