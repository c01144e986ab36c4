import { goJsonKind, goText } from "#apimachinery/go-text.ts"
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KindSchema } from "#apimachinery/openapi.ts"
import { parseQuantity } from "#apimachinery/quantity.ts"
import { metadataShape } from "./object-meta.ts"
import { rootShape, type Shape } from "./shape.ts"

/**
 * Why an API server written in Go could not read an object into its type: the first value of a wrong type, in the words
 * of its JSON decoder: `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
 *
 * @param only  "metadata" for custom resources, of which nothing else has a Go type
 * @returns undefined when it can be read
 */
export function findDecodeError(object: UnknownObject, kind: KindSchema, only?: "metadata"): string | undefined {
  const shape = rootShape(kind)
  if (only !== undefined) return decode(object.metadata, metadataShape(shape), { struct: "ObjectMeta", path: [] })
  const fields: Field = { struct: object.kind, path: [] }
  return decodeMembers(object, shape, fields)
}

/** Where the decoder is: the struct it fills and the fields that led there. Indexes and keys of maps are not told. */
type Field = { readonly struct: string; readonly path: readonly string[] }

function decode(value: unknown, shape: Shape, field: Field): string | undefined {
  // A null leaves everything as it is.
  if (value === null || value === undefined) return undefined
  const either = EITHER.get(shape.typeName ?? "")
  if (either !== undefined) return decodeEither(value, either, shape, field)
  if (shape.free) return undefined
  const custom = CUSTOM_DECODERS.get(shape.typeName ?? "")
  if (custom !== undefined) return custom(value, field)
  const { schema } = shape
  switch (schema.type) {
    case "object":
      if (!isJsonObject(value)) return wrongType(goJsonKind(value), shape, field)
      return decodeMembers(value, shape, shape.typeName === undefined ? field : { ...field, struct: shape.typeName })
    case "array":
      if (!Array.isArray(value)) return wrongType(goJsonKind(value), shape, field)
      return decodeItems(value, shape, field)
    case "string":
      if (typeof value !== "string") return wrongType(goJsonKind(value), shape, field)
      return schema.format === "byte" ? decodeBytes(value) : undefined
    case "boolean":
      return typeof value === "boolean" ? undefined : wrongType(goJsonKind(value), shape, field)
    case "integer":
    case "number":
      return decodeNumber(value, shape, field)
    default:
      return undefined
  }
}

type Either = "list of schemas" | "list of texts" | "boolean"

/** Types of a CRD's schemas that hold a schema or something else. */
const EITHER: ReadonlyMap<string, Either> = new Map([
  ["JSONSchemaPropsOrArray", "list of schemas"],
  ["JSONSchemaPropsOrStringArray", "list of texts"],
  ["JSONSchemaPropsOrBool", "boolean"],
])

function decodeEither(value: unknown, either: Either, shape: Shape, field: Field): string | undefined {
  if (either === "boolean") {
    if (typeof value === "boolean") return undefined
    if (!isJsonObject(value)) return "boolean or JSON schema expected"
  }
  const schema = shape.sibling("JSONSchemaProps")
  if (!Array.isArray(value)) return decode(value, schema, field)
  for (const item of value) {
    const isText = typeof item === "string"
    if (either === "list of texts" && !isText) return cannotUnmarshal(goJsonKind(item), field, "string")
    const problem = either === "list of schemas" ? decode(item, schema, field) : undefined
    if (problem !== undefined) return problem
  }
  return undefined
}

function decodeMembers(object: JsonObject, shape: Shape, field: Field): string | undefined {
  const isStruct = shape.properties.size > 0
  for (const name in object) {
    const member = shape.member(name)
    if (member === undefined) continue
    const problem = decode(object[name], member, isStruct ? { ...field, path: [...field.path, name] } : field)
    if (problem !== undefined) return problem
  }
  return undefined
}

function decodeItems(list: readonly unknown[], shape: Shape, field: Field): string | undefined {
  const { items } = shape
  if (items === undefined) return undefined
  for (const item of list) {
    const problem = decode(item, items, field)
    if (problem !== undefined) return problem
  }
  return undefined
}

