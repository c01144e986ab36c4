// APIServices: those of this server's own group versions.
//
// Reads:    APIService, CustomResourceDefinition, and the table of served resources.
// Wakes on: both kinds.
// Writes:   APIServices with the label of those that are managed.
// Gives up when: never.
import { API_SERVICES } from "#api/kubernetes/apiregistration.ts"
import { CUSTOM_RESOURCE_DEFINITIONS } from "#api/kubernetes/apiextensions.ts"
import { builtinPriority, CUSTOM_PRIORITY } from "#apiserver/aggregation/priorities.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planRegistration, type OwnVersion } from "./registration.plan.ts"

const ALL = "all"

export function startApiRegistration(runtime: Runtime, cluster: Cluster, server: { resources: ResourceTable }): void {
  const services = cluster.informers.informer(API_SERVICES)
  const definitions = cluster.informers.informer(CUSTOM_RESOURCE_DEFINITIONS)
  const controller = startController(runtime, {
    name: "apiservice-registration",
    workers: 1,
    sources: [
      { informer: services, keysOf: () => [ALL] },
      { informer: definitions, keysOf: () => [ALL] },
    ],
    reconcile: async (_, signal) => {
      const plan = planRegistration(ownVersions(server.resources), services.list())
      await applyPlan(cluster.client, plan, { log: runtime.log, signal })
    },
  })
  // At first there is nothing that could wake it.
  controller.enqueue(ALL)
}

function ownVersions(resources: ResourceTable): readonly OwnVersion[] {
  const found = new Map<string, OwnVersion>()
  for (const { group, version, custom } of resources.all()) {
    const priority = custom ? CUSTOM_PRIORITY : builtinPriority(group, version)
    // The aggregator has no APIService for its own group.
    if (priority === undefined || found.has(`${group}/${version}`)) continue
    const { group: groupPriority, version: versionPriority } = priority
    found.set(`${group}/${version}`, { group, version, groupPriority, versionPriority, isCustom: custom })
  }
  return [...found.values()]
}
