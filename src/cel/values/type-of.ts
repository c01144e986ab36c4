import * as types from "#cel/types/type.ts"
import type { Type } from "#cel/types/type.ts"
import * as values from "./value.ts"
import type { Value } from "./value.ts"

/** The type of a value as far as it can be told at run time: elements of lists and maps are `dyn`. */
export function typeOf(value: Value): Type {
  switch (typeof value) {
    case "boolean":
      return types.BOOL
    case "bigint":
      return types.INT
    case "number":
      return types.DOUBLE
    case "string":
      return types.STRING
  }
  if (value === null) return types.NULL
  if (value instanceof values.Uint) return types.UINT
  if (value instanceof values.ListValue) return types.LIST
  if (value instanceof values.MapValue) return types.MAP
  if (value instanceof Uint8Array) return types.BYTES
  if (value instanceof values.Duration) return types.DURATION
  if (value instanceof values.Timestamp) return types.TIMESTAMP
  if (value instanceof values.OptionalValue) return types.OPTIONAL
  if (value instanceof values.TypeValue) return types.TYPE
  if (value instanceof values.OpaqueValue) return value.type
  return types.ERROR
}

/** Whether an argument may be a value of a declared type: by kind, and by name for types of libraries. */
export function isOfType(value: Value, type: Type): boolean {
  if (type.kind === "dyn" || type.kind === "any" || type.kind === "param") return !values.isError(value)
  const actual = typeOf(value)
  if (actual.kind !== type.kind) return false
  return actual.kind !== "opaque" && actual.kind !== "struct" ? true : actual.name === type.name
}

/** What `size()` gives and what costs count: characters, bytes, elements, entries; 1 for everything else. */
export function sizeOf(value: Value): number {
  if (typeof value === "string") return codePoints(value)
  if (value instanceof values.ListValue || value instanceof values.MapValue) return value.size
  if (value instanceof Uint8Array) return value.length
  return value instanceof values.OpaqueValue ? value.size : 1
}

/** The characters of a text: its length unless it has pairs of surrogates. */
export function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) if (text.codePointAt(i)! > 0xffff) count--
  return count
}
