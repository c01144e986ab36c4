import type { KubeObject } from "#apimachinery/meta.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import { formatYaml } from "#lib/yaml.ts"
import { CommandError, EXIT } from "./terminal.ts"
import { formatTable } from "./table.ts"

export type OutputFormat = "table" | "wide" | "json" | "yaml" | "name"

/** @throws CommandError for a format that is none of `-o`'s */
export function parseOutputFormat(text: string | undefined): OutputFormat {
  if (text === undefined) return "table"
  if (text === "table" || text === "wide" || text === "json" || text === "yaml" || text === "name") return text
  throw new CommandError(`Cannot print as "${text}": want one of table, wide, json, yaml, name`, {
    exitCode: EXIT.usage,
  })
}

/** A column of a table of objects; a wide one shows with `-o wide` only. */
export type ObjectColumn<T> = { readonly head: string; readonly wide?: boolean; readonly cell: (object: T) => string }

/**
 * Objects as text in the format that the user asked for.
 *
 * @param list  true for a collection (json and yaml then print a List), false for one named object
 */
export function formatObjects<T extends KubeObject>(
  objects: readonly T[],
  options: { format: OutputFormat; columns: readonly ObjectColumn<T>[]; resource: string; list: boolean },
): string {
  switch (options.format) {
    case "json":
      return JSON.stringify(documentOf(objects, options.list), null, 2) + "\n"
    case "yaml":
      return formatYaml(documentOf(objects, options.list))
    case "name":
      return objects.map((o) => `${qualified(o, options.resource)}/${o.metadata.name}\n`).join("")
    case "table":
    case "wide": {
      const columns = options.columns.filter((c) => !c.wide || options.format === "wide")
      return formatTable(
        columns.map((c) => c.head),
        objects.map((o) => columns.map((c) => c.cell(o))),
      )
    }
  }
}

function documentOf<T extends KubeObject>(objects: readonly T[], list: boolean): unknown {
  const shown = objects.map(withoutManagedFields)
  return list ? { apiVersion: "v1", kind: "List", metadata: {}, items: shown } : shown[0]
}

/** managedFields drown what people look for; kubectl hides them too. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function qualified(object: KubeObject, resource: string): string {
  const { group } = parseApiVersion(object.apiVersion)
  const singular = resource.endsWith("s") ? resource.slice(0, -1) : resource
  return group === "" ? singular : `${singular}.${group}`
}
