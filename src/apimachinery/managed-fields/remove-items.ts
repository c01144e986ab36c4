import { setMember, type JsonObject } from "#apimachinery/json.ts"
import type { FieldSet } from "./field-set.ts"
import type { ListType, MapType, MergeType } from "./merge-type.ts"
import { memberElement } from "./path-element.ts"
import { elementsOf, formOf, identified, memberType, membersOf } from "./typed-value.ts"

/**
 * A value without the members and elements that are in a set. What becomes empty becomes null. Parts that nothing is
 * removed from are shared with the argument, which is not changed.
 */
export function removeItems(type: MergeType, value: unknown, items: FieldSet): unknown {
  const form = formOf(type, value)
  if (form.form === "scalar") return value
  return form.form === "list" ? removeElements(form.list, value, items) : removeMembers(form.map, value, items)
}

function removeMembers(map: MapType, value: unknown, items: FieldSet): JsonObject | null {
  if (map.atomic) return null
  const kept: JsonObject = {}
  let isEmpty = true
  const members = membersOf(value)
  for (const name in members) {
    const element = memberElement(name)
    if (items.members.has(element)) continue
    const below = items.children.get(element)
    const member = members[name]
    setMember(kept, name, below === undefined ? member : removeItems(memberType(map, name), member, below))
    isEmpty = false
  }
  return isEmpty ? null : kept
}

function removeElements(list: ListType, value: unknown, items: FieldSet): unknown[] | null {
  if (list.atomic) return null
  const kept: unknown[] = []
  for (const { element, id } of identified(list, elementsOf(value))) {
    if (items.members.has(id)) continue
    const below = items.children.get(id)
    kept.push(below === undefined ? element : removeItems(list.element(), element, below))
  }
  return kept.length === 0 ? null : kept
}
