import type { Type } from "#cel/types/type.ts"

/**
 * A value at run time. An `int` is a bigint, a `uint` has a class of its own, a `double` is a number. Errors are values
 * as well: `&&` and `||` pass over them when the other side decides.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Duration
  | Timestamp
  | ListValue
  | MapValue
  | OptionalValue
  | TypeValue
  | OpaqueValue
  | CelError

/** Why an expression has no value. */
export class CelError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }

  toString(): string {
    return this.message
  }
}

export const isError = (value: Value | undefined): value is CelError => value instanceof CelError

/** What an operator or function says of arguments that it does not take. */
export function noSuchOverload(value?: Value): CelError {
  return isError(value) ? value : new CelError("no such overload")
}

/** An unsigned integer of 64 bits. */
export class Uint {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = value
  }

  toString(): string {
    return String(this.value)
  }
}

/** A span of time in nanoseconds, of up to some 292 years. */
export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A moment: nanoseconds since 1970, and the distance to UTC in seconds in which it is written. */
export class Timestamp {
  readonly nanos: bigint
  readonly offsetSeconds: number

  constructor(nanos: bigint, offsetSeconds = 0) {
    this.nanos = nanos
    this.offsetSeconds = offsetSeconds
  }
}

/** The value of a type's name: `int`, `type(self)`. */
export class TypeValue {
  readonly type: Type

  constructor(type: Type) {
    this.type = type
  }

  toString(): string {
    return this.type.name
  }
}

/** A value that may be absent. */
export class OptionalValue {
  readonly value: Value | undefined

  constructor(value: Value | undefined) {
    this.value = value
  }

  static readonly none = new OptionalValue(undefined)
}

/** A value of a library's type, as a quantity. Only its own functions can look inside. */
export abstract class OpaqueValue {
  abstract readonly type: Type
  abstract equals(other: OpaqueValue): boolean
  /** What `size` and costs count it as. */
  get size(): number {
    return 1
  }
}

/** A list. Elements may be made when they are asked for. */
export abstract class ListValue {
  abstract get size(): number
  /** @param index  from 0 to size - 1 */
  abstract at(index: number): Value
  /** Whether it equals another list, in the words of the list's kind; see equality.ts for plain ones. */
  equalsList?(other: ListValue): boolean | CelError
  /** This list and then the other; see {@link ArrayList} for plain ones. */
  concat(other: ListValue): ListValue {
    return new ArrayList([...this, ...other])
  }
  *[Symbol.iterator](): Iterator<Value> {
    for (let i = 0; i < this.size; i++) yield this.at(i)
  }
}

export class ArrayList extends ListValue {
  readonly #elements: Value[]
  /** Whether `concat` may add to this list itself: it is the accumulator of a loop, which nobody else sees. */
  #growing = false

  constructor(elements: Value[]) {
    super()
    this.#elements = elements
  }

  /** An empty list that is added to in place until it is {@link frozen}. */
  static growing(): ArrayList {
    const list = new ArrayList([])
    list.#growing = true
    return list
  }

  frozen(): this {
    this.#growing = false
    return this
  }

  override get size(): number {
    return this.#elements.length
  }

  override at(index: number): Value {
    return this.#elements[index]!
  }

  override concat(other: ListValue): ListValue {
    if (!this.#growing) return super.concat(other)
    for (const element of other) this.#elements.push(element)
    return this
  }
}

/** A map, or an object of a declared type with its set fields as entries. */
export abstract class MapValue {
  abstract get size(): number
  /** @returns undefined when there is no such key; an error when it cannot be a key */
  abstract find(key: Value): Value | undefined
  abstract keys(): Iterable<Value>
  equalsMap?(other: MapValue): boolean | CelError
}

/** A key such that equal numbers of different types are one. Undefined for what cannot be a key. */
export function keyOf(value: Value): string | bigint | boolean | undefined {
  if (typeof value === "bigint" || typeof value === "string" || typeof value === "boolean") return value
  if (value instanceof Uint) return value.value
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : undefined
}

export class EntryMap extends MapValue {
  readonly #entries: Map<string | bigint | boolean, readonly [key: Value, value: Value]>
  #growing = false

  constructor(entries: Iterable<readonly [key: Value, value: Value]> = []) {
    super()
    this.#entries = new Map()
    for (const entry of entries) this.#entries.set(keyOf(entry[0])!, entry)
  }

  /** An empty map that is added to in place until it is {@link frozen}. */
  static growing(): EntryMap {
    const map = new EntryMap()
    map.#growing = true
    return map
  }

  frozen(): this {
    this.#growing = false
    return this
  }

  override get size(): number {
    return this.#entries.size
  }

  override find(key: Value): Value | undefined {
    const own = keyOf(key)
    return own === undefined ? undefined : this.#entries.get(own)?.[1]
  }

  override *keys(): Iterable<Value> {
    for (const [key] of this.#entries.values()) yield key
  }

  /** The map with one more entry; an error when the key is there already or cannot be one. */
  insert(key: Value, value: Value): EntryMap | CelError {
    const own = keyOf(key)
    if (own === undefined) return new CelError("unsupported key type")
    if (this.#entries.has(own)) return new CelError(`insert failed: key ${String(key)} already exists`)
    const map = this.#growing ? this : new EntryMap(this.#entries.values())
    map.#entries.set(own, [key, value])
    return map
  }
}
