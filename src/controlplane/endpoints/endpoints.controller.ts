// Endpoints: where services lead to.
//
// Reads:    Service, Pod, Endpoints, EndpointSlice.
// Wakes on: a Service and what is made for it; the pods that it selects or selected.
// Writes:   Endpoints and EndpointSlices of services with a selector; EndpointSlices that mirror the Endpoints of others.
// Gives up when: the service is gone; its slices go with it by their owner references.
import { ENDPOINTS, PODS, SERVICES, type Pod, type Service } from "#api/kubernetes/core.ts"
import { ENDPOINT_SLICES } from "#api/kubernetes/discovery.ts"
import { keyOf, parseKey } from "#apimachinery/meta.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { ignoringTerminating } from "#controlplane/service-accounts/service-account.controller.ts"
import { planEndpoints, planServiceGone } from "./endpoints.plan.ts"
import { planMirror } from "./mirroring.plan.ts"
import { SERVICE_NAME_LABEL } from "./slices.ts"

const BY_NAMESPACE = "endpoints/namespace"
const BY_SERVICE = "endpoints/service"

export function startEndpoints(runtime: Runtime, cluster: Cluster): void {
  const services = cluster.informers.informer(SERVICES)
  const pods = cluster.informers.informer(PODS)
  const endpoints = cluster.informers.informer(ENDPOINTS)
  const slices = cluster.informers.informer(ENDPOINT_SLICES)
  services.addIndex(BY_NAMESPACE, (service) => [service.metadata.namespace ?? ""])
  pods.addIndex(BY_NAMESPACE, (pod) => [pod.metadata.namespace ?? ""])
  slices.addIndex(BY_SERVICE, ({ metadata }) => [`${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL]}`])

  const planFor = (key: string): Plan => {
    const service = services.get(key)
    const { namespace = "", name } = parseKey(key)
    const present = endpoints.get(key)
    if (service === undefined) return present === undefined ? NOTHING : planServiceGone({ namespace, name })
    if (service.metadata.deletionTimestamp !== undefined || service.spec?.type === "ExternalName") return NOTHING
    const made = slices.byIndex(BY_SERVICE, key)
    if (service.spec?.selector === undefined) return planMirror(present, made)
    const selected = pods.byIndex(BY_NAMESPACE, namespace).filter((pod) => selects(service, pod))
    return planEndpoints(service, { pods: selected, endpoints: present, slices: made })
  }

  startController(runtime, {
    name: "endpoints",
    workers: 2,
    sources: [
      { informer: services, keysOf: ({ object }) => [keyOf(object)] },
      {
        informer: pods,
        keysOf: ({ object, before }) =>
          services
            .byIndex(BY_NAMESPACE, object.metadata.namespace ?? "")
            .filter((service) => selects(service, object) || (before !== undefined && selects(service, before)))
            .map(keyOf),
      },
      {
        informer: endpoints,
        keysOf: ({ object }) => (services.get(keyOf(object)) === undefined ? [] : [keyOf(object)]),
      },
      {
        informer: slices,
        keysOf: ({ object: { metadata } }) => {
          const name = metadata.labels?.[SERVICE_NAME_LABEL]
          return name === undefined ? [] : [`${metadata.namespace}/${name}`]
        },
      },
    ],
    reconcile: (key, signal) =>
      ignoringTerminating(applyPlan(cluster.client, planFor(key), { log: runtime.log, signal })),
  })
}

function selects({ spec }: Service, pod: Pod): boolean {
  const wanted = Object.entries(spec?.selector ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value)
}
