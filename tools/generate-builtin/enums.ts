import { readFileSync } from "node:fs"
import { join } from "node:path"

type EnumProperty = { description: string | undefined; values: unknown[]; ofItems: boolean }
/** By the name of the Go function that makes the schema, then by property. */
export type Enums = Map<string, Map<string, EnumProperty>>

const FUNCTION = /^func schema_(\w+)\(/
const PROPERTY = /^\t{5}"([^"]+)": \{$/
const DESCRIPTION = /^\t{7}Description: +("(?:[^"\\]|\\.)*"),$/
const ENUM = /^(\t+)Enum: +\[\]interface\{\}\{(.*)\},$/

/**
 * Values that fields may have. A server publishes them by default; the module's OpenAPI files are made without, but
 * its generated Go source has them, one property a block, in a form that lines of text are enough to read.
 */
export function readEnums(kubernetes: string): Enums {
  const enums: Enums = new Map()
  let current = new Map<string, EnumProperty>()
  let property = ""
  let description: string | undefined
  for (const line of readFileSync(join(kubernetes, "pkg/generated/openapi/zz_generated.openapi.go"), "utf8").split(
    "\n",
  )) {
    const name = FUNCTION.exec(line)?.[1]
    if (name !== undefined) {
      current = new Map()
      enums.set(name, current)
    } else if (PROPERTY.test(line)) {
      property = PROPERTY.exec(line)![1]!
      description = undefined
    } else if (DESCRIPTION.test(line)) {
      description = JSON.parse(DESCRIPTION.exec(line)![1]!) as string
    } else {
      const match = ENUM.exec(line)
      if (match === null) continue
      current.set(property, {
        description,
        values: JSON.parse(`[${match[2]}]`) as unknown[],
        ofItems: match[1]!.length > 7,
      })
    }
  }
  return enums
}

type Schema = { [key: string]: unknown; properties?: { [name: string]: { [key: string]: unknown } } }

export function enrichWithEnums(schemas: { [name: string]: Schema }, enums: Enums): void {
  for (const [name, schema] of Object.entries(schemas)) {
    for (const [propertyName, found] of enums.get(functionOf(name)) ?? []) {
      const property = schema.properties?.[propertyName]
      if (property === undefined) continue
      if (found.description !== undefined) property.description = found.description
      const target = found.ofItems ? (property.items ?? property.additionalProperties) : property
      if (target === undefined) throw new Error(`Cannot place the values of ${name} ${propertyName}: no items`)
      ;(target as { enum?: unknown[] }).enum = found.values
    }
  }
}

/** `io.k8s.api.apps.v1.Deployment` is made by `schema_k8sio_api_apps_v1_Deployment`: four parts of the package and the type. */
function functionOf(schemaName: string): string {
  const path = schemaName.replace(/^io\.k8s\./, "k8sio.").split(".")
  return path.slice(-5).join("_").replaceAll("-", "")
}
