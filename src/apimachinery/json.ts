/**
 * Deep equality and copies of JSON values, written by hand because the built-in ones cost five to ten times as much on
 * objects of the size of a Pod, and every write and every patch needs them.
 */

/** A JSON object whose members are not known. */
export type JsonObject = { [field: string]: unknown }

/** @returns whether `value` is a JSON object: neither null nor an array */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/**
 * Whether two JSON values are equal. The order of an object's members does not count; a member that is undefined
 * counts as absent, as JSON.stringify has it.
 */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false
    return true
  }
  if (Array.isArray(b)) return false
  return objectsEqual(a as JsonObject, b as JsonObject)
}

function objectsEqual(a: JsonObject, b: JsonObject): boolean {
  let count = 0
  for (const key in a) {
    const value = a[key]
    if (value === undefined) continue
    const other = Object.hasOwn(b, key) ? b[key] : undefined
    if (other === undefined || !deepEqual(value, other)) return false
    count++
  }
  for (const key in b) if (b[key] !== undefined) count--
  return count === 0
}

/** A deep copy of a JSON value. Nothing is shared with the original. */
export function clone<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) {
    const copy = Array.from({ length: value.length }) as unknown[]
    for (let i = 0; i < value.length; i++) copy[i] = clone(value[i])
    return copy as T
  }
  const copy: JsonObject = {}
  for (const key in value) setMember(copy, key, clone((value as JsonObject)[key]))
  return copy as T
}

/**
 * Sets an own member whatever its name. A plain assignment to `__proto__` would change the prototype, so that what a
 * client sent under this name would vanish from the object and appear as if inherited.
 */
export function setMember(object: JsonObject, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  } else object[key] = value
}

/** Reads an own member; what only the prototype has (`toString`, `constructor`) is absent. */
export function memberOf(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** JSON text with the members of every object sorted: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  const object = value as JsonObject
  const members: string[] = []
  for (const key of Object.keys(object).sort()) {
    if (object[key] !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(object[key])}`)
  }
  return `{${members.join(",")}}`
}

/** Orders text by code units, as Array.sort does without an argument. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
