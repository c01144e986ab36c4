// Definitions: custom resources go with their definition.
//
// Reads:    CustomResourceDefinition, and the objects of one that is being deleted.
// Wakes on: CustomResourceDefinition, and every deletion of an object of one that is being deleted.
// Writes:   the definition's finalizer; deletes objects of a deleted definition.
// Gives up when: the definition is gone.
import { CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition } from "#api/kubernetes/apiextensions.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import type { Action } from "#runtime/plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { CLEANUP_FINALIZER } from "#apiserver/apiextensions/definition-strategy.ts"
import type { Cluster } from "#controlplane/cluster.ts"

export function startDefinitions(runtime: Runtime, cluster: Cluster, memory: { readonly reader: ObjectReader }): void {
  const definitions = cluster.informers.informer(CUSTOM_RESOURCE_DEFINITIONS)
  const ending = (group: string, resource: string) =>
    definitions.get(`${resource}.${group}`)?.metadata.deletionTimestamp !== undefined
  const controller = startController(runtime, {
    name: "definition",
    workers: 2,
    sources: [
      { informer: definitions, keysOf: ({ object, kind }) => (kind === "deleted" ? [] : [object.metadata.name ?? ""]) },
    ],
    reconcile: async (name, signal) => {
      const definition = definitions.get(name)
      if (definition?.metadata.deletionTimestamp === undefined) return
      const actions = cleanUp(definition, memory.reader)
      await applyPlan(cluster.client, { actions }, { log: runtime.log, signal })
    },
  })
  const stop = memory.reader.onChange((changes) => {
    for (const { resource, kind } of changes) {
      if (kind === "deleted" && resource.custom && ending(resource.group, resource.resource))
        controller.enqueue(`${resource.resource}.${resource.group}`)
    }
  })
  runtime.signal.addEventListener("abort", stop, { once: true })
}

/** Its objects first; the definition when the last of them is gone. */
function cleanUp(definition: CustomResourceDefinition, reader: ObjectReader): Action[] {
  const { group, names, versions, scope } = definition.spec
  const version = versions.find((v) => v.served)?.name ?? versions[0]?.name ?? ""
  const type: ResourceType = {
    group,
    version,
    resource: names.plural,
    kind: names.kind,
    namespaced: scope === "Namespaced",
  }
  const objects = reader.list({ group, resource: names.plural })
  const due = objects.filter((object) => object.metadata.deletionTimestamp === undefined)
  if (objects.length > 0) {
    const deletions = due.map(({ metadata }): Action => ({
      do: "delete",
      type,
      key: {
        name: metadata.name ?? "",
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      },
    }))
    return deletions.length === 0 ? [] : [{ do: "together", actions: deletions }]
  }
  const finalizers = (definition.metadata.finalizers ?? []).filter((f) => f !== CLEANUP_FINALIZER)
  if (finalizers.length === (definition.metadata.finalizers ?? []).length) return []
  const key = { name: definition.metadata.name ?? "" }
  return [
    {
      do: "patch",
      type: CUSTOM_RESOURCE_DEFINITIONS as never,
      key,
      patch: { metadata: { finalizers: finalizers.length === 0 ? null : finalizers } },
    },
  ]
}
