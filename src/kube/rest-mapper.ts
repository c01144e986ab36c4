import type { Clock } from "#lib/clock.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KubeClient, RestMapper } from "./client.ts"
import { readAggregated, readLegacy } from "./discovery.ts"
import type { DiscoveredGroup } from "./discovery.ts"

export type RestMapperOptions = {
  readonly client: KubeClient
  readonly clock: Clock
  /** A kind that is not known is looked for on the server at most this often. Default 2 s. */
  readonly refreshMinMs?: number
}

const REFRESH_MIN_MS_DEFAULT = 2_000

type Maps = {
  /** `apiVersion kind` */
  readonly byKind: ReadonlyMap<string, ResourceType<UnknownObject>>
  /** `group resource`, at the preferred version */
  readonly byName: ReadonlyMap<string, ResourceType<UnknownObject>>
}

/**
 * Resources by discovery, read once and read again when something is asked for that was not there. What vanishes is
 * noticed by such a read only: until then its writes are refused by the server.
 */
export function newRestMapper(options: RestMapperOptions): RestMapper {
  const { client, clock, refreshMinMs = REFRESH_MIN_MS_DEFAULT } = options
  let maps: Maps | undefined
  let readAtMs = -Infinity
  let reading: Promise<Maps> | undefined

  const read = async (): Promise<Maps> => {
    maps = mapsOf((await readAggregated(client)) ?? (await readLegacy(client)))
    readAtMs = clock.nowMs()
    return maps
  }

  const find = async (look: (maps: Maps) => ResourceType<UnknownObject> | undefined) => {
    const known = maps && look(maps)
    if (known !== undefined || clock.nowMs() - readAtMs < refreshMinMs) return known
    reading ??= read().finally(() => void (reading = undefined))
    return look(await reading)
  }

  return {
    resourceFor: (apiVersion, kind) => find((from) => from.byKind.get(`${apiVersion} ${kind}`)),
    resourceNamed: (group, resource) => find((from) => from.byName.get(`${group} ${resource}`)),
  }
}

function mapsOf(groups: readonly DiscoveredGroup[]): Maps {
  const byKind = new Map<string, ResourceType<UnknownObject>>()
  const byName = new Map<string, ResourceType<UnknownObject>>()
  for (const { group, versions } of groups) {
    // Versions come in the server's order of preference: the first to have a name keeps it.
    for (const { version, resources } of versions) {
      for (const { resource, kind, namespaced } of resources) {
        const type = { group, version, resource, kind, namespaced }
        const kindKey = `${apiVersionOf(type)} ${kind}`
        const nameKey = `${group} ${resource}`
        if (!byKind.has(kindKey)) byKind.set(kindKey, type)
        if (!byName.has(nameKey)) byName.set(nameKey, type)
      }
    }
  }
  return { byKind, byName }
}
