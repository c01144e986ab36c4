import type { UnknownObject } from "#apimachinery/meta.ts"
import { customResources, type ConversionOf } from "./apiextensions/custom-resources.ts"
import { asDefinition, DEFINITIONS, isEstablished } from "./apiextensions/definition.ts"
import type { CustomResourceDefinition } from "./apiextensions/definition.ts"
import type { ObjectReader } from "./object-reader.ts"
import type { ResourceInfo, ResourceTable } from "./resource.ts"

export interface MutableResourceTable extends ResourceTable {
  /** Serves the established ones of these definitions, and no others. */
  setCustomResources(definitions: readonly UnknownObject[]): void
  /** The definitions that are served now. */
  readonly definitions: readonly CustomResourceDefinition[]
}

/** Built-in resources and, as their definitions come, custom ones. */
export function newResourceTable(options: {
  readonly builtin: readonly ResourceInfo[]
  readonly convert?: ConversionOf
}): MutableResourceTable {
  const { builtin, convert } = options
  // Servers share their built-in resources: the index over them is made once for all of them.
  const fixed = newIndex(builtin)
  let all = builtin
  let custom = newIndex([])
  let definitions: readonly CustomResourceDefinition[] = []
  let generation = 1
  /** What a definition gave, so that one change does not make all schemas be looked at anew. */
  let known = new Map<CustomResourceDefinition, ResourceInfo[]>()
  return {
    find: (group, version, resource) => {
      const key = `${group}/${version}/${resource}`
      return fixed.byResource.get(key) ?? custom.byResource.get(key)
    },
    findKind: (group, version, kind) => {
      const key = `${group}/${version}/${kind}`
      return fixed.byKind.get(key) ?? custom.byKind.get(key)
    },
    all: () => all,
    get generation() {
      return generation
    },
    get definitions() {
      return definitions
    },
    setCustomResources(objects) {
      definitions = objects.map(asDefinition).filter(isEstablished)
      known = new Map(definitions.map((d) => [d, known.get(d) ?? customResources(d, convert)]))
      const infos = [...known.values()].flat()
      custom = newIndex(infos)
      all = [...builtin, ...infos]
      generation++
    },
  }
}

/** Keeps the table in step with the definitions that are stored. @returns stops it */
export function followCustomResources(table: MutableResourceTable, reader: ObjectReader): () => void {
  table.setCustomResources(reader.list(DEFINITIONS))
  return reader.onChange((changes) => {
    if (
      changes.some(({ resource }) => resource.group === DEFINITIONS.group && resource.resource === DEFINITIONS.resource)
    ) {
      table.setCustomResources(reader.list(DEFINITIONS))
    }
  })
}

type Index = {
  readonly byResource: ReadonlyMap<string, ResourceInfo>
  readonly byKind: ReadonlyMap<string, ResourceInfo>
}

function newIndex(infos: readonly ResourceInfo[]): Index {
  return {
    byResource: new Map(infos.map((i) => [`${i.group}/${i.version}/${i.resource}`, i])),
    byKind: new Map(infos.map((i) => [`${i.group}/${i.version}/${i.kind}`, i])),
  }
}
