// What both planners of endpoint slices share: fitting wanted slices onto those that are there.
import { ENDPOINT_SLICES, type EndpointSlice, type SliceEndpoint, type SlicePort } from "#api/kubernetes/discovery.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { ObjectMeta } from "#apimachinery/meta.ts"
import type { Action } from "#runtime/plan.ts"

export const SERVICE_NAME_LABEL = "kubernetes.io/service-name"
export const MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
/** Endpoints in one slice. Source: kube-controller-manager --max-endpoints-per-slice. */
const ENDPOINTS_MAX = 100

/** Endpoints with the same ports and the same kind of address. */
export type Group = {
  readonly addressType: string
  readonly ports: readonly SlicePort[]
  readonly endpoints: readonly SliceEndpoint[]
}

/**
 * Writes as few slices as will do: one with the same ports is changed, one too many goes.
 *
 * @param metadata  of new slices; its labels and annotations are those of all
 */
export function planSlices(
  groups: readonly Group[],
  present: readonly EndpointSlice[],
  metadata: ObjectMeta,
): Action[] {
  const unused = new Set(present)
  const writes = groups.flatMap(inSlices).map((group): Action | undefined => {
    const isSame = (slice: EndpointSlice) =>
      slice.addressType === group.addressType && deepEqual(slice.ports ?? [], group.ports)
    const fitting = [...unused].filter(isSame)
    const found = fitting.find((slice) => deepEqual(slice.endpoints ?? [], group.endpoints)) ?? fitting[0]
    if (found === undefined) return creation(group, metadata)
    unused.delete(found)
    return change(found, group, metadata)
  })
  return [...writes.filter((write) => write !== undefined), ...[...unused].map(deletion)]
}

function inSlices({ endpoints, ...group }: Group): Group[] {
  const count = Math.max(1, Math.ceil(endpoints.length / ENDPOINTS_MAX))
  return Array.from({ length: count }, (_, i) => ({
    ...group,
    endpoints: endpoints.slice(i * ENDPOINTS_MAX, (i + 1) * ENDPOINTS_MAX),
  }))
}

function creation({ addressType, ports, endpoints }: Group, metadata: ObjectMeta): Action {
  const object: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata,
    addressType,
    endpoints: [...endpoints],
    ports: [...ports],
  }
  return { do: "create", type: ENDPOINT_SLICES as never, object }
}

function change(
  slice: EndpointSlice,
  { endpoints }: Group,
  { labels = {}, annotations }: ObjectMeta,
): Action | undefined {
  const isLabelled = deepEqual(slice.metadata.labels ?? {}, labels)
  const isAnnotated = annotations === undefined || deepEqual(slice.metadata.annotations ?? {}, annotations)
  if (isLabelled && isAnnotated && deepEqual(slice.endpoints ?? [], endpoints)) return undefined
  const metadata = { ...slice.metadata, labels, ...(annotations === undefined ? {} : { annotations }) }
  const object: EndpointSlice = { ...slice, metadata, endpoints: [...endpoints] }
  return { do: "update", type: ENDPOINT_SLICES as never, object }
}

function deletion({ metadata }: EndpointSlice): Action {
  const key = { namespace: metadata.namespace ?? "", name: metadata.name ?? "" }
  return {
    do: "delete",
    type: ENDPOINT_SLICES as never,
    key,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
  }
}
