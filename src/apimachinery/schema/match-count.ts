import { isJsonObject } from "#apimachinery/json.ts"
import { formatCheck } from "./formats.ts"
import type { Shape } from "./shape.ts"
import { allowedTypes, typeCheck, typeOf } from "./value-checks.ts"

/**
 * How much of a schema fits a value, counted as go-openapi counts it: when no alternative of `anyOf` or `oneOf` is valid,
 * the messages of the one with the highest count are shown.
 */
export function matchCount(value: unknown, shape: Shape): number {
  const { schema } = shape
  const typed = typeCheck(schema)
  const typeMatches = typed !== undefined && typed(value) === undefined ? 1 : 0
  if (value === null) return typed === undefined ? 1 : typeMatches
  // One for each validator that applies (junctors and enums always do), and one for the schema itself.
  let count = 2 + 1 + 1
  if (allowedTypes(schema).length > 0 || formatCheck(schema.format) !== undefined) count += 1 + typeMatches
  switch (typeOf(value).type) {
    case "string":
      count += formatCheck(schema.format) === undefined ? 1 : 2
      break
    case "integer":
    case "number":
      count += 2
      break
    case "array":
      count += 2
      for (const item of value as unknown[]) if (shape.items !== undefined) count += matchCount(item, shape.items)
      break
    default:
      if (isJsonObject(value)) count += 1 + membersCount(value, shape)
  }
  return count
}

function membersCount(object: { readonly [key: string]: unknown }, shape: Shape): number {
  let count = 0
  for (const key in object) {
    const member = shape.member(key)
    if (member !== undefined) count += matchCount(object[key], member)
  }
  return count
}
