import { setMember, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { Shape } from "#apimachinery/schema/shape.ts"

/**
 * A built-in object without members that are null: typed objects have none. Parts without any are shared with the
 * argument, which is not changed.
 */
export function dropNulls(object: UnknownObject, shape: Shape): UnknownObject {
  return withoutNulls(object, shape) as UnknownObject
}

function withoutNulls(value: unknown, shape: Shape | undefined): unknown {
  if (typeof value !== "object" || value === null || shape === undefined || shape.free) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => withoutNulls(item, shape.items))
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  const object = value as JsonObject
  let changed = false
  const kept: JsonObject = {}
  for (const key in object) {
    const member = object[key]
    // A null in a map is a value that its author set; a null field is one that is not set.
    if (member === null && shape.properties.has(key)) {
      changed = true
      continue
    }
    const inner = shape.member(key)
    // Text cannot be null: a map of texts holds an empty one then.
    const isText = inner?.schema.type === "string" && inner.schema.format !== "byte"
    const next = member === null && isText ? "" : withoutNulls(member, inner)
    changed ||= next !== member
    setMember(kept, key, next)
  }
  return changed ? kept : value
}