function decodeNumber(value: unknown, shape: Shape, field: Field): string | undefined {
  if (typeof value !== "number") return wrongType(goJsonKind(value), shape, field)
  if (shape.schema.type === "number") return undefined
  const limit = shape.schema.format === "int32" ? 2 ** 31 : 2 ** 63
  if (Number.isInteger(value) && value >= -limit && value < limit) return undefined
  return wrongType(`number ${goText(value)}`, shape, field)
}

function decodeBytes(text: string): string | undefined {
  // Line breaks are allowed anywhere.
  const plain = text.replace(/[\r\n]/g, "")
  const wrong = /[^A-Za-z0-9+/]/.exec(plain.replace(/={0,2}$/, ""))
  if (wrong !== null) return `illegal base64 data at input byte ${wrong.index}`
  return plain.length % 4 === 0 ? undefined : `illegal base64 data at input byte ${plain.length - (plain.length % 4)}`
}

/** @param what  the value as the decoder calls it */
function wrongType(what: string, shape: Shape, field: Field): string {
  return cannotUnmarshal(what, field, goTypeOf(shape))
}

function cannotUnmarshal(what: string, { struct, path }: Field, goType: string): string {
  const target = path.length === 0 ? "Go value" : `Go struct field ${struct}.${path.join(".")}`
  return `json: cannot unmarshal ${what} into ${target} of type ${goType}`
}

function goTypeOf(shape: Shape): string {
  const { schema } = shape
  if (shape.qualifiedName !== undefined && schema.type === "object") return shape.qualifiedName
  switch (schema.type) {
    case "array":
      return `[]${shape.items === undefined ? "interface {}" : goTypeOf(shape.items)}`
    case "object":
      return `map[string]${shape.values === undefined ? "interface {}" : goTypeOf(shape.values)}`
    case "string":
      return schema.format === "byte" ? "[]uint8" : "string"
    case "boolean":
      return "bool"
    case "integer":
      return schema.format === "int32" ? "int32" : "int64"
    case "number":
      return "float64"
    default:
      return shape.qualifiedName ?? "interface {}"
  }
}

/** Types that read JSON in a way of their own. */
const CUSTOM_DECODERS: ReadonlyMap<string, (value: unknown, field: Field) => string | undefined> = new Map([
  ["Time", decodeTime],
  ["MicroTime", decodeMicroTime],
  ["Quantity", decodeQuantity],
  ["IntOrString", decodeIntOrString],
])

function decodeTime(value: unknown, field: Field): string | undefined {
  if (typeof value !== "string") return cannotUnmarshal(goJsonKind(value), field, "string")
  if (
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:\d{2})$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  ) {
    return undefined
  }
  const text = JSON.stringify(value)
  return `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`
}

/** Reads no other fraction than microseconds. */
function decodeMicroTime(value: unknown, field: Field): string | undefined {
  if (typeof value !== "string") return cannotUnmarshal(goJsonKind(value), field, "string")
  const [, rest] = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(.*)$/.exec(value) ?? []
  const why = (at: string, want: string) =>
    `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(at)} as ${JSON.stringify(want)}`
  if (rest === undefined) return why(value, "2006")
  return /^[.,]\d{6}\d*(Z|[+-]\d{2}:\d{2})$/.test(rest) ? undefined : why(rest, ".000000")
}

function decodeQuantity(value: unknown): string | undefined {
  try {
    const isScalar = typeof value === "string" || typeof value === "number"
    parseQuantity(isScalar ? (typeof value === "string" ? value.trim() : value) : JSON.stringify(value))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function decodeIntOrString(value: unknown, field: Field): string | undefined {
  if (typeof value === "string") return undefined
  if (typeof value !== "number") return cannotUnmarshal(goJsonKind(value), field, "int32")
  if (Number.isInteger(value) && Math.abs(value) <= 2 ** 31 - 1) return undefined
  return cannotUnmarshal(`number ${goText(value)}`, field, "int32")
}
