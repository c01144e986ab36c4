import type { KubeObject, UnknownObject } from "./meta.ts"

/**
 * A served resource. `T` is the type of its objects and exists for the compiler only, so that
 * `client.get(MANAGED_CLUSTERS, …)` is typed.
 */
export type ResourceType<T extends KubeObject = UnknownObject> = {
  readonly group: string
  readonly version: string
  /** Plural, lower case: `manifestworks`. */
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never set. */
  readonly __object?: T
}

/** `v1` for the core group, `group/version` otherwise. */
export function apiVersionOf(type: { readonly group: string; readonly version: string }): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`
}

/** The inverse of {@link apiVersionOf}. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf("/")
  return slash < 0
    ? { group: "", version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

/** `deployments.apps`, `configmaps`: how errors and caches name a resource. */
export function groupResource(type: { readonly group: string; readonly resource: string }): string {
  return type.group === "" ? type.resource : `${type.resource}.${type.group}`
}

/** The URL path of a collection or, with a name, of an object. */
export function pathOf(
  type: ResourceType<never> | ResourceType,
  key: {
    readonly namespace?: string | undefined
    readonly name?: string | undefined
    readonly subresource?: string | undefined
  } = {},
): string {
  let path = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  if (key.namespace !== undefined && type.namespaced) path += `/namespaces/${encodeURIComponent(key.namespace)}`
  path += `/${type.resource}`
  if (key.name !== undefined) path += `/${encodeURIComponent(key.name)}`
  if (key.subresource !== undefined) path += `/${key.subresource}`
  return path
}
