// What a schema says of values, for expressions: their types, and how large they can be. Sources: apiserver
// pkg/cel/common/schemas.go and pkg/cel/types.go.
import type { JsonSchema } from "#apimachinery/openapi.ts"
import type { Range } from "#cel/cost/range.ts"
import type { TypeProvider } from "#cel/types/declarations.ts"
import * as types from "#cel/types/type.ts"
import { listType, mapType, structType, type Type } from "#cel/types/type.ts"
import { escapeName } from "./field-names.ts"

/** Bytes of the largest request. */
const REQUEST_SIZE_MAX = 3 * 1024 * 1024

/** A type with sizes. */
export type DeclaredType = {
  readonly type: Type
  /** The fewest bytes of JSON that such a value takes. */
  readonly minSize: number
  /** The most elements or characters that it can have. */
  readonly maxElements: number
  readonly fields?: ReadonlyMap<string, DeclaredType>
  readonly key?: DeclaredType
  readonly element?: DeclaredType
}

const DATE_SIZE = 12
const simple = (type: Type, minSize: number, maxElements = 0): DeclaredType => ({ type, minSize, maxElements })
const STRING_KEY = simple(types.STRING, 2)

/**
 * The type of what a schema describes, under a name of its own for each object in it: `NAME.spec.items.@idx`.
 *
 * @param isResource  the schema is of a whole object, with kind and metadata
 * @returns undefined for what expressions cannot see, as a field without a type
 */
export function declaredType(schema: JsonSchema, isResource: boolean, name: string): DeclaredType | undefined {
  if (schema["x-kubernetes-int-or-string"]) {
    return simple(
      types.DYN,
      1,
      schema.maxLength === undefined ? REQUEST_SIZE_MAX - 2 : Math.max(0, schema.maxLength) * 4,
    )
  }
  switch (schema.type) {
    case "array":
      return declaredList(schema, name)
    case "object":
      return declaredObject(isResource ? withObjectMeta(schema) : schema, name)
    case "string":
      return declaredString(schema)
    case "boolean":
      return simple(types.BOOL, 4)
    case "number":
      return simple(types.DOUBLE, 1)
    case "integer":
      return simple(types.INT, 1)
    default:
      return undefined
  }
}

const isEmbedded = (schema: JsonSchema) => schema["x-kubernetes-embedded-resource"] === true

function declaredList(schema: JsonSchema, name: string): DeclaredType | undefined {
  const { items, maxItems } = schema
  const element = items && declaredType(items, isEmbedded(items), `${name}.@idx`)
  if (element === undefined) return undefined
  const fitting = Math.trunc((REQUEST_SIZE_MAX - 2) / (element.minSize + 1))
  const maxElements = maxItems === undefined ? fitting : Math.max(0, maxItems)
  return { type: listType(element.type), minSize: 2, maxElements, element }
}

function declaredObject(schema: JsonSchema, name: string): DeclaredType | undefined {
  const { additionalProperties, maxProperties } = schema
  if (typeof additionalProperties === "object") {
    const element = declaredType(additionalProperties, isEmbedded(additionalProperties), `${name}.@elem`)
    if (element === undefined) return undefined
    const fitting = Math.trunc((REQUEST_SIZE_MAX - 2) / (element.minSize + 6))
    const maxElements = maxProperties === undefined ? fitting : Math.max(0, maxProperties)
    return { type: mapType(types.STRING, element.type), minSize: 2, maxElements, key: STRING_KEY, element }
  }
  const fields = new Map<string, DeclaredType>()
  let minSize = 2
  for (const [property, inner] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(property)
    const field = declaredType(inner, isEmbedded(inner), `${name}.${escaped ?? property}`)
    if (field === undefined) continue
    if (escaped !== undefined) fields.set(escaped, field)
    const always = schema.required?.includes(property) === true && inner.default === undefined
    if (always) minSize += Buffer.byteLength(property) + field.minSize + 4
  }
  return { type: structType(name), minSize, maxElements: 0, fields }
}

function declaredString(schema: JsonSchema): DeclaredType {
  const { maxLength } = schema
  const unbounded = REQUEST_SIZE_MAX - 2
  switch (schema.format) {
    case "byte":
      return simple(types.BYTES, 2, maxLength === undefined ? unbounded : Math.max(0, maxLength))
    case "duration":
      return simple(types.DURATION, 3, 32)
    case "date":
      return simple(types.TIMESTAMP, DATE_SIZE, DATE_SIZE)
    case "date-time":
      return simple(types.TIMESTAMP, 21, 32)
  }
  // A character takes up to four bytes.
  if (maxLength !== undefined) return simple(types.STRING, 2, Math.max(0, maxLength) * 4)
  if (schema.enum === undefined || schema.enum.length === 0) return simple(types.STRING, 2, unbounded)
  const lengths = schema.enum.map((value) => (typeof value === "string" ? Buffer.byteLength(value) : 0))
  return simple(types.STRING, 2, Math.max(...lengths))
}

const TEXT: JsonSchema = { type: "string" }
const resources = new WeakMap<JsonSchema, JsonSchema>()

/** The schema with what every object has, and rules may look at: its kind, apiVersion, name and generateName. */
export function withObjectMeta(schema: JsonSchema): JsonSchema {
  let resource = resources.get(schema)
  if (resource === undefined) {
    const metadata: JsonSchema = { type: "object", properties: { name: TEXT, generateName: TEXT } }
    resource = { ...schema, properties: { ...schema.properties, kind: TEXT, apiVersion: TEXT, metadata } }
    resources.set(schema, resource)
  }
  return resource
}

/** Knows the objects' types that are part of a declared type. */
export function typeProvider(declared: DeclaredType): TypeProvider {
  const objects = new Map<string, ReadonlyMap<string, Type>>()
  const visit = ({ type, fields, element }: DeclaredType) => {
    if (fields !== undefined) {
      objects.set(type.name, new Map(Array.from(fields, ([name, field]) => [name, field.type])))
      for (const field of fields.values()) visit(field)
    }
    if (element !== undefined) visit(element)
  }
  visit(declared)
  return { fieldsOf: (name) => objects.get(name) }
}

/** How large what is at a path can be. The path's first name is a variable of the declared type. */
export function sizeAt(declared: DeclaredType, path: readonly string[]): Range | undefined {
  let current: DeclaredType | undefined = declared
  for (const name of path.slice(1)) {
    if (name === "@items" || name === "@values") current = current.element
    else if (name === "@keys") current = current.key
    else current = current.fields?.get(name)
    if (current === undefined) return undefined
  }
  return { min: 0, max: current.maxElements }
}

/** How many values of a type one request can carry. */
export function cardinalityMax({ minSize }: DeclaredType): number {
  return Math.trunc(REQUEST_SIZE_MAX / (minSize + 1))
}
