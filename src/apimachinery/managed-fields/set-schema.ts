// Sets of fields read in the light of a type.
import { FieldSet } from "./field-set.ts"
import type { MergeType } from "./merge-type.ts"
import { memberNameOf, type PathElement } from "./path-element.ts"

/** The type at an element of a set, or undefined where the schema knows none. */
function typeAt(type: MergeType | undefined, element: PathElement): MergeType | undefined {
  const name = memberNameOf(element)
  if (name !== undefined) return type?.map?.fields().get(name) ?? type?.map?.element()
  return element.startsWith("k:") ? type?.list?.element() : undefined
}

/**
 * The set with the declared fields that have fields below them. Sets hold leaves and items only; to remove a struct that
 * became empty, it must itself be in the set.
 */
export function withNamedFields(set: FieldSet, type: MergeType | undefined): FieldSet {
  if (set.children.size === 0) return set
  const members = new Set(set.members)
  const children = new Map<PathElement, FieldSet>()
  for (const [element, child] of set.children) {
    const name = memberNameOf(element)
    if (name !== undefined && type?.map?.fields().has(name)) members.add(element)
    children.set(element, withNamedFields(child, typeAt(type, element)))
  }
  return new FieldSet(members, children)
}

/**
 * A set that was written when the schema was another one: where a list or map has become atomic since, what was owned
 * below it becomes ownership of the whole.
 *
 * @returns `set` itself when nothing changes
 */
export function reconcileWithSchema(set: FieldSet, type: MergeType | undefined): FieldSet {
  if (type === undefined || isSchemaless(type)) return set
  let changed = false
  const members = new Set(set.members)
  const children = new Map<PathElement, FieldSet>()
  for (const [element, child] of set.children) {
    const childType = typeAt(type, element)
    if (isAtomic(childType)) {
      members.add(element)
      changed = true
      continue
    }
    const reconciled = reconcileWithSchema(child, childType)
    changed ||= reconciled !== child
    children.set(element, reconciled)
  }
  return changed ? new FieldSet(members, children) : set
}

function isAtomic(type: MergeType | undefined): boolean {
  if (type?.map !== undefined) return type.map.atomic
  return type?.scalar === undefined && type?.list?.atomic === true
}

/** Nothing is declared, so nothing can have changed. */
function isSchemaless(type: MergeType): boolean {
  return type.map !== undefined && type.map.fields().size === 0 && type.map.element()?.scalar === "untyped"
}
