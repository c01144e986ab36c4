export type Kind =
  | "any"
  | "bool"
  | "bytes"
  | "double"
  | "duration"
  | "dyn"
  | "error"
  | "int"
  | "list"
  | "map"
  | "null"
  | "opaque"
  | "string"
  | "struct"
  | "timestamp"
  | "type"
  | "param"
  | "uint"

/**
 * A CEL type. `name` tells apart types of the kinds `opaque` (as `net.IP`), `struct` (as a declared object) and `param`
 * (a type parameter); `params` are the element of a list, key and value of a map, and what opaque types have.
 */
export type Type = { readonly kind: Kind; readonly name: string; readonly params: readonly Type[] }

const simple = (kind: Kind, name: string = kind): Type => ({ kind, name, params: [] })

export const ANY = simple("any", "google.protobuf.Any")
export const BOOL = simple("bool")
export const BYTES = simple("bytes")
export const DOUBLE = simple("double")
export const DURATION = simple("duration", "google.protobuf.Duration")
export const DYN = simple("dyn")
export const ERROR = simple("error", "*error*")
export const INT = simple("int")
export const NULL = simple("null", "null_type")
export const STRING = simple("string")
export const TIMESTAMP = simple("timestamp", "google.protobuf.Timestamp")
export const TYPE = simple("type")
export const UINT = simple("uint")

export const listType = (element: Type): Type => ({ kind: "list", name: "list", params: [element] })
export const mapType = (key: Type, value: Type): Type => ({ kind: "map", name: "map", params: [key, value] })
export const structType = (name: string): Type => simple("struct", name)
export const opaqueType = (name: string, ...params: Type[]): Type => ({ kind: "opaque", name, params })
export const optionalType = (value: Type): Type => opaqueType("optional_type", value)
export const typeParam = (name: string): Type => simple("param", name)
/** The type of a type: what `type(x)` gives. */
export const typeOfType = (type: Type): Type => ({ kind: "type", name: "type", params: [type] })

/** A list of which only its being a list is known, as at run time. */
export const LIST = listType(DYN)
export const MAP = mapType(DYN, DYN)
export const OPTIONAL = optionalType(DYN)

export const isDyn = (type: Type): boolean => type.kind === "dyn" || type.kind === "any"

/** The type of the value that an optional may hold, or undefined for a type that is no optional. */
export function optionalValueType(type: Type): Type | undefined {
  return type.kind === "opaque" && type.name === "optional_type" ? type.params[0] : undefined
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true
  if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false
  return a.params.every((param, i) => sameType(param, b.params[i]!))
}

/** The type as problems name it: `map(string, list(int))`. Source: cel-go checker/format.go. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case "any":
    case "duration":
    case "null":
    case "timestamp":
      return type.kind
    case "error":
      return "!error!"
    default:
      return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(typeText).join(", ")})`
  }
}

/** A call as problems name it: `(int, string)`, `string.(int)` for a member. */
export function callText(args: readonly Type[], isMember: boolean): string {
  const texts = args.map(typeText)
  return isMember ? `${texts[0]}.(${texts.slice(1).join(", ")})` : `(${texts.join(", ")})`
}
