import type { FieldsV1 } from "#apimachinery/meta.ts"
import { comparePathElements, parsePathElement, type PathElement } from "./path-element.ts"

/**
 * A set of fields, as a trie. A field's own membership and that of the fields below it are independent: a list may have
 * one owner and an element's image another.
 *
 * @see sigs.k8s.io/structured-merge-diff/fieldpath, Set
 */
export class FieldSet {
  readonly members: ReadonlySet<PathElement>
  /** Never with an empty set in it. */
  readonly children: ReadonlyMap<PathElement, FieldSet>

  constructor(
    members: ReadonlySet<PathElement> = NO_MEMBERS,
    children: ReadonlyMap<PathElement, FieldSet> = NO_CHILDREN,
  ) {
    this.members = members
    this.children = children
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.children.size === 0
  }

  /** Whether the field itself is in the set. */
  has(path: readonly PathElement[]): boolean {
    const [first, ...rest] = path
    if (first === undefined) return false
    return rest.length === 0 ? this.members.has(first) : (this.children.get(first)?.has(rest) ?? false)
  }

  union(other: FieldSet): FieldSet {
    if (other.isEmpty) return this
    if (this.isEmpty) return other
    const children = new Map(this.children)
    for (const [element, child] of other.children) {
      const own = children.get(element)
      children.set(element, own === undefined ? child : own.union(child))
    }
    return new FieldSet(new Set([...this.members, ...other.members]), children)
  }

  intersection(other: FieldSet): FieldSet {
    const children = new Map<PathElement, FieldSet>()
    for (const [element, child] of this.children) {
      const common = other.children.get(element)?.intersection(child)
      if (common !== undefined && !common.isEmpty) children.set(element, common)
    }
    return new FieldSet(
      filterSet(this.members, (element) => other.members.has(element)),
      children,
    )
  }

  /** Without the fields of `other`. What is below a field of `other` stays unless it is itself in there. */
  difference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this
    return this.#without(other, false)
  }

  /** Without the fields of `other` and all that is below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this
    return this.#without(other, true)
  }

  #without(other: FieldSet, recursive: boolean): FieldSet {
    const children = new Map<PathElement, FieldSet>()
    for (const [element, child] of this.children) {
      if (recursive && other.members.has(element)) continue
      const counterpart = other.children.get(element)
      const rest = counterpart === undefined ? child : child.#without(counterpart, recursive)
      if (!rest.isEmpty) children.set(element, rest)
    }
    return new FieldSet(
      filterSet(this.members, (element) => !other.members.has(element)),
      children,
    )
  }

  equals(other: FieldSet): boolean {
    if (this === other) return true
    if (this.members.size !== other.members.size || this.children.size !== other.children.size) return false
    for (const element of this.members) if (!other.members.has(element)) return false
    for (const [element, child] of this.children) {
      const counterpart = other.children.get(element)
      if (counterpart === undefined || !child.equals(counterpart)) return false
    }
    return true
  }

  /** Every field, a field before those below it, siblings in the order of the managed fields. */
  *paths(prefix: readonly PathElement[] = []): Generator<PathElement[]> {
    const members = [...this.members].sort(comparePathElements)
    for (const element of members) yield [...prefix, element]
    const parents = [...this.children.keys()].sort(comparePathElements)
    for (const element of parents) yield* this.children.get(element)!.paths([...prefix, element])
  }

  toFieldsV1(): FieldsV1 {
    const fields: FieldsV1 = {}
    for (const element of [...new Set([...this.members, ...this.children.keys()])].sort(comparePathElements)) {
      const child = this.children.get(element)
      if (child === undefined) fields[element] = {}
      else if (this.members.has(element)) fields[element] = { ".": {}, ...child.toFieldsV1() }
      else fields[element] = child.toFieldsV1()
    }
    return fields
  }

  static of(...paths: readonly (readonly PathElement[])[]): FieldSet {
    const builder = new FieldSetBuilder()
    for (const path of paths) builder.insert(path)
    return builder.build()
  }
}

function filterSet(set: ReadonlySet<PathElement>, keep: (element: PathElement) => boolean): Set<PathElement> {
  const kept = new Set<PathElement>()
  for (const element of set) if (keep(element)) kept.add(element)
  return kept
}

const NO_MEMBERS: ReadonlySet<PathElement> = new Set()
const NO_CHILDREN: ReadonlyMap<PathElement, FieldSet> = new Map()

export const EMPTY_SET: FieldSet = new FieldSet()

/** @throws Error for what are no FieldsV1 */
export function parseFieldsV1(fields: FieldsV1 | undefined): FieldSet {
  const members = new Set<PathElement>()
  const children = new Map<PathElement, FieldSet>()
  for (const key in fields) {
    if (key === ".") continue
    const element = parsePathElement(key)
    if (element === undefined) continue
    const below = fields[key]
    const child = parseFieldsV1(below)
    if (!child.isEmpty) children.set(element, child)
    if (child.isEmpty || (below !== undefined && Object.hasOwn(below, "."))) members.add(element)
  }
  return new FieldSet(members, children)
}

/** A set in the making. */
export class FieldSetBuilder {
  readonly members = new Set<PathElement>()
  readonly #children = new Map<PathElement, FieldSetBuilder>()

  /** The set of the fields below an element. */
  below(element: PathElement): FieldSetBuilder {
    let child = this.#children.get(element)
    if (child === undefined) {
      child = new FieldSetBuilder()
      this.#children.set(element, child)
    }
    return child
  }

  /** Adds a field; those above it are not added. The empty path is the object, whose ownership nobody tracks. */
  insert(path: readonly PathElement[], from = 0): void {
    if (from < path.length - 1) this.below(path[from]!).insert(path, from + 1)
    else if (from < path.length) this.members.add(path[from]!)
  }

  build(): FieldSet {
    const children = new Map<PathElement, FieldSet>()
    for (const [element, builder] of this.#children) {
      const child = builder.build()
      if (!child.isEmpty) children.set(element, child)
    }
    return new FieldSet(this.members, children)
  }
}
