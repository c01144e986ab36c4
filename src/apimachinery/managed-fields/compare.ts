import { deepEqual } from "#apimachinery/json.ts"
import { FieldSetBuilder, type FieldSet } from "./field-set.ts"
import type { ListType, MapType, MergeType } from "./merge-type.ts"
import { memberElement, type PathElement } from "./path-element.ts"
import { elementsOf, formOf, identified, isHollow, memberType, membersOf, sameForm, type Form } from "./typed-value.ts"

/** The fields in which two objects differ. No field is in more than one of the sets. */
export type Comparison = { readonly removed: FieldSet; readonly modified: FieldSet; readonly added: FieldSet }

/** What changes from one object to the other, field by field of the type. */
export function compareValues(type: MergeType, before: unknown, after: unknown): Comparison {
  const walk: Walk = {
    path: [],
    removed: new FieldSetBuilder(),
    modified: new FieldSetBuilder(),
    added: new FieldSetBuilder(),
  }
  compare(type, before, after, walk)
  return { removed: walk.removed.build(), modified: walk.modified.build(), added: walk.added.build() }
}

type Walk = {
  readonly path: PathElement[]
  readonly removed: FieldSetBuilder
  readonly modified: FieldSetBuilder
  readonly added: FieldSetBuilder
}

/** undefined is an absent value; null is one. */
function compare(type: MergeType, before: unknown, after: unknown, walk: Walk): void {
  // Most of an object is the same object before and after.
  if (before === after) return
  const formBefore = formOf(type, before)
  const formAfter = formOf(type, after)
  let isLeaf: boolean
  if (after === undefined) isLeaf = compareForm(formBefore, before, after, walk)
  else if (before === undefined || sameForm(formBefore, formAfter)) isLeaf = compareForm(formAfter, before, after, walk)
  else {
    compareForm(formBefore, before, after, walk)
    isLeaf = compareForm(formAfter, before, after, walk)
  }
  if (isLeaf) return
  if (before === undefined) walk.added.insert(walk.path)
  else if (after === undefined) walk.removed.insert(walk.path)
}

/** @returns whether the value was compared as a whole */
function compareForm(form: Form, before: unknown, after: unknown, walk: Walk): boolean {
  if (form.form === "map" && !form.map.atomic) {
    const membersBefore = membersOf(before)
    const membersAfter = membersOf(after)
    // Both empty: a leaf, so that null and {} are not the same.
    if (!isHollow(membersBefore) || !isHollow(membersAfter)) {
      compareMembers(form.map, membersBefore, membersAfter, walk)
      return false
    }
  } else if (form.form === "list" && !form.list.atomic) {
    const elementsBefore = elementsOf(before)
    const elementsAfter = elementsOf(after)
    if (elementsBefore.length > 0 || elementsAfter.length > 0) {
      compareElements(form.list, elementsBefore, elementsAfter, walk)
      return false
    }
  }
  if (before === undefined) walk.added.insert(walk.path)
  else if (after === undefined) walk.removed.insert(walk.path)
  else if (!deepEqual(before, after)) walk.modified.insert(walk.path)
  return true
}

type Members = { readonly [name: string]: unknown }

function compareMembers(map: MapType, before: Members, after: Members, walk: Walk): void {
  for (const name in before) compareAt(memberElement(name), memberType(map, name), before[name], own(after, name), walk)
  for (const name in after) {
    if (!Object.hasOwn(before, name)) {
      compareAt(memberElement(name), memberType(map, name), undefined, after[name], walk)
    }
  }
}

const own = (members: Members, name: string) => (Object.hasOwn(members, name) ? members[name] : undefined)

function compareAt(element: PathElement, type: MergeType, before: unknown, after: unknown, walk: Walk): void {
  walk.path.push(element)
  compare(type, before, after, walk)
  walk.path.pop()
}

function compareElements(list: ListType, before: readonly unknown[], after: readonly unknown[], walk: Walk): void {
  const groupsBefore = Map.groupBy(identified(list, before), ({ id }) => id)
  const groupsAfter = Map.groupBy(identified(list, after), ({ id }) => id)
  for (const id of new Set([...groupsBefore.keys(), ...groupsAfter.keys()])) {
    const left = groupsBefore.get(id)?.map(({ element }) => element) ?? []
    const right = groupsAfter.get(id)?.map(({ element }) => element) ?? []
    const place = [...walk.path, id]
    if (left.length < 2 && right.length < 2) compareAt(id, list.element(), left[0], right[0], walk)
    else if (left.length >= 2 && right.length >= 2) {
      if (!deepEqual(left, right)) walk.modified.insert(place)
    } else if (left.length >= 2) {
      // Elements that could not be told apart were one field, and now there is one with fields of its own, or none.
      if (right.length > 0) compareAt(id, list.element(), undefined, right[0], walk)
      walk.removed.insert(place)
    } else {
      if (left.length > 0) compareAt(id, list.element(), left[0], undefined, walk)
      walk.added.insert(place)
    }
  }
}
