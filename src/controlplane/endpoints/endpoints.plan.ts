// Source: k8s.io/kubernetes pkg/controller/endpoint, k8s.io/endpointslice.
import { ENDPOINTS, type EndpointAddress, type Endpoints, type EndpointSubset } from "#api/kubernetes/core.ts"
import type { Pod, Service, ServicePort } from "#api/kubernetes/core.ts"
import type { EndpointSlice, SliceEndpoint, SlicePort } from "#api/kubernetes/discovery.ts"
import { compareText, deepEqual } from "#apimachinery/json.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { controllerReference, hasEnded } from "#controlplane/workloads/pods.ts"
import { MANAGED_BY_LABEL, planSlices, SERVICE_NAME_LABEL, type Group } from "./slices.ts"

const SLICE_MANAGER = "endpointslice-controller.k8s.io"
const ENDPOINTS_MANAGER = "endpoint-controller"
const ENDPOINTS_MANAGER_LABEL = "endpoints.kubernetes.io/managed-by"
const HEADLESS_LABEL = "service.kubernetes.io/headless"
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
/** Addresses in one Endpoints object. */
const ADDRESSES_MAX = 1000

/** Where a service leads to: its Endpoints and its slices, from the pods that it selects. */
export function planEndpoints(
  service: Service,
  seen: {
    /** All that the service selects. */
    readonly pods: readonly Pod[]
    readonly endpoints: Endpoints | undefined
    readonly slices: readonly EndpointSlice[]
  },
): Plan {
  const members = seen.pods
    .filter((pod) => !hasEnded(pod) && podIpOf(pod) !== "")
    .toSorted((a, b) => compareText(a.metadata.name ?? "", b.metadata.name ?? ""))
  const ours = seen.slices.filter((slice) => slice.metadata.labels?.[MANAGED_BY_LABEL] === SLICE_MANAGER)
  return {
    actions: [
      ...planSlices(groupsOf(service, members), ours, {
        generateName: `${service.metadata.name}-`,
        namespace: service.metadata.namespace ?? "",
        labels: {
          ...labelsOf(service),
          [SERVICE_NAME_LABEL]: service.metadata.name ?? "",
          [MANAGED_BY_LABEL]: SLICE_MANAGER,
        },
        ownerReferences: [controllerReference({ ...service, apiVersion: "v1", kind: "Service" })],
      }),
      ...endpointsWrite(service, subsetsOf(service, members), seen.endpoints),
    ],
  }
}

/** What is made for a service goes with it; slices have it as their owner. */
export function planServiceGone(key: { readonly namespace: string; readonly name: string }): Plan {
  return { actions: [{ do: "delete", type: ENDPOINTS as never, key }] }
}

const podIpOf = ({ status }: Pod) => status?.podIP ?? status?.podIPs?.[0]?.ip ?? ""

