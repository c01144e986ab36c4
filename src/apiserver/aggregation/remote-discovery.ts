// What other servers say that they have, as it was when they were last asked.
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"

/** A group version of another server. */
export type Discovered = {
  /** apidiscovery.k8s.io/v2 APIResourceDiscovery. */
  readonly resources: readonly JsonObject[]
  /** Where its OpenAPI document is, as its own index names it; undefined when it has none. */
  readonly openApi: string | undefined
}

export interface RemoteDiscovery {
  get(group: string, version: string): Discovered | undefined
  set(group: string, version: string, discovered: Discovered): void
  forget(group: string, version: string): void
  /** Counts up with every change. */
  readonly generation: number
}

export function newRemoteDiscovery(): RemoteDiscovery {
  const known = new Map<string, Discovered>()
  let generation = 0
  return {
    get: (group, version) => known.get(`${group}/${version}`),
    set(group, version, discovered) {
      const before = known.get(`${group}/${version}`)
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(discovered)) return
      known.set(`${group}/${version}`, discovered)
      generation++
    },
    forget(group, version) {
      if (known.delete(`${group}/${version}`)) generation++
    },
    get generation() {
      return generation
    },
  }
}

/** The resources of a group version in an APIGroupDiscoveryList; undefined when it is not in there. */
export function resourcesInGroupList(list: unknown, group: string, version: string): readonly JsonObject[] | undefined {
  const found = objectsIn(list, "items").find(({ metadata }) => isJsonObject(metadata) && metadata["name"] === group)
  const versioned = objectsIn(found, "versions").find((v) => v["version"] === version)
  return versioned && objectsIn(versioned, "resources")
}

/**
 * The same from an APIResourceList: of servers that know only that. Groups that it leaves out stay out. Source: k8s.io/apiserver endpoints/discovery/aggregated/fake.go
 * and endpoints.ConvertGroupVersionIntoToDiscovery.
 */
export function resourcesInList(list: unknown): readonly JsonObject[] {
  const described = objectsIn(list, "resources")
  return described
    .filter((resource) => !textOf(resource["name"]).includes("/"))
    .map((resource) => {
      const name = textOf(resource["name"])
      const subresources = described.filter((other) => textOf(other["name"]).startsWith(`${name}/`))
      return {
        resource: name,
        responseKind: responseKind(resource),
        scope: resource["namespaced"] === true ? "Namespaced" : "Cluster",
        singularResource: textOf(resource["singularName"]),
        verbs: resource["verbs"] ?? [],
        ...copied(resource, "shortNames"),
        ...copied(resource, "categories"),
        ...(subresources.length === 0
          ? {}
          : {
              subresources: subresources.map((sub) => ({
                subresource: textOf(sub["name"]).slice(name.length + 1),
                responseKind: responseKind(sub),
                verbs: sub["verbs"] ?? [],
              })),
            }),
      }
    })
}

const responseKind = (described: JsonObject) => ({
  group: textOf(described["group"]),
  version: textOf(described["version"]),
  kind: textOf(described["kind"]),
})

/** Where the index at `/openapi/v3` has the document of a group version. */
export function openApiPath(index: unknown, group: string, version: string): string | undefined {
  const paths = isJsonObject(index) ? index["paths"] : undefined
  const entry = isJsonObject(paths) ? paths[`apis/${group}/${version}`] : undefined
  const url = isJsonObject(entry) ? entry["serverRelativeURL"] : undefined
  return typeof url === "string" && url.startsWith("/openapi/v3/") ? url : undefined
}

const textOf = (value: unknown) => (typeof value === "string" ? value : "")

const copied = (from: JsonObject, field: string) =>
  Array.isArray(from[field]) && from[field].length > 0 ? { [field]: from[field] } : {}

function objectsIn(parent: unknown, field: string): readonly JsonObject[] {
  const value = isJsonObject(parent) ? parent[field] : undefined
  return Array.isArray(value) ? value.filter((item) => isJsonObject(item)) : []
}
