import { findJsonPath, JsonPathError, parseJsonPath } from "#apimachinery/jsonpath.ts"
import type { JsonPath } from "#apimachinery/jsonpath.ts"
import { ageCell, since } from "#apiserver/builtin/columns/cells.ts"
import { creationTimeDescription, nameColumn } from "#apiserver/builtin/columns/columns.ts"
import type { Column } from "#apiserver/resource.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { DefinitionColumn, DefinitionVersion } from "./definition.ts"

/** Columns that a definition asks for, after the name; the age when it asks for none. Source: apiextensions tableconvertor. */
export function customColumns(version: DefinitionVersion): readonly Column[] {
  const columns = version.additionalPrinterColumns ?? []
  if (columns.length === 0) {
    return [nameColumn(), { name: "Age", type: "date", description: creationTimeDescription(), cell: ageCell }]
  }
  return [nameColumn(), ...columns.map(newColumn)]
}

function newColumn(column: DefinitionColumn): Column {
  const { name, type, format, description, priority, jsonPath } = column
  const path = tryParse(jsonPath)
  return {
    name,
    type: type as Column["type"],
    ...(format === undefined ? {} : { format }),
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    ...(priority === undefined ? {} : { priority }),
    cell: (object, nowMs) => (path === undefined ? null : cellOf(findJsonPath(path, object)[0], type, nowMs)),
  }
}

/** A path that cannot be read prints nothing, as upstream has it: definitions of other makers must not break a listing. */
function tryParse(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text)
  } catch (error) {
    if (error instanceof JsonPathError) return undefined
    throw error
  }
}

/** The first value that the path finds, if it is of the column's type. */
function cellOf(value: unknown, type: string, nowMs: number): unknown {
  if (value === undefined || value === null) return null
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null
    case "number":
      return typeof value === "number" ? value : null
    case "boolean":
      return typeof value === "boolean" ? value : null
    case "string":
      return typeof value === "string" ? value : JSON.stringify(value)
    case "date":
      if (typeof value !== "string") return null
      return parseTimeMs(value) === undefined ? "<invalid>" : since(value, nowMs)
    default:
      return null
  }
}
