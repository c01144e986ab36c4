import { isJsonObject, memberOf, type JsonObject } from "#apimachinery/json.ts"
import { keyElement, valueElement, type PathElement } from "./path-element.ts"
import { ATOMIC, type ListType, type MapType, type MergeType, type ScalarType } from "./merge-type.ts"

/** Which of a type's forms a value has. */
export type Form =
  | { readonly form: "map"; readonly map: MapType }
  | { readonly form: "list"; readonly list: ListType }
  | { readonly form: "scalar"; readonly scalar: ScalarType }

/**
 * The form of a value in a type that may have several. A value that fits none, null among them, counts as the first that
 * the type has.
 */
export function formOf(type: MergeType, value: unknown): Form {
  const { map, list, scalar } = type
  if (Array.isArray(value)) {
    if (list !== undefined) return { form: "list", list }
  } else if (isJsonObject(value)) {
    if (map !== undefined) return { form: "map", map }
  } else if (value !== null && value !== undefined && scalar !== undefined) return { form: "scalar", scalar }
  if (map !== undefined) return { form: "map", map }
  if (scalar !== undefined) return { form: "scalar", scalar }
  return { form: "list", list: list ?? ATOMIC.list! }
}

/** Whether two values of one type have the same form. */
export const sameForm = (a: Form, b: Form): boolean => a.form === b.form

/** The type of a member; what no schema declares is owned as a whole. */
export function memberType(map: MapType, name: string): MergeType {
  return map.fields().get(name) ?? map.element() ?? ATOMIC
}

/** The members of an object; none of what is no object. */
export const membersOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : NO_MEMBERS)

/** The elements of a list; none of what is no list. */
export const elementsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : NO_ELEMENTS)

const NO_MEMBERS: JsonObject = Object.freeze({})
const NO_ELEMENTS: readonly unknown[] = Object.freeze([])

/** Whether there is nothing in it: it is absent, null, or empty. */
export function isHollow(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (!isJsonObject(value)) return true
  for (const _ in value) return false
  return true
}

/** Why an element of a list cannot be told from the others. */
export class UnidentifiedElement extends Error {}

/**
 * What tells an element of a list from the others: its keys, defaults standing in for those it lacks, or its value.
 *
 * @throws UnidentifiedElement
 */
export function elementIdentity(list: ListType, element: unknown): PathElement {
  return list.keys.length > 0 ? identityByKeys(list, element) : identityByValue(element)
}

function identityByKeys(list: ListType, element: unknown): PathElement {
  if (element === null) throw new UnidentifiedElement("associative list with keys may not have a null element")
  if (!isJsonObject(element)) {
    throw new UnidentifiedElement("associative list with keys may not have non-map elements")
  }
  const keys: JsonObject = {}
  let found = false
  for (const name of list.keys) {
    const value = memberOf(element, name) ?? list.element().map?.fields().get(name)?.default
    if (value === undefined) continue
    keys[name] = value
    found = true
  }
  if (!found) {
    const names = list.keys.map((name) => JSON.stringify(name)).join(" ")
    throw new UnidentifiedElement(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    )
  }
  return keyElement(keys)
}

function identityByValue(element: unknown): PathElement {
  if (element === null) {
    throw new UnidentifiedElement("associative list without keys has an element that's an explicit null")
  }
  if (Array.isArray(element)) {
    throw new UnidentifiedElement("not supported: associative list with lists as elements")
  }
  if (typeof element === "object") {
    throw new UnidentifiedElement("associative list without keys has an element that's a map type")
  }
  return valueElement(element)
}

/** Elements with their identities; those that have none are left out. */
export function identified(list: ListType, elements: readonly unknown[]): { element: unknown; id: PathElement }[] {
  const result: { element: unknown; id: PathElement }[] = []
  for (const element of elements) {
    try {
      result.push({ element, id: elementIdentity(list, element) })
    } catch (error) {
      if (!(error instanceof UnidentifiedElement)) throw error
    }
  }
  return result
}
