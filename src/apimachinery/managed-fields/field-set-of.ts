import { isJsonObject } from "#apimachinery/json.ts"
import { FieldSetBuilder, type FieldSet } from "./field-set.ts"
import type { ListType, MapType, MergeType } from "./merge-type.ts"
import { memberElement, type PathElement } from "./path-element.ts"
import { elementsOf, formOf, identified, isHollow, memberType, membersOf } from "./typed-value.ts"

/** All fields of a value: its leaves, and elements of lists and members of maps also by themselves. */
export function fieldSetOf(type: MergeType, value: unknown): FieldSet {
  const builder = new FieldSetBuilder()
  fill(type, value, builder)
  return builder.build()
}

/** @returns whether the value is itself a field: a scalar, or atomic */
function fill(type: MergeType, value: unknown, into: FieldSetBuilder): boolean {
  const form = formOf(type, value)
  if (form.form === "scalar") return true
  if (form.form === "list") return fillList(form.list, value, into)
  return fillMap(form.map, value, into)
}

function fillMap(map: MapType, value: unknown, into: FieldSetBuilder): boolean {
  if (map.atomic) return true
  const members = membersOf(value)
  const fields = map.fields()
  for (const name in members) {
    const member = members[name]
    const element = memberElement(name)
    const isField = fill(memberType(map, name), member, into.below(element))
    const isEmpty = member === null || (isJsonObject(member) && isHollow(member))
    if (isField || isEmpty || !fields.has(name)) into.members.add(element)
  }
  return false
}

function fillList(list: ListType, value: unknown, into: FieldSetBuilder): boolean {
  if (list.atomic) return true
  const elements = identified(list, elementsOf(value))
  const times = new Map<PathElement, number>()
  for (const { id } of elements) times.set(id, (times.get(id) ?? 0) + 1)
  for (const { element, id } of elements) {
    // Elements that cannot be told apart are owned together, with all that is in them.
    if (times.get(id) === 1) fill(list.element(), element, into.below(id))
    into.members.add(id)
  }
  return false
}
