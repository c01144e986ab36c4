import type { ListMeta, UnknownObject } from "#apimachinery/meta.ts"
import type { Column } from "#apiserver/resource.ts"

/** What a row of a table carries besides its cells. */
export type IncludeObject = "None" | "Metadata" | "Object"

/** metav1.PartialObjectMetadata: the object's metadata and nothing else. */
export function partialObject(object: UnknownObject, viewVersion = "v1"): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${viewVersion}`, metadata: object.metadata }
}

/** metav1.PartialObjectMetadataList. */
export function partialList(items: readonly UnknownObject[], metadata: ListMeta, viewVersion = "v1"): object {
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: `meta.k8s.io/${viewVersion}`,
    metadata,
    items: items.map((item) => partialObject(item, viewVersion)),
  }
}

/**
 * metav1.Table, which kubectl prints.
 *
 * @param heads  false in all but the first event of a watch: column definitions are sent once
 */
export function tableOf(
  items: readonly UnknownObject[],
  options: {
    readonly columns: readonly Column[]
    readonly metadata: ListMeta
    readonly include: IncludeObject
    readonly nowMs: number
    readonly viewVersion?: string
    readonly heads?: boolean
  },
): { readonly kind: string; readonly apiVersion: string } {
  const { columns, include, nowMs, viewVersion = "v1" } = options
  const table = {
    kind: "Table",
    apiVersion: `meta.k8s.io/${viewVersion}`,
    metadata: options.metadata,
    columnDefinitions: options.heads === false ? null : columns.map(definitionOf),
    rows: items.map((item) => ({
      cells: columns.map((column) => column.cell(item, nowMs) ?? null),
      object: include === "None" ? null : include === "Object" ? item : partialObject(item, viewVersion),
    })),
  }
  return table
}

function definitionOf({ name, type, format = "", description = "", priority = 0 }: Column): object {
  return { name, type, format, description, priority }
}
