import { clone, isJsonObject, memberOf, setMember, type JsonObject } from "#apimachinery/json.ts"
import { badRequest } from "#apimachinery/status-error.ts"
import { goJsonKind } from "#apimachinery/go-text.ts"

/**
 * JSON merge patch: members of the patch replace those of the document, null removes, arrays are replaced whole.
 * Neither argument is changed, and nothing of them is in the result.
 *
 * @throws StatusError BadRequest when the patch is no object
 * @see RFC 7386
 */
export function mergePatch(doc: unknown, patch: unknown): unknown {
  if (patch === null) throw badRequest("Invalid JSON Patch")
  if (!isJsonObject(patch)) {
    const kind = goJsonKind(patch)
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
    )
  }
  return isJsonObject(doc) ? merge(doc, patch) : withoutNulls(patch)
}

function merge(doc: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = {}
  for (const key in doc) if (!Object.hasOwn(patch, key)) setMember(merged, key, clone(doc[key]))
  for (const key in patch) {
    const value = patch[key]
    if (value === null || value === undefined) continue
    setMember(merged, key, mergeValue(memberOf(doc, key), value))
  }
  return merged
}

function mergeValue(before: unknown, value: unknown): unknown {
  if (!isJsonObject(before)) return withoutNulls(value)
  return isJsonObject(value) ? merge(before, value) : clone(value)
}

/** What is new has nothing to remove. Nulls that are elements of an array are values and stay. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isJsonObject(value)) return value
  const result: JsonObject = {}
  for (const key in value) {
    const member = value[key]
    if (member !== null && member !== undefined) setMember(result, key, withoutNulls(member))
  }
  return result
}
