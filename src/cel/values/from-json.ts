import { isJsonObject } from "#apimachinery/json.ts"
import { ArrayList, EntryMap, type Value } from "./value.ts"

/** A JSON value without a schema. Whole numbers are of type int, others double. */
export function valueOf(json: unknown): Value {
  if (json === undefined || json === null) return null
  if (typeof json === "number") return Number.isInteger(json) ? BigInt(json) : json
  if (typeof json === "string" || typeof json === "boolean" || typeof json === "bigint") return json
  if (Array.isArray(json)) return new ArrayList(json.map(valueOf))
  if (!isJsonObject(json)) throw new Error(`Cannot make a CEL value of a ${typeof json}`)
  return new EntryMap(Object.entries(json).map(([key, member]) => [key, valueOf(member)] as const))
}
