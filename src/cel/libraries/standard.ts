import { goRegExp } from "#apimachinery/schema/go-regexp.ts"
import { OPERATORS } from "#cel/syntax/ast.ts"
import { BOOL, BYTES, DURATION, INT, listType, mapType, STRING, TIMESTAMP, type Type } from "#cel/types/type.ts"
import { partOf } from "#cel/values/part.ts"
import { contains, equal } from "#cel/values/equality.ts"
import { inTimeZone, milliseconds } from "#cel/values/time.ts"
import { sizeOf } from "#cel/values/type-of.ts"
import {
  CelError,
  Duration,
  isError,
  ListValue,
  MapValue,
  noSuchOverload,
  Timestamp,
  type Value,
} from "#cel/values/value.ts"
import { ARITHMETIC } from "./arithmetic.ts"
import { CONVERSIONS } from "./conversions.ts"
import { A, B, declare, declareOne, member, overload, type Call, type FunctionDeclaration } from "./declare.ts"

const LIST = listType(A)
const MAP = mapType(A, B)
const none: Call = () => noSuchOverload()

const isIn: Call = (value, range) => {
  if (range instanceof ListValue) return contains(range, value!)
  if (!(range instanceof MapValue)) return noSuchOverload(range)
  const found = range.find(value!)
  return isError(found) ? found : found !== undefined
}

const size: Call = (value) =>
  typeof value === "string" || value instanceof ListValue || value instanceof MapValue || value instanceof Uint8Array
    ? BigInt(sizeOf(value))
    : new CelError("no such overload: size")

const matches: Call = (text, pattern) => {
  if (typeof text !== "string" || typeof pattern !== "string") return noSuchOverload()
  const compiled = goRegExp(pattern)
  return compiled instanceof Error ? new CelError(compiled.message) : compiled.test(text)
}

/** A function of two texts. */
const ofText = (name: string, id: string, call: (text: string, other: string) => boolean): FunctionDeclaration =>
  declare(
    name,
    member(id, [STRING, STRING], BOOL, (text, other) => call(text as string, other as string)),
  )

/** A part of a time, in UTC or in a time zone. */
function timePart(name: string, id: string, read: (date: Date) => number, tzId = `${id}_with_tz`) {
  const call =
    (zone: (value: Value | undefined) => string): Call =>
    (moment, tz) => {
      const date = inTimeZone(moment as Timestamp, zone(tz))
      return date instanceof CelError ? date : BigInt(read(date))
    }
  return [
    member(
      id,
      [TIMESTAMP],
      INT,
      call(() => "UTC"),
    ),
    member(
      tzId,
      [TIMESTAMP, STRING],
      INT,
      call((tz) => tz as string),
    ),
  ]
    .map((o) => declare(name, o))
    .reduce((a, b) => declare(name, ...a.overloads, ...b.overloads))
}

const DAY_MS = 86_400_000
const dayOfYear = (date: Date) => {
  const start = new Date(date)
  start.setUTCMonth(0, 1)
  return Math.round((date.getTime() - start.getTime()) / DAY_MS)
}

/** A duration in whole units, beside the part of a time of the same name. */
function withDuration(declaration: FunctionDeclaration, id: string, nanos: bigint): FunctionDeclaration {
  const call: Call = (value) => (value as Duration).nanos / nanos
  return declare(declaration.name, ...declaration.overloads, member(id, [DURATION], INT, call))
}

function millisecondsPart(): FunctionDeclaration {
  const call: Call = (value) => BigInt(milliseconds(value as Timestamp))
  return declare(
    "getMilliseconds",
    member("timestamp_to_milliseconds", [TIMESTAMP], INT, call),
    member("timestamp_to_milliseconds_with_tz", [TIMESTAMP, STRING], INT, call),
  )
}

const sizes = (types: readonly (readonly [string, Type])[]) =>
  types.flatMap(([id, type]) => [overload(`size_${id}`, [type], INT), member(`${id}_size`, [type], INT)])

/** The functions and operators of the language itself. */
export const STANDARD: readonly FunctionDeclaration[] = [
  declareOne(OPERATORS.conditional, none, overload("conditional", [BOOL, A, A], A)),
  declareOne(OPERATORS.and, none, overload("logical_and", [BOOL, BOOL], BOOL)),
  declareOne(OPERATORS.or, none, overload("logical_or", [BOOL, BOOL], BOOL)),
  declareOne(
    OPERATORS.not,
    (value) => (typeof value === "boolean" ? !value : noSuchOverload(value)),
    overload("logical_not", [BOOL], BOOL),
  ),
  declareOne(
    OPERATORS.notStrictlyFalse,
    (value) => (typeof value === "boolean" ? value : true),
    overload("not_strictly_false", [BOOL], BOOL),
  ),
  declareOne(OPERATORS.equals, (a, b) => equal(a!, b!), overload("equals", [A, A], BOOL)),
  declareOne(OPERATORS.notEquals, (a, b) => equal(a!, b!) !== true, overload("not_equals", [A, A], BOOL)),
  ...ARITHMETIC,
  ...CONVERSIONS,
  declareOne(
    OPERATORS.index,
    (value, key) => partOf(value!, key!) ?? noSuchOverload(),
    overload("index_list", [LIST, INT], A),
    overload("index_map", [MAP, A], B),
  ),
  declareOne(OPERATORS.in, isIn, overload("in_list", [A, LIST], BOOL), overload("in_map", [A, MAP], BOOL)),
  declareOne(
    "size",
    size,
    ...sizes([
      ["bytes", BYTES],
      ["list", LIST],
      ["map", MAP],
      ["string", STRING],
    ]),
  ),
  ofText("contains", "contains_string", (text, other) => text.includes(other)),
  ofText("endsWith", "ends_with_string", (text, other) => text.endsWith(other)),
  ofText("startsWith", "starts_with_string", (text, other) => text.startsWith(other)),
  declareOne(
    "matches",
    matches,
    overload("matches", [STRING, STRING], BOOL),
    member("matches_string", [STRING, STRING], BOOL),
  ),
  timePart("getFullYear", "timestamp_to_year", (date) => date.getUTCFullYear()),
  timePart("getMonth", "timestamp_to_month", (date) => date.getUTCMonth()),
  timePart("getDayOfYear", "timestamp_to_day_of_year", dayOfYear),
  timePart("getDayOfMonth", "timestamp_to_day_of_month", (date) => date.getUTCDate() - 1),
  timePart("getDate", "timestamp_to_day_of_month_1_based", (date) => date.getUTCDate()),
  timePart("getDayOfWeek", "timestamp_to_day_of_week", (date) => date.getUTCDay()),
  withDuration(
    timePart("getHours", "timestamp_to_hours", (date) => date.getUTCHours()),
    "duration_to_hours",
    3_600_000_000_000n,
  ),
  withDuration(
    timePart("getMinutes", "timestamp_to_minutes", (date) => date.getUTCMinutes()),
    "duration_to_minutes",
    60_000_000_000n,
  ),
  withDuration(
    timePart("getSeconds", "timestamp_to_seconds", (date) => date.getUTCSeconds(), "timestamp_to_seconds_tz"),
    "duration_to_seconds",
    1_000_000_000n,
  ),
  withDuration(millisecondsPart(), "duration_to_milliseconds", 1_000_000n),
]
