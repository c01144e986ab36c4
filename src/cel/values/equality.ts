import { sameType } from "#cel/types/type.ts"
import {
  CelError,
  Duration,
  isError,
  ListValue,
  MapValue,
  noSuchOverload,
  OpaqueValue,
  OptionalValue,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from "./value.ts"

/** Whether values are equal, numbers by their value whatever their type. An error for what libraries cannot compare. */
export function equal(a: Value, b: Value): boolean | CelError {
  if (a === b) return typeof a !== "number" || !Number.isNaN(a)
  if (a === null || b === null) return false
  if (isError(a)) return a
  if (isNumeric(a)) return isNumeric(b) && compareNumbers(a, b) === 0
  if (typeof a === "string" || typeof a === "boolean") return false
  if (a instanceof ListValue) return equalLists(a, b)
  if (a instanceof MapValue) return equalMaps(a, b)
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof TypeValue) return b instanceof TypeValue && sameType(a.type, b.type)
  if (a instanceof OptionalValue) return equalOptionals(a, b)
  if (a instanceof OpaqueValue) {
    return b instanceof OpaqueValue && b.type.name === a.type.name ? a.equals(b) : noSuchOverload(b)
  }
  return false
}

function equalOptionals(a: OptionalValue, b: Value): boolean | CelError {
  if (!(b instanceof OptionalValue)) return false
  if (a.value === undefined || b.value === undefined) return a.value === b.value
  return equal(a.value, b.value)
}

function equalLists(a: ListValue, b: Value): boolean | CelError {
  if (!(b instanceof ListValue)) return a.equalsList === undefined ? false : noSuchOverload(b)
  if (a.equalsList !== undefined) return a.equalsList(b)
  if (a.size !== b.size) return false
  for (let i = 0; i < a.size; i++) if (equal(a.at(i), b.at(i)) === false) return false
  return true
}

function equalMaps(a: MapValue, b: Value): boolean | CelError {
  if (!(b instanceof MapValue)) return a.equalsMap === undefined ? false : noSuchOverload(b)
  if (a.equalsMap !== undefined) return a.equalsMap(b)
  if (a.size !== b.size) return false
  for (const key of a.keys()) {
    const other = b.find(key)
    if (other === undefined || equal(a.find(key)!, other) === false) return false
  }
  return true
}

const isNumeric = (value: Value): value is bigint | number | Uint =>
  typeof value === "bigint" || typeof value === "number" || value instanceof Uint

/** -1, 0, 1; NaN when one of them is no number. */
function compareNumbers(a: bigint | number | Uint, b: bigint | number | Uint): number {
  const x = a instanceof Uint ? a.value : a
  const y = b instanceof Uint ? b.value : b
  if (typeof x === "bigint" && typeof y === "bigint") return x < y ? -1 : x > y ? 1 : 0
  // Where one is a double, both are compared as doubles, but for what is out of the range of the integer's type.
  if (typeof x === "number" && typeof y === "number") return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN
  const p = Number(x)
  const q = Number(y)
  return p < q ? -1 : p > q ? 1 : p === q ? 0 : Number.NaN
}

/** How values are ordered: -1, 0 or 1; an error for those of types that have no order among each other. */
export function compare(a: Value, b: Value): number | CelError {
  if (isNumeric(a) && isNumeric(b)) {
    const order = compareNumbers(a, b)
    return Number.isNaN(order) ? new CelError("NaN values cannot be ordered") : order
  }
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b)
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  if (a instanceof Duration && b instanceof Duration) return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
  if (a instanceof Timestamp && b instanceof Timestamp) return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
  return noSuchOverload(isError(a) ? a : b)
}

/** By code point: UTF-16 would put what is beyond its first plane before the end of that plane. */
function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) === b.charCodeAt(i)) continue
    const start = i > 0 && (a.charCodeAt(i) & 0xfc00) === 0xdc00 && (b.charCodeAt(i) & 0xfc00) === 0xdc00 ? i - 1 : i
    return a.codePointAt(start)! < b.codePointAt(start)! ? -1 : 1
  }
  return Math.sign(a.length - b.length)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** Whether a list holds a value. */
export function contains(list: ListValue, value: Value): boolean | CelError {
  let error: CelError | undefined
  for (const element of list) {
    const same = equal(element, value)
    if (same === true) return true
    if (isError(same)) error ??= same
  }
  return error ?? false
}
