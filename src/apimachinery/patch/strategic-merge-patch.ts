import { goJsonKind, goText, goType } from "#apimachinery/go-text.ts"
import { clone, isJsonObject, memberOf, setMember, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KindSchema } from "#apimachinery/openapi.ts"
import { badRequest, newStatusError } from "#apimachinery/status-error.ts"
import { identityOf, orderElements } from "./element-order.ts"
import { PatchSchema, type PatchField } from "./patch-schema.ts"

const DIRECTIVE = "$patch"
const RETAIN_KEYS = "$retainKeys"
const SET_ELEMENT_ORDER = "$setElementOrder/"
const DELETE_FROM_PRIMITIVE_LIST = "$deleteFromPrimitiveList/"

/**
 * Strategic merge patch: like a merge patch, but lists whose schema says so merge by key, and directives in the patch
 * delete, replace and order. Neither argument is changed, and nothing of them is in the result.
 *
 * @throws StatusError BadRequest for a malformed patch, 422 for lists of lists, 500 (as the API server has it) for the rest
 * @see k8s.io/apimachinery/pkg/util/strategicpatch
 */
export function strategicMergePatch(doc: UnknownObject, patch: unknown, schema: KindSchema): UnknownObject {
  if (patch !== null && !isJsonObject(patch)) {
    throw badRequest(`json: cannot unmarshal ${goJsonKind(patch)} into Go value of type map[string]interface {}`)
  }
  const root = new PatchSchema(schema.schema, schema.resolve, doc.kind)
  return mergeObjects(clone(doc) as JsonObject, clone(patch ?? {}) as JsonObject, root) as UnknownObject
}

/** Merges in place; both arguments are private copies. */
function mergeObjects(original: JsonObject, patch: JsonObject, schema: PatchSchema): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return applyDirective(patch)
  retainKeys(original, patch)
  orderLists(original, patch, schema)
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    const deletes = key.startsWith(DELETE_FROM_PRIMITIVE_LIST)
    mergeMember(original, deletes ? key.slice(DELETE_FROM_PRIMITIVE_LIST.length) : key, value, deletes, schema)
  }
  return original
}

function applyDirective(patch: JsonObject): JsonObject {
  const directive = patch[DIRECTIVE]
  if (directive === "delete") return {}
  if (directive !== "replace") throw unknownDirective(directive, patch)
  const { [DIRECTIVE]: _, ...rest } = patch
  return rest
}

/** @param deletes  `value` lists scalars to take out of the list `key` */
function mergeMember(original: JsonObject, key: string, value: unknown, deletes: boolean, schema: PatchSchema): void {
  if (value === null || value === undefined) {
    delete original[key]
    return
  }
  const before = memberOf(original, key)
  if (before === undefined || goType(before) !== goType(value)) {
    if (!deletes) setOrDrop(original, key, discardNulls(value))
  } else if (Array.isArray(before)) {
    setMember(original, key, mergeLists(before, value as unknown[], schema.field(key), deletes))
  } else if (isJsonObject(before)) {
    const { inner, strategy } = schema.field(key)
    setMember(original, key, strategy === "replace" ? value : mergeObjects(before, value as JsonObject, inner))
  } else setOrDrop(original, key, value)
}

/** Sets what is left of a value without its directives; a value that is nothing but a directive removes the member. */
function setOrDrop(original: JsonObject, key: string, value: unknown): void {
  const kept = withoutDirectives(value)
  if (kept === undefined) delete original[key]
  else setMember(original, key, kept)
}

/** @returns undefined when the value itself is a directive */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((element) => element !== undefined)
  if (!isJsonObject(value)) return value
  if (Object.hasOwn(value, DIRECTIVE)) return undefined
  for (const key of Object.keys(value)) setOrDrop(value, key, value[key])
  return value
}

/** A null means removal, and what is new has nothing to remove. Elements that are null stay. */
function discardNulls(value: unknown): unknown {
  if (Array.isArray(value)) value.forEach(discardNulls)
  else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key]
      else discardNulls(value[key])
    }
  }
  return value
}

/** `$retainKeys` names all members that may remain: switching a union clears the other alternatives. */
function retainKeys(original: JsonObject, patch: JsonObject): void {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return
  const keys = patch[RETAIN_KEYS]
  delete patch[RETAIN_KEYS]
  if (!Array.isArray(keys)) throw badRequest("invalid patch format of retainKeys")
  const retained = new Set<unknown>(keys)
  for (const key of Object.keys(patch)) {
    const isDirective = key.startsWith(DELETE_FROM_PRIMITIVE_LIST) || key.startsWith(SET_ELEMENT_ORDER)
    if (patch[key] === null || isDirective || retained.has(key)) continue
    throw badRequest("invalid patch format of retainKeys")
  }
  for (const key of Object.keys(original)) if (!retained.has(key)) delete original[key]
}

/** Merges each list that has a `$setElementOrder` beside it, orders it, and takes both out of the patch. */
function orderLists(original: JsonObject, patch: JsonObject, schema: PatchSchema): void {
  for (const directive of Object.keys(patch)) {
    if (!directive.startsWith(SET_ELEMENT_ORDER)) continue
    const order = listOf(patch[directive])
    delete patch[directive]
    const key = directive.slice(SET_ELEMENT_ORDER.length)
    const before = Object.hasOwn(original, key) ? listOf(original[key]) : undefined
    const change = Object.hasOwn(patch, key) ? listOf(patch[key]) : undefined
    const field = schema.field(key)
    const { mergeKey } = field
    if (change !== undefined) checkOrder(change, order, mergeKey)
    if (before === undefined && change === undefined) continue
    let merged = before ?? []
    if (change !== undefined) {
      merged =
        before === undefined ? (withoutDirectives(change) as unknown[]) : mergeLists(before, change, field, false)
    }
    elementTypeOf([before ?? [], change ?? []])
    const isListed = memberTest(order, mergeKey)
    original[key] = orderElements(checkKeys(merged, mergeKey), isListed, order, before ?? [], mergeKey)
    delete patch[key]
  }
}

