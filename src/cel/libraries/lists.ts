// Lists: Kubernetes' own functions, and cel-go's in version 3. Sources: apiserver pkg/cel/library/lists.go, cel-go ext/lists.go.
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  STRING,
  TIMESTAMP,
  UINT,
  type Type,
} from "#cel/types/type.ts"
import { OPERATORS } from "#cel/syntax/ast.ts"
import { compare, equal } from "#cel/values/equality.ts"
import { typeOf } from "#cel/values/type-of.ts"
import {
  ArrayList,
  CelError,
  Duration,
  isError,
  ListValue,
  noSuchOverload,
  Uint,
  type Value,
} from "#cel/values/value.ts"
import { ARITHMETIC } from "./arithmetic.ts"
import { A, declare, declareOne, member, overload, T, type Call, type FunctionDeclaration } from "./declare.ts"

const COMPARABLE: readonly (readonly [string, Type])[] = [
  ["int", INT],
  ["uint", UINT],
  ["double", DOUBLE],
  ["bool", BOOL],
  ["duration", DURATION],
  ["timestamp", TIMESTAMP],
  ["string", STRING],
  ["bytes", BYTES],
]

const ZEROS: readonly (readonly [string, Type, Value])[] = [
  ["int", INT, 0n],
  ["uint", UINT, new Uint(0n)],
  ["double", DOUBLE, 0],
  ["duration", DURATION, new Duration(0n)],
]

/** Elements that a call may make out of nothing. Upstream has no such bound but the cost, which is told afterwards. */
const RANGE_MAX = 1_000_000n

const add = ARITHMETIC.find(({ name }) => name === OPERATORS.add)!.call!

const isSorted: Call = (list) => {
  let before: Value | undefined
  for (const element of list as ListValue) {
    if (before !== undefined && compare(before, element) === 1) return false
    before = element
  }
  return true
}

const extreme =
  (name: string, wanted: number): Call =>
  (list) => {
    let found: Value | undefined
    for (const element of list as ListValue) {
      if (found === undefined || compare(found, element) === wanted) found = element
    }
    return found ?? new CelError(`${name} called on empty list`)
  }

const sum =
  (zero: Value): Call =>
  (list) => {
    let total = zero
    for (const element of list as ListValue) {
      total = add(total, element)
      if (isError(total)) return noSuchOverload(total)
    }
    return total
  }

const indexOf: Call = (list, value) => BigInt(Array.from(list as ListValue).findIndex((e) => equal(e, value!) === true))
const lastIndexOf: Call = (list, value) =>
  BigInt(Array.from(list as ListValue).findLastIndex((e) => equal(e, value!) === true))

const slice: Call = (list, start, end) => {
  const [from, to] = [start as bigint, end as bigint]
  const fail = (why: string) => new CelError(`cannot slice(${from}, ${to}), ${why}`)
  if (from < 0n || to < 0n) return fail("negative indexes not supported")
  if (from > to) return fail("start index must be less than or equal to end index")
  const { size } = list as ListValue
  if (size < to) return fail(`list is length ${size}`)
  return new ArrayList(Array.from(list as ListValue).slice(Number(from), Number(to)))
}

function flatten(list: ListValue, depth: bigint): Value[] {
  const flat: Value[] = []
  for (const element of list) {
    if (element instanceof ListValue && depth > 0n) flat.push(...flatten(element, depth - 1n))
    else flat.push(element)
  }
  return flat
}

const flattenList: Call = (list, depth = 1n) => {
  if ((depth as bigint) < 0n) return new CelError("level must be non-negative")
  return new ArrayList(flatten(list as ListValue, depth as bigint))
}

const sortBy: Call = (list, keys) => {
  const [elements, by] = [Array.from(list as ListValue), Array.from(keys as ListValue)]
  if (elements.length !== by.length) {
    const why = `expected a list of the same size as the associated keys list, but got ${elements.length} and ${by.length} elements respectively`
    return new CelError(`@sortByAssociatedKeys() ${why}`)
  }
  if (by.length === 0) return list!
  const { kind } = typeOf(by[0]!)
  if (isError(compare(by[0]!, by[0]!))) return new CelError("list elements must be comparable")
  if (by.some((key) => typeOf(key).kind !== kind)) return new CelError("list elements must have the same type")
  const order = by.map((_, i) => i).sort((i, j) => Number(compare(by[i]!, by[j]!)))
  return new ArrayList(order.map((i) => elements[i]!))
}

const distinct: Call = (list) => {
  const found: Value[] = []
  for (const element of list as ListValue) {
    if (!found.some((other) => equal(element, other) === true)) found.push(element)
  }
  return new ArrayList(found)
}

const range: Call = (count) => {
  if ((count as bigint) > RANGE_MAX) return new CelError(`cannot make a list of more than ${RANGE_MAX} elements`)
  return new ArrayList(Array.from({ length: Math.max(0, Number(count)) }, (_, i) => BigInt(i)))
}

const LIST = listType(T)

export const LISTS_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "isSorted",
    ...COMPARABLE.map(([id, type]) => member(`list_${id}_is_sorted_bool`, [listType(type)], BOOL, isSorted)),
  ),
  declare("sum", ...ZEROS.map(([id, type, zero]) => member(`list_${id}_sum_${id}`, [listType(type)], type, sum(zero)))),
  declare(
    "max",
    ...COMPARABLE.map(([id, type]) => member(`list_${id}_max_${id}`, [listType(type)], type, extreme("max", -1))),
  ),
  declare(
    "min",
    ...COMPARABLE.map(([id, type]) => member(`list_${id}_min_${id}`, [listType(type)], type, extreme("min", 1))),
  ),
  declare("indexOf", member("list_a_index_of_int", [listType(A), A], INT, indexOf)),
  declare("lastIndexOf", member("list_a_last_index_of_int", [listType(A), A], INT, lastIndexOf)),
  declare("slice", member("list_slice", [LIST, INT, INT], LIST, slice)),
  declare(
    "flatten",
    member("list_flatten", [listType(LIST)], LIST, flattenList),
    member("list_flatten_int", [listType(DYN), INT], listType(DYN), flattenList),
  ),
  declareOne(
    "sort",
    (list) => (list instanceof ListValue ? sortBy(list, list) : noSuchOverload(list)),
    ...COMPARABLE.map(([id, type]) => member(`list_${typeName(id)}_sort`, [listType(type)], listType(type))),
  ),
  declareOne(
    "@sortByAssociatedKeys",
    (list, keys) =>
      list instanceof ListValue && keys instanceof ListValue ? sortBy(list, keys) : noSuchOverload(list),
    ...COMPARABLE.map(([id, type]) =>
      member(`list_${typeName(id)}_sortByAssociatedKeys`, [LIST, listType(type)], LIST),
    ),
  ),
  declare("lists.range", overload("lists_range", [INT], listType(INT), range)),
  declare(
    "reverse",
    member("list_reverse", [LIST], LIST, (list) => new ArrayList(Array.from(list as ListValue).reverse())),
  ),
  declare("distinct", member("list_distinct", [LIST], LIST, distinct)),
]

/** Overloads of sorting have the full names of types. */
function typeName(id: string): string {
  return COMPARABLE.find(([name]) => name === id)![1].name
}
