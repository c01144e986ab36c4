import { setMember, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { Shape } from "#apimachinery/schema/shape.ts"

/**
 * A built-in object without members that are null: typed objects have none. Parts without any are shared with the
 * argument, which is not changed.
 */
export function dropNulls(object: UnknownObject, shape: Shape): UnknownObject {
  return withoutNulls(object, shape, textOf) as UnknownObject
}

/** The same, with nulls in lists and maps as Go reads them: a list of structs has one that is empty. */
export function zeroNulls<T extends object>(object: T, shape: Shape): T {
  return withoutNulls(object, shape, zeroOf) as T
}

/** What a null that is an element of a list or map stands for. */
type Zero = (shape: Shape | undefined, isInMap: boolean) => unknown

function withoutNulls(value: unknown, shape: Shape | undefined, zero: Zero): unknown {
  if (typeof value !== "object" || value === null || shape === undefined || shape.free) return value
  if (Array.isArray(value)) {
    const items = value.map((item) =>
      item === null ? zero(shape.items, false) : withoutNulls(item, shape.items, zero),
    )
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
    const next = member === null ? zero(inner, true) : withoutNulls(member, inner, zero)
    changed ||= next !== member
    setMember(kept, key, next)
  }
  return changed ? kept : value
}

/** Text cannot be null: a map of texts holds an empty one then. */
function textOf(shape: Shape | undefined, isInMap: boolean): unknown {
  return isInMap && shape?.schema.type === "string" && shape.schema.format !== "byte" ? "" : null
}

function zeroOf(shape: Shape | undefined): unknown {
  if (shape === undefined || shape.free) return null
  if (shape.typeName === "Quantity") return "0"
  switch (shape.schema.type) {
    case "string":
      return ""
    case "integer":
    case "number":
      return 0
    case "boolean":
      return false
    case "array":
      return []
    case "object":
      return {}
    default:
      return null
  }
}
