// Optional values, and maps that loops build. Sources: cel-go cel/library.go, ext/comprehensions.go.
import { OPERATORS } from "#cel/syntax/ast.ts"
import { BOOL, DYN, INT, listType, mapType, optionalType, STRING } from "#cel/types/type.ts"
import {
  ArrayList,
  CelError,
  Duration,
  EntryMap,
  isError,
  ListValue,
  MapValue,
  noSuchOverload,
  OptionalValue,
  Timestamp,
  Uint,
  type Value,
} from "#cel/values/value.ts"
import { UNIX_SECONDS_MIN } from "#cel/values/time.ts"
import { declare, declareOne, K, member, overload, V, type Call, type FunctionDeclaration } from "./declare.ts"

const OPTIONAL = optionalType(V)
const LIST = listType(V)
const MAP = mapType(K, V)

const none: Call = () => noSuchOverload()

/** The values that stand for nothing of their types. */
function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === "") return true
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof ListValue || value instanceof MapValue) return value.size === 0
  if (value instanceof Uint8Array) return value.length === 0
  if (value instanceof OptionalValue) return value.value === undefined
  if (value instanceof Duration) return value.nanos === 0n
  return value instanceof Timestamp && value.nanos === UNIX_SECONDS_MIN * 1_000_000_000n
}

const at = (list: Value, index: number): Value => {
  const values = list as ListValue
  return values.size === 0 ? OptionalValue.none : new OptionalValue(values.at(index < 0 ? values.size + index : index))
}

const unwrap: Call = (list) => {
  const values: Value[] = []
  for (const element of list as ListValue) {
    if (!(element instanceof OptionalValue)) return new CelError(`value ${String(element)} is not optional`)
    if (element.value !== undefined) values.push(element.value)
  }
  return new ArrayList(values)
}

const insertAll: Call = (map, entries) => {
  let result: Value = toEntryMap(map as MapValue)
  for (const key of (entries as MapValue).keys()) {
    result = (result as EntryMap).insert(key, (entries as MapValue).find(key)!)
    if (isError(result)) return result
  }
  return result
}

function toEntryMap(map: MapValue): EntryMap {
  return map instanceof EntryMap ? map : new EntryMap(Array.from(map.keys(), (key) => [key, map.find(key)!] as const))
}

export const OPTIONALS_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "optional.of",
    overload("optional_of", [V], OPTIONAL, (value) => new OptionalValue(value)),
  ),
  declare(
    "optional.ofNonZeroValue",
    overload("optional_ofNonZeroValue", [V], OPTIONAL, (value) =>
      isZero(value!) ? OptionalValue.none : new OptionalValue(value),
    ),
  ),
  declare(
    "optional.none",
    overload("optional_none", [], OPTIONAL, () => OptionalValue.none),
  ),
  declare(
    "value",
    member(
      "optional_value",
      [OPTIONAL],
      V,
      (optional) => (optional as OptionalValue).value ?? new CelError("optional.none() dereference"),
    ),
  ),
  declare(
    "hasValue",
    member("optional_hasValue", [OPTIONAL], BOOL, (optional) => (optional as OptionalValue).value !== undefined),
  ),
  declareOne("or", none, member("optional_or_optional", [OPTIONAL, OPTIONAL], OPTIONAL)),
  declareOne("orValue", none, member("optional_orValue_value", [OPTIONAL, V], V)),
  declareOne(OPERATORS.optSelect, none, overload("select_optional_field", [DYN, STRING], OPTIONAL)),
  declareOne(
    OPERATORS.optIndex,
    none,
    overload("list_optindex_optional_int", [LIST, INT], OPTIONAL),
    overload("optional_list_optindex_optional_int", [optionalType(LIST), INT], OPTIONAL),
    overload("map_optindex_optional_value", [MAP, K], OPTIONAL),
    overload("optional_map_optindex_optional_value", [optionalType(MAP), K], OPTIONAL),
  ),
  declareOne(
    OPERATORS.index,
    none,
    overload("optional_list_index_int", [optionalType(LIST), INT], OPTIONAL),
    overload("optional_map_index_value", [optionalType(MAP), K], OPTIONAL),
  ),
  declare(
    "last",
    member("list_last", [LIST], OPTIONAL, (list) => at(list!, -1)),
  ),
  declare(
    "first",
    member("list_first", [LIST], OPTIONAL, (list) => at(list!, 0)),
  ),
  declare("optional.unwrap", overload("optional_unwrap", [listType(OPTIONAL)], LIST, unwrap)),
  declare("unwrapOpt", member("optional_unwrapOpt", [listType(OPTIONAL)], LIST, unwrap)),
  declare(
    "cel.@mapInsert",
    overload("@mapInsert_map_key_value", [MAP, K, V], MAP, (map, key, value) =>
      toEntryMap(map as MapValue).insert(key!, value!),
    ),
    overload("@mapInsert_map_map", [MAP, MAP], MAP, insertAll),
  ),
]
