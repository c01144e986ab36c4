// The built-in kind of discovery.k8s.io.
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { ObjectReference } from "./events.ts"

export type SlicePort = { name?: string; port?: number | null; protocol?: string; appProtocol?: string }

export type SliceEndpoint = {
  addresses: string[]
  conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean }
  hostname?: string
  targetRef?: ObjectReference
  nodeName?: string
  zone?: string
}

export type EndpointSlice = KubeObject & {
  addressType: string
  endpoints: SliceEndpoint[] | null
  ports?: SlicePort[] | null
}

export const ENDPOINT_SLICES: ResourceType<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  resource: "endpointslices",
  kind: "EndpointSlice",
  namespaced: true,
}
