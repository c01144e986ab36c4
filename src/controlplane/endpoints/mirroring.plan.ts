// Source: k8s.io/kubernetes pkg/controller/endpointslicemirroring.
import type { EndpointAddress, Endpoints, EndpointSubset } from "#api/kubernetes/core.ts"
import type { EndpointSlice, SliceEndpoint } from "#api/kubernetes/discovery.ts"
import type { Plan } from "#runtime/plan.ts"
import { controllerReference } from "#controlplane/workloads/pods.ts"
import { MANAGED_BY_LABEL, planSlices, SERVICE_NAME_LABEL, type Group } from "./slices.ts"

const MANAGER = "endpointslicemirroring-controller.k8s.io"
const SKIP_LABEL = "endpointslice.kubernetes.io/skip-mirror"
const LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"
const NOT_MIRRORED = new Set([
  "endpoints.kubernetes.io/last-change-trigger-time",
  "kubectl.kubernetes.io/last-applied-configuration",
])

/** Slices for Endpoints that somebody wrote by hand, for a service that selects nothing. */
export function planMirror(endpoints: Endpoints | undefined, slices: readonly EndpointSlice[]): Plan {
  const ours = slices.filter((slice) => slice.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER)
  if (endpoints === undefined || !isMirrored(endpoints)) return { actions: planSlices([], ours, {}) }
  const { name = "", namespace = "", labels, annotations = {} } = endpoints.metadata
  const groups = (endpoints.subsets ?? []).flatMap(groupsOf)
  const metadata = {
    generateName: `${name}-`,
    namespace,
    labels: { ...labels, [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: MANAGER },
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !NOT_MIRRORED.has(key))),
    ownerReferences: [controllerReference({ ...endpoints, apiVersion: "v1", kind: "Endpoints" })],
  }
  return { actions: planSlices(groups, ours, metadata) }
}

const isMirrored = ({ metadata }: Endpoints) =>
  metadata.labels?.[SKIP_LABEL] !== "true" && metadata.annotations?.[LEADER_ANNOTATION] === undefined

function groupsOf({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): Group[] {
  const all = [
    ...addresses.map((address) => ({ address, ready: true })),
    ...notReadyAddresses.map((address) => ({ address, ready: false })),
  ]
  return ["IPv4", "IPv6"].flatMap((addressType) => {
    const endpoints = all
      .filter(({ address }) => address.ip.includes(":") === (addressType === "IPv6"))
      .map(({ address, ready }) => endpointOf(address, ready))
    return endpoints.length === 0 ? [] : [{ addressType, ports: ports.map((p) => ({ name: "", ...p })), endpoints }]
  })
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): SliceEndpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  }
}
