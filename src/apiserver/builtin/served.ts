import { once, readGenerated } from "./generated-data.ts"

/** A resource as aggregated discovery describes it; the groups of kinds are empty where they are the resource's own. */
export type ServedResource = {
  readonly resource: string
  readonly responseKind: ServedKind
  readonly scope: "Namespaced" | "Cluster"
  readonly singularResource: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources?: readonly {
    readonly subresource: string
    readonly responseKind: ServedKind
    readonly verbs: readonly string[]
  }[]
  readonly storageVersionHash?: string
}

export type ServedKind = { readonly group: string; readonly version: string; readonly kind: string }

export type ServedGroup = {
  readonly name: string
  readonly versions: readonly { readonly version: string; readonly resources: readonly ServedResource[] }[]
}

/** What a server of Kubernetes serves by default, in the order in which discovery lists it. */
export const servedGroups = once(() => readGenerated<readonly ServedGroup[]>("resources.json"))
