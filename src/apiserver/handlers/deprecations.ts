import type { ResourceInfo } from "#apiserver/resource.ts"

/** Built-in types that still are served and should not be used. Source: k8s.io/api, APILifecycleDeprecated. */
const DEPRECATED: Readonly<Record<string, string>> = {
  "/v1/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  "/v1/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
}

/** @returns the warning that each answer about the type carries */
export function deprecationOf({ group, version, resource, strategy }: ResourceInfo): string | undefined {
  return strategy.deprecation ?? DEPRECATED[`${group}/${version}/${resource}`]
}