/** The patch's elements must be in the order that `$setElementOrder` gives, and all be in it. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return
  const kept = mergeKey === "" ? patch : patch.filter((element) => membersOf(element)[DIRECTIVE] !== "delete")
  let next = 0
  for (let i = 0; i < order.length && next < kept.length;) {
    const element = kept[next]
    if (isJsonObject(element) && Object.hasOwn(element, DIRECTIVE)) {
      next++
      continue
    }
    checkKeys([element, order[i]], mergeKey)
    if (identityOf(element, mergeKey) === identityOf(order[i], mergeKey)) next++
    i++
  }
  if (next < kept.length) {
    const lists = `${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`
    throw newStatusError("", `The order in patch list:\n${lists}`)
  }
}

function mergeLists(original: unknown[], patch: unknown[], field: PatchField, deletes: boolean): unknown[] {
  if (deletes) return original.filter((element) => !patch.includes(element))
  if (field.strategy !== "merge") return patch
  if (original.length === 0 && patch.length === 0) return original
  const { mergeKey } = field
  if (elementTypeOf([original, patch]) !== "map[string]interface {}") {
    const merged = [...new Set([...original, ...patch])]
    return orderElements(merged, memberTest(patch, ""), patch, original, "")
  }
  if (mergeKey === "") throw newStatusError("", "cannot merge lists without merge key for struct")
  const before = applyElementDirectives(original as JsonObject[], patch as JsonObject[], mergeKey)
  const changes = (patch as JsonObject[]).filter((element) => !Object.hasOwn(element, DIRECTIVE))
  const merged = mergeElements(before, changes, field)
  return orderElements(checkKeys(merged, mergeKey), memberTest(changes, mergeKey), changes, before, mergeKey)
}

/** @returns the elements that the patch's `$patch: delete` and `$patch: replace` elements leave */
function applyElementDirectives(
  original: readonly JsonObject[],
  patch: readonly JsonObject[],
  mergeKey: string,
): JsonObject[] {
  let remaining = [...original]
  let replace = false
  for (const element of patch) {
    if (!Object.hasOwn(element, DIRECTIVE)) continue
    const directive = element[DIRECTIVE]
    if (directive === "replace") replace = true
    else if (directive === "delete") {
      checkKeys([element], mergeKey)
      remaining = remaining.filter((candidate) => candidate[mergeKey] !== element[mergeKey])
    } else if (directive === "merge") throw newStatusError("", "merging lists cannot yet be specified in the patch")
    else throw unknownDirective(directive, element)
  }
  return replace ? [] : remaining
}

function mergeElements(original: readonly JsonObject[], changes: readonly JsonObject[], field: PatchField): unknown[] {
  const merged: JsonObject[] = [...original]
  const places = new Map<unknown, number>()
  merged.forEach((element, i) => {
    const identity = identityOf(element, field.mergeKey)
    if (identity !== undefined && !places.has(identity)) places.set(identity, i)
  })
  for (const change of changes) {
    checkKeys([change], field.mergeKey)
    const identity = change[field.mergeKey]
    const place = places.get(identity)
    if (place !== undefined) merged[place] = mergeObjects(merged[place]!, change, field.inner)
    else places.set(identity, merged.push(change) - 1)
  }
  return merged
}

function memberTest(list: readonly unknown[], mergeKey: string): (element: unknown) => boolean {
  const identities = new Set(list.map((element) => identityOf(element, mergeKey)))
  return (element) => identities.has(identityOf(element, mergeKey))
}

/** @throws StatusError for what is no object */
function membersOf(element: unknown): JsonObject {
  if (isJsonObject(element)) return element
  throw newStatusError("", `expected a map[string]interface {}, but received a ${typeName(element)}`)
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  throw newStatusError("", `expected a []interface {}, but received a ${typeName(value)}`)
}

/** All elements must be objects that have the merge key. */
function checkKeys(list: readonly unknown[], mergeKey: string): readonly unknown[] {
  if (mergeKey === "") return list
  for (const element of list) {
    if (Object.hasOwn(membersOf(element), mergeKey)) continue
    throw newStatusError("", `map: ${goText(element)} does not contain declared merge key: ${mergeKey}`)
  }
  return list
}

/** The one type of all elements. */
function elementTypeOf(lists: readonly (readonly unknown[])[]): string {
  let type: string | undefined
  for (const element of lists.flat(1)) {
    const own = goType(element)
    if (own === "[]interface {}" && type === undefined) {
      throw newStatusError("Invalid", "the server rejected our request due to an error in our request", {})
    }
    if (type !== undefined && own !== type) {
      throw newStatusError("", `list element types are not identical: ${goText(lists)}`)
    }
    type = own
  }
  if (type === undefined) throw newStatusError("", "no elements in any of the given slices")
  return type
}

const unknownDirective = (directive: unknown, patch: JsonObject) =>
  newStatusError("", `unknown patch type: ${goText(directive)} in map: ${goText(patch)}`)

/** As Go prints it where it expects text: nil has no type. */
const typeName = (value: unknown) => (value === null ? "%!s(<nil>)" : goType(value))
