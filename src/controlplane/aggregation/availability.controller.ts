// APIServices: whether the servers that they name answer, and what they have.
//
// Reads:    APIService, Service, EndpointSlice; the servers themselves.
// Wakes on: all three kinds, and every half a minute.
// Writes:   APIService.status; what discovery tells of them.
// Gives up when: the APIService is gone, or is this server's own.
import { API_SERVICES, type ApiService } from "#api/kubernetes/apiregistration.ts"
import { SERVICES } from "#api/kubernetes/core.ts"
import { ENDPOINT_SLICES } from "#api/kubernetes/discovery.ts"
import { keyOf } from "#apimachinery/meta.ts"
import type { RemoteService } from "#apiserver/aggregation/api-services.ts"
import type { AggregationDeps } from "#apiserver/aggregation/proxy.ts"
import type { RemoteDiscovery } from "#apiserver/aggregation/remote-discovery.ts"
import { formatTime } from "#lib/clock.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { SERVICE_NAME_LABEL } from "#controlplane/endpoints/slices.ts"
import { askServer } from "./ask.ts"
import { availableConditions, failedCheck, judgeService, PASSED, type Verdict } from "./availability.plan.ts"

const AGAIN_AFTER_MS = 30_000
/** While a server does not answer. */
const RETRY_AFTER_MS = 2_000
const BY_SERVICE = "apiservices/service"
const SLICES_BY_SERVICE = "slices/service"

export function startApiAvailability(
  runtime: Runtime,
  cluster: Cluster,
  aggregation: AggregationDeps & { readonly discovery: RemoteDiscovery },
): void {
  const { clock } = runtime
  const apis = cluster.informers.informer(API_SERVICES)
  const services = cluster.informers.informer(SERVICES)
  const slices = cluster.informers.informer(ENDPOINT_SLICES)
  const serviceKey = ({ spec }: ApiService) => spec.service && `${spec.service.namespace}/${spec.service.name}`
  apis.addIndex(BY_SERVICE, (api) => [serviceKey(api)].filter((key) => key !== undefined))
  slices.addIndex(SLICES_BY_SERVICE, ({ metadata }) => [
    `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL]}`,
  ])
  const namedBy = (key: string) => apis.byIndex(BY_SERVICE, key).map(({ metadata }) => metadata.name ?? "")

  /** @returns whether it answers, and remembers what it has */
  const ask = async (remote: RemoteService): Promise<Verdict> => {
    try {
      const discovered = await askServer({ ...aggregation, clock }, remote)
      aggregation.discovery.set(remote.group, remote.version, discovered)
      return PASSED
    } catch (error) {
      return failedCheck((error as Error).message)
    }
  }

  startController(runtime, {
    name: "apiservice-availability",
    workers: 2,
    sources: [
      {
        informer: apis,
        keysOf: ({ object, kind }) => (kind === "deleted" ? forget(object) : [object.metadata.name ?? ""]),
      },
      { informer: services, keysOf: ({ object }) => namedBy(keyOf(object)) },
      {
        informer: slices,
        keysOf: ({ object: { metadata } }) => namedBy(`${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL]}`),
      },
    ],
    reconcile: async (name, signal) => {
      const api = apis.get(name)
      const key = api && serviceKey(api)
      if (api === undefined || key === undefined) return {}
      const { group = "", version = "" } = api.spec
      const remote = aggregation.services.find(group, version)
      if (remote === undefined) return {}
      const verdict =
        judgeService(api, services.get(key), slices.byIndex(SLICES_BY_SERVICE, key)) ?? (await ask(remote))
      const conditions = availableConditions(api, verdict, formatTime(clock.nowMs()))
      if (conditions !== undefined)
        await cluster.client.patch(
          API_SERVICES,
          { name },
          { merge: { status: { conditions } } },
          { subresource: "status", signal },
        )
      return { requeueAfterMs: verdict === PASSED ? AGAIN_AFTER_MS : RETRY_AFTER_MS }
    },
  })

  function forget({ spec }: ApiService): string[] {
    aggregation.discovery.forget(spec.group ?? "", spec.version ?? "")
    return []
  }
}
