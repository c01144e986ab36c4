import { readFileSync } from "node:fs"
import { join } from "node:path"

type ApiResource = { name: string; group?: string; version?: string; kind: string; storageVersionHash?: string }
type ApiResourceList = { groupVersion: string; resources: ApiResource[] }
type AggregatedResource = { resource: string; subresources?: AggregatedResource[] } & Record<string, unknown>
type AggregatedGroup = {
  metadata: { name?: string }
  versions: { version: string; resources: AggregatedResource[]; freshness?: string }[]
}

export type ServedGroup = {
  name: string
  versions: { version: string; resources: (AggregatedResource & { storageVersionHash?: string })[] }[]
}

/**
 * The groups that a server serves with its default settings: those with a stable version, in the order that it lists
 * them. Alpha and beta versions are in the module too and off by default.
 */
export function readDiscovery(kubernetes: string): { groups: ServedGroup[]; groupVersions: string[] } {
  const read = <T>(name: string) => JSON.parse(readFileSync(join(kubernetes, "api/discovery", name), "utf8")) as T
  const core: AggregatedGroup = {
    metadata: {},
    versions: [{ version: "v1", resources: aggregateCore(read("api__v1.json")) }],
  }
  const groups: ServedGroup[] = []
  for (const group of [core, ...read<{ items: AggregatedGroup[] }>("aggregated_v2.json").items]) {
    const name = group.metadata.name ?? ""
    const versions = group.versions
      .filter((v) => /^v\d+$/.test(v.version))
      .map(({ version, resources }) => {
        const file = name === "" ? `api__${version}.json` : `apis__${name}__${version}.json`
        const legacy = read<ApiResourceList>(file).resources
        return {
          version,
          resources: resources.map((r) => {
            const hash = legacy.find((l) => l.name === r.resource)?.storageVersionHash
            return hash === undefined ? r : { ...r, storageVersionHash: hash }
          }),
        }
      })
    if (versions.length > 0) groups.push({ name, versions })
  }
  const groupVersions = groups.flatMap((g) =>
    g.versions.map((v) => (g.name === "" ? v.version : `${g.name}/${v.version}`)),
  )
  return { groups, groupVersions }
}

type LegacyResource = ApiResource & {
  singularName: string
  namespaced: boolean
  verbs: string[]
  shortNames?: string[]
  categories?: string[]
}

/** The module's aggregated document leaves out the core group; its legacy list says the same in another form. */
function aggregateCore(list: { resources: LegacyResource[] }): AggregatedResource[] {
  const kindOf = (r: LegacyResource) => ({ group: r.group ?? "", version: r.version ?? "", kind: r.kind })
  return list.resources
    .filter((r) => !r.name.includes("/"))
    .map((r) => {
      const subresources = list.resources
        .filter((s) => s.name.startsWith(`${r.name}/`))
        .map((s) => ({ subresource: s.name.slice(r.name.length + 1), responseKind: kindOf(s), verbs: s.verbs }))
      return {
        resource: r.name,
        responseKind: kindOf(r),
        scope: r.namespaced ? "Namespaced" : "Cluster",
        singularResource: r.singularName,
        verbs: r.verbs,
        ...(r.shortNames ? { shortNames: r.shortNames } : {}),
        ...(r.categories ? { categories: r.categories } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      } as unknown as AggregatedResource
    })
}
