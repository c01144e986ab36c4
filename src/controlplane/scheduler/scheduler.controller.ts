// Scheduler: gives every pod a node, the next one each time. Nodes of simulated members have room for everything.
//
// Reads:    Pod, Node.   Wakes on: pods without a node; a new node.
// Writes:   the binding of pods.
// Gives up when: there is no node.
import { NODES, PODS, type Pod } from "#api/kubernetes/core.ts"
import { keyOf, parseKey } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"

export function startScheduler(runtime: Runtime, cluster: Cluster): void {
  const pods = cluster.informers.informer(PODS)
  const nodes = cluster.informers.informer(NODES)
  const isUnplaced = (pod: Pod) => !pod.spec.nodeName && pod.metadata.deletionTimestamp === undefined
  let turn = 0
  startController(runtime, {
    name: "scheduler",
    workers: 8,
    sources: [
      {
        informer: pods,
        keysOf: ({ object, kind }) => (kind !== "deleted" && isUnplaced(object) ? [keyOf(object)] : []),
      },
      { informer: nodes, keysOf: ({ kind }) => (kind === "added" ? pods.list().filter(isUnplaced).map(keyOf) : []) },
    ],
    reconcile: async (key, signal) => {
      const pod = pods.get(key)
      const ready = nodes.list().filter((node) => node.spec?.unschedulable !== true)
      if (pod === undefined || !isUnplaced(pod) || ready.length === 0) return
      const node = ready[turn++ % ready.length]!.metadata.name ?? ""
      const { name = "", namespace = "" } = pod.metadata
      const binding = {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name, namespace },
        target: { apiVersion: "v1", kind: "Node", name: node },
      }
      try {
        await cluster.client.createSubresource(PODS as never, parseKey(key), "binding", binding, { signal })
      } catch (error) {
        if (!hasReason(error, "NotFound", "Conflict")) throw error
      }
    },
  })
}