const hasReadyCondition = ({ status }: Pod) =>
  (status?.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True")

const isLeaving = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined

const isHeadless = ({ spec }: Service) => (spec?.clusterIP ?? "None") === "None" || spec?.clusterIP === ""

function labelsOf(service: Service): Record<string, string> {
  const reserved = new Set([SERVICE_NAME_LABEL, MANAGED_BY_LABEL, HEADLESS_LABEL])
  const own = Object.entries(service.metadata.labels ?? {}).filter(([key]) => !reserved.has(key))
  return { ...Object.fromEntries(own), ...(isHeadless(service) ? { [HEADLESS_LABEL]: "" } : {}) }
}

/** A service that selects nothing has one empty slice, so that all can see that it has been looked at. */
function groupsOf(service: Service, pods: readonly Pod[]): Group[] {
  const byPorts = new Map<string, { ports: SlicePort[]; endpoints: SliceEndpoint[] }>()
  for (const pod of pods) {
    const ports = portsOf(service, pod)
    if (ports === undefined) continue
    const id = JSON.stringify(ports)
    const group = byPorts.get(id) ?? { ports, endpoints: [] }
    group.endpoints.push(sliceEndpoint(service, pod))
    byPorts.set(id, group)
  }
  if (byPorts.size === 0) return [{ addressType: "IPv4", ports: [], endpoints: [] }]
  return [...byPorts.values()].map((group) => ({ addressType: "IPv4", ...group }))
}

function sliceEndpoint(service: Service, pod: Pod): SliceEndpoint {
  const serving = hasReadyCondition(pod)
  const terminating = isLeaving(pod)
  const { hostname } = addressOf(service, pod)
  return {
    addresses: [podIpOf(pod)],
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: targetOf(pod),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
  }
}

const targetOf = ({ metadata }: Pod) => ({
  kind: "Pod",
  namespace: metadata.namespace ?? "",
  name: metadata.name ?? "",
  ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
})

function addressOf(service: Service, pod: Pod): EndpointAddress {
  const { hostname, subdomain } = pod.spec as { hostname?: string; subdomain?: string }
  const isNamed = Boolean(hostname) && subdomain === service.metadata.name
  return {
    ip: podIpOf(pod),
    ...(isNamed && hostname !== undefined ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: targetOf(pod),
  }
}

/** @returns undefined for a pod that has none of the ports: it serves nothing */
function portsOf({ spec }: Service, pod: Pod): SlicePort[] | undefined {
  const wanted = spec?.ports ?? []
  if (wanted.length === 0) return isHeadless({ spec } as Service) ? [] : undefined
  const found = wanted.flatMap((port) => {
    const number = portNumber(port, pod)
    if (number === undefined) return []
    const { name = "", protocol = "TCP", appProtocol } = port
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
  return found.length === 0 ? undefined : found
}

function portNumber({ targetPort, port, protocol = "TCP" }: ServicePort, pod: Pod): number | undefined {
  if (typeof targetPort !== "string") return targetPort || port
  const named = pod.spec.containers
    .flatMap((container) => container.ports ?? [])
    .find((p) => p.name === targetPort && (p.protocol ?? "TCP") === protocol)
  return named?.containerPort
}

function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const subsets = new Map<string, { ready: EndpointAddress[]; notReady: EndpointAddress[]; ports: SlicePort[] }>()
  const publishAll = service.spec?.publishNotReadyAddresses === true
  for (const pod of pods.filter((p) => publishAll || !isLeaving(p)).slice(0, ADDRESSES_MAX)) {
    const ports = portsOf(service, pod)
    if (ports === undefined) continue
    const id = JSON.stringify(ports)
    const subset = subsets.get(id) ?? { ready: [], notReady: [], ports }
    const isReady = publishAll || hasReadyCondition(pod)
    ;(isReady ? subset.ready : subset.notReady).push(addressOf(service, pod))
    subsets.set(id, subset)
  }
  return [...subsets.values()].map(({ ready, notReady, ports }) => ({
    ...(ready.length === 0 ? {} : { addresses: ready.toSorted(byAddress) }),
    ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.toSorted(byAddress) }),
    ...(ports.length === 0
      ? {}
      : { ports: ports.map(({ name, ...port }) => ({ ...(name ? { name } : {}), ...port })) as never }),
  }))
}

const byAddress = (a: EndpointAddress, b: EndpointAddress) => compareText(a.ip, b.ip)

function endpointsWrite(service: Service, subsets: EndpointSubset[], present: Endpoints | undefined): Action[] {
  const { name = "", namespace = "" } = service.metadata
  const labels = { ...labelsOf(service), [ENDPOINTS_MANAGER_LABEL]: ENDPOINTS_MANAGER }
  const count = subsets.reduce((n, s) => n + (s.addresses?.length ?? 0) + (s.notReadyAddresses?.length ?? 0), 0)
  const annotations = count >= ADDRESSES_MAX ? { [OVER_CAPACITY]: "truncated" } : undefined
  const base: Endpoints = present ?? { apiVersion: "v1", kind: "Endpoints", metadata: { name, namespace } }
  const { subsets: _, ...rest } = base
  const object: Endpoints = {
    ...rest,
    metadata: { ...base.metadata, labels, ...(annotations === undefined ? {} : { annotations }) },
    ...(subsets.length === 0 ? {} : { subsets }),
  }
  if (present === undefined) return [{ do: "create", type: ENDPOINTS as never, object }]
  const isSame = deepEqual(present.subsets ?? [], subsets) && deepEqual(present.metadata.labels ?? {}, labels)
  return isSame ? [] : [{ do: "update", type: ENDPOINTS as never, object }]
}
