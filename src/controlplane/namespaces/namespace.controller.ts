// Namespaces: a deleted namespace goes when everything in it is gone.
//
// Reads:    Namespace, and all namespaced objects through the API server's memory.
// Wakes on: a Namespace that is being deleted, and every deletion in it.
// Writes:   deletes what is in it; Namespace status and finalize.
// Gives up when: the namespace has other finalizers than ours.
import { NAMESPACES, type Namespace } from "#api/kubernetes/core.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { formatTime } from "#lib/clock.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planNamespace, type Remaining } from "./namespace.plan.ts"

export function startNamespaces(
  runtime: Runtime,
  cluster: Cluster,
  memory: { readonly reader: ObjectReader; readonly resources: ResourceTable },
): void {
  const namespaces = cluster.informers.informer(NAMESPACES)
  const isEnding = (name: string) => namespaces.get(name)?.metadata.deletionTimestamp !== undefined
  const controller = startController(runtime, {
    name: "namespace",
    workers: 8,
    sources: [
      {
        informer: namespaces,
        keysOf: ({ object }) => (object.metadata.deletionTimestamp === undefined ? [] : [object.metadata.name ?? ""]),
      },
    ],
    reconcile: async (name, signal) => {
      const namespace = namespaces.get(name)
      if (namespace === undefined) return
      const remaining = remainingIn(memory, name)
      const plan = planNamespace(namespace, remaining, formatTime(runtime.clock.nowMs()))
      await applyPlan(cluster.client, { actions: plan.actions }, { log: runtime.log, signal })
      if (plan.finalize) await finalize(cluster, namespace)
    },
  })
  const stop = memory.reader.onChange((changes) => {
    for (const { resource, object, kind } of changes) {
      const { namespace } = object.metadata
      if (kind === "deleted" && resource.namespaced && namespace !== undefined && isEnding(namespace))
        controller.enqueue(namespace)
    }
  })
  runtime.signal.addEventListener("abort", stop, { once: true })
}

/** Every object of the namespace, each under one of its resources however many views it has. */
function remainingIn(
  { reader, resources }: { reader: ObjectReader; resources: ResourceTable },
  namespace: string,
): Remaining[] {
  const seen = new Set<string>()
  const remaining: Remaining[] = []
  for (const info of resources.all()) {
    const id = `${info.storage.group}/${info.storage.resource}`
    if (!info.namespaced || seen.has(id) || !info.verbs.includes("delete")) continue
    seen.add(id)
    for (const object of reader.list(info, namespace)) remaining.push({ type: typeOf(info), object })
  }
  return remaining
}

const typeOf = (info: ResourceInfo): ResourceType<UnknownObject> => ({
  group: info.group,
  version: info.version,
  resource: info.resource,
  kind: info.kind,
  namespaced: info.namespaced,
})

async function finalize(cluster: Cluster, namespace: Namespace): Promise<void> {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((f) => f !== "kubernetes")
  try {
    await cluster.client.update(
      NAMESPACES,
      { ...namespace, spec: { ...namespace.spec, finalizers } },
      { subresource: "finalize" },
    )
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error
  }
}
