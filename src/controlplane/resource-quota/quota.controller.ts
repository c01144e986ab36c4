// Resource quotas: what the objects of a namespace take together.
//
// Reads:    ResourceQuota, and all that its hard limits name.
// Wakes on: ResourceQuota; the end of any object beside one, and changes of pods, services and claims.
// Writes:   ResourceQuota status. Admission charges new objects itself (quota.admission.ts).
// Gives up when: the quota is gone.
import { RESOURCE_QUOTAS } from "#api/kubernetes/core.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planQuota, type Held } from "./quota.plan.ts"
import { changesCount, countsFor } from "./usage.ts"

const BY_NAMESPACE = "resource-quota/namespace"
/** After a charge: by then the object is stored or refused. */
const CHECK_CHARGE_AFTER_MS = 10_000

export function startResourceQuotas(
  runtime: Runtime,
  cluster: Cluster,
  memory: { readonly reader: ObjectReader; readonly resources: ResourceTable },
): void {
  const quotas = cluster.informers.informer(RESOURCE_QUOTAS)
  quotas.addIndex(BY_NAMESPACE, (quota) => [quota.metadata.namespace ?? ""])
  const controller = startController(runtime, {
    name: "resource-quota",
    workers: 1,
    sources: [
      {
        informer: quotas,
        keysOf: (change) => {
          const { kind, object } = change
          if (kind === "deleted") return []
          if (kind === "changed" && deepEqual(change.before.spec, object.spec)) {
            controller.enqueueAfter(keyOf(object), CHECK_CHARGE_AFTER_MS)
            return []
          }
          return [keyOf(object)]
        },
      },
    ],
    reconcile: async (key, signal) => {
      const quota = quotas.get(key)
      if (quota === undefined) return
      const hard = Object.keys(quota.spec?.hard ?? {})
      const held = heldIn(memory, quota.metadata.namespace ?? "", hard)
      const plan = planQuota(quota, held, runtime.clock.nowMs())
      await applyPlan(cluster.client, plan, { log: runtime.log, signal })
    },
  })
  const stop = memory.reader.onChange((changes) => {
    for (const change of changes) {
      const { kind, resource } = change
      if (kind === "added" || !resource.namespaced) continue
      if (kind === "changed" && !changesCount(resource.storage)) continue
      // Looked at last: reading the object costs more than the rest.
      if (quotas.list().length === 0) return
      for (const quota of quotas.byIndex(BY_NAMESPACE, change.object.metadata.namespace ?? ""))
        controller.enqueue(keyOf(quota))
    }
  })
  runtime.signal.addEventListener("abort", stop, { once: true })
}

/** The objects of all resources that are counted, each under one of its views. */
function heldIn(
  { reader, resources }: { readonly reader: ObjectReader; readonly resources: ResourceTable },
  namespace: string,
  hard: readonly string[],
): Held[] {
  const seen = new Set<string>()
  const held: Held[] = []
  for (const { namespaced, storage } of resources.all()) {
    const id = `${storage.group}/${storage.resource}`
    if (!namespaced || seen.has(id) || !hard.some((name) => countsFor(storage, name))) continue
    seen.add(id)
    held.push({ counted: storage, objects: reader.list(storage, namespace) })
  }
  return held
}
