import { newDefinitionStrategy } from "#apiserver/apiextensions/definition-strategy.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, SubresourceInfo } from "#apiserver/resource.ts"
import type { Random } from "#lib/random.ts"
import { columnsOf } from "./columns/columns.ts"
import { EVENT_CONVERSION } from "./event-conversion.ts"
import { once } from "./generated-data.ts"
import { builtinKindSchema, builtinSchemaName } from "./schemas.ts"
import { selectableFieldsOf } from "./selectable-fields.ts"
import { servedGroups } from "./served.ts"
import type { ServedResource } from "./served.ts"
import type { KindStrategy } from "./strategies/kinds.ts"
import { kindStrategyOf } from "./strategies/registry.ts"
import { newPodStrategy } from "./strategies/pods.ts"
import { newServiceStrategy } from "./strategies/services.ts"
import { newStrategy } from "./strategies/strategy.ts"

export type BuiltinOptions = {
  /** Draws addresses and ports of services, and names of volumes that are added to pods. */
  readonly random: Random
  /** What the server stores, asked when a service or a pod is created. Without it, nothing is known to be taken. */
  readonly reader?: () => ObjectReader
}

/**
 * Everything that a kube-apiserver serves by default in its stable groups, in the order of its discovery. All but
 * services, pods and definitions is the same object for every server of the process.
 */
export function builtinResources(options: BuiltinOptions): ResourceInfo[] {
  return sharedResources().map((info) => {
    if (info.resource === "customresourcedefinitions") return withStrategy(info, newDefinitionStrategy(options.reader))
    if (info.group !== "") return info
    if (info.resource === "services") return withStrategy(info, newServiceStrategy(options))
    return info.resource === "pods" ? withStrategy(info, newPodStrategy(options)) : info
  })
}

const sharedResources = once((): readonly ResourceInfo[] =>
  servedGroups().flatMap((group) =>
    group.versions.flatMap(({ version, resources }) => resources.map((r) => newResource(group.name, version, r))),
  ),
)

/** Kinds that are stored as another version, or by another group's resource. */
const STORED_AS: { readonly [groupVersionResource: string]: ResourceInfo["storage"] } = {
  "events.k8s.io/v1/events": { group: "", resource: "events", version: "v1" },
  "autoscaling/v1/horizontalpodautoscalers": {
    group: "autoscaling",
    resource: "horizontalpodautoscalers",
    version: "v2",
  },
}

const CONVERSIONS: { readonly [groupVersionResource: string]: NonNullable<ResourceInfo["convert"]> } = {
  "events.k8s.io/v1/events": EVENT_CONVERSION,
}

function newResource(group: string, version: string, served: ServedResource): ResourceInfo {
  const { resource } = served
  const { kind } = served.responseKind
  const id = `${group}/${version}/${resource}`
  const subresources = (served.subresources ?? []).map(newSubresource)
  const info: ResourceInfo = {
    group,
    version,
    resource,
    singular: served.singularResource,
    kind,
    listKind: `${kind}List`,
    namespaced: served.scope === "Namespaced",
    verbs: served.verbs,
    shortNames: served.shortNames ?? [],
    categories: served.categories ?? [],
    subresources,
    custom: false,
    storage: STORED_AS[id] ?? { group, resource, version },
    schema: () => builtinKindSchema(group, version, kind),
    strategy: newStrategy({ group, resource, schemaName: undefined, statusSubresource: false }, {}),
    columns: columnsOf(kind),
    selectableFields: selectableFieldsOf(group, resource),
    ...(CONVERSIONS[id] === undefined ? {} : { convert: CONVERSIONS[id] }),
  }
  return withStrategy(info, kindStrategyOf(group, resource))
}

function withStrategy(info: ResourceInfo, kind: KindStrategy): ResourceInfo {
  const { group, version, resource } = info
  const schemaName = builtinSchemaName(group, version, info.kind)
  const statusSubresource = info.subresources.some((s) => s.name === "status")
  return { ...info, strategy: newStrategy({ group, resource, schemaName, statusSubresource }, kind) }
}

type ServedSubresource = NonNullable<ServedResource["subresources"]>[number]

function newSubresource({ subresource, responseKind, verbs }: ServedSubresource): SubresourceInfo {
  return {
    name: subresource,
    kind: responseKind.kind,
    ...(responseKind.group === "" ? {} : { group: responseKind.group }),
    ...(responseKind.version === "" ? {} : { version: responseKind.version }),
    verbs,
  }
}
