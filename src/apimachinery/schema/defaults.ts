import { clone, setMember, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KindSchema } from "#apimachinery/openapi.ts"
import { rootShape, type Shape } from "./shape.ts"

/**
 * Fills in, in place, what is missing and has a default. A null that may not be one is replaced by the default where
 * there is one, and else removed.
 *
 * @param keepNulls  such nulls stay where there is no default, for validation to refuse
 * @see KEP-2337; apiextensions-apiserver pkg/apiserver/schema/defaulting
 */
export function setSchemaDefaults(object: UnknownObject, kind: KindSchema, keepNulls = false): void {
  setDefaults(object, rootShape(kind), keepNulls)
}

function setDefaults(value: unknown, shape: Shape, keepNulls: boolean): void {
  if (typeof value !== "object" || value === null || shape.free) return
  if (Array.isArray(value)) {
    const { items } = shape
    if (items === undefined) return
    for (let i = 0; i < value.length; i++) {
      if (value[i] === null && !items.nullable && items.default !== undefined) value[i] = clone(items.default)
      setDefaults(value[i], items, keepNulls)
    }
    return
  }
  setMembers(value as JsonObject, shape, keepNulls)
}

function setMembers(object: JsonObject, shape: Shape, keepNulls: boolean): void {
  for (const key in object) {
    const member = shape.member(key)
    if (member === undefined) continue
    const value = object[key]
    if (value !== null || member.nullable) setDefaults(value, member, keepNulls)
    else if (member.default !== undefined) setDefault(object, key, member)
    else if (!keepNulls) delete object[key]
  }
  for (const [key, property] of defaultedProperties(shape)) {
    if (!Object.hasOwn(object, key)) setDefault(object, key, property)
  }
}

/** A default may hold objects that have defaults themselves. */
function setDefault(object: JsonObject, key: string, shape: Shape): void {
  const value = clone(shape.default)
  setDefaults(value, shape, false)
  setMember(object, key, value)
}

const defaulted = new WeakMap<Shape, readonly (readonly [string, Shape])[]>()

function defaultedProperties(shape: Shape): readonly (readonly [string, Shape])[] {
  let properties = defaulted.get(shape)
  if (properties === undefined) {
    properties = [...shape.properties].filter(([, property]) => property.default !== undefined)
    defaulted.set(shape, properties)
  }
  return properties
}
