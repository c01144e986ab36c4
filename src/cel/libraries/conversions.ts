import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  STRING,
  TIMESTAMP,
  typeOfType,
  UINT,
  type Type,
} from "#cel/types/type.ts"
import {
  checkedInt,
  checkedUint,
  doubleText,
  doubleToInt,
  doubleToUint,
  parseDouble,
  parseInt64,
  parseUint64,
} from "#cel/values/numbers.ts"
import {
  checkedTimestamp,
  durationText,
  parseDuration,
  parseTimestamp,
  timestampText,
  unixSeconds,
} from "#cel/values/time.ts"
import { typeOf } from "#cel/values/type-of.ts"
import { CelError, TypeValue, type Duration, type Timestamp, type Uint, type Value } from "#cel/values/value.ts"
import { A, declare, declareOne, overload, type Call, type FunctionDeclaration } from "./declare.ts"

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

const SECOND = 1_000_000_000n
const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"])
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"])

const failed = (from: Type, to: Type) => new CelError(`type conversion error from '${from.name}' to '${to.name}'`)
const identity: Call = (value) => value!
/** A conversion of text, which may be text of something else. */
const fromText =
  (to: Type, read: (text: string) => Value | undefined): Call =>
  (text) =>
    read(text as string) ?? failed(STRING, to)

function bytesToString(value: Value): Value {
  try {
    return decoder.decode(value as Uint8Array)
  } catch {
    return new CelError("invalid UTF-8 in bytes, cannot convert to string")
  }
}

const toBool = (text: string): boolean | undefined => (TRUE.has(text) ? true : FALSE.has(text) ? false : undefined)

export const CONVERSIONS: readonly FunctionDeclaration[] = [
  declareOne("type", (value) => new TypeValue(typeOf(value!)), overload("type", [A], typeOfType(A))),
  declareOne("dyn", identity, overload("to_dyn", [A], DYN)),
  declare(
    "bool",
    overload("bool_to_bool", [BOOL], BOOL, identity),
    overload("string_to_bool", [STRING], BOOL, fromText(BOOL, toBool)),
  ),
  declare(
    "bytes",
    overload("bytes_to_bytes", [BYTES], BYTES, identity),
    overload("string_to_bytes", [STRING], BYTES, (text) => encoder.encode(text as string)),
  ),
  declare(
    "double",
    overload("double_to_double", [DOUBLE], DOUBLE, identity),
    overload("int64_to_double", [INT], DOUBLE, (value) => Number(value)),
    overload("string_to_double", [STRING], DOUBLE, fromText(DOUBLE, parseDouble)),
    overload("uint64_to_double", [UINT], DOUBLE, (value) => Number((value as Uint).value)),
  ),
  declare(
    "duration",
    overload("duration_to_duration", [DURATION], DURATION, identity),
    overload("int64_to_duration", [INT], DURATION, () => failed(INT, DURATION)),
    overload("string_to_duration", [STRING], DURATION, fromText(DURATION, parseDuration)),
  ),
  declare(
    "int",
    overload("int64_to_int64", [INT], INT, identity),
    overload("double_to_int64", [DOUBLE], INT, (value) => doubleToInt(value as number)),
    overload("duration_to_int64", [DURATION], INT, (value) => (value as Duration).nanos),
    overload("string_to_int64", [STRING], INT, fromText(INT, parseInt64)),
    overload("timestamp_to_int64", [TIMESTAMP], INT, (value) => unixSeconds(value as Timestamp)),
    overload("uint64_to_int64", [UINT], INT, (value) => checkedInt((value as Uint).value)),
  ),
  declare(
    "uint",
    overload("uint64_to_uint64", [UINT], UINT, identity),
    overload("double_to_uint64", [DOUBLE], UINT, (value) => doubleToUint(value as number)),
    overload("int64_to_uint64", [INT], UINT, (value) => checkedUint(value as bigint)),
    overload("string_to_uint64", [STRING], UINT, fromText(UINT, parseUint64)),
  ),
  declare(
    "string",
    overload("string_to_string", [STRING], STRING, identity),
    overload("bool_to_string", [BOOL], STRING, String),
    overload("bytes_to_string", [BYTES], STRING, (value) => bytesToString(value!)),
    overload("double_to_string", [DOUBLE], STRING, (value) => doubleText(value as number)),
    overload("duration_to_string", [DURATION], STRING, (value) => durationText(value as Duration)),
    overload("int64_to_string", [INT], STRING, String),
    overload("timestamp_to_string", [TIMESTAMP], STRING, (value) => timestampText(value as Timestamp)),
    overload("uint64_to_string", [UINT], STRING, String),
  ),
  declare(
    "timestamp",
    overload("timestamp_to_timestamp", [TIMESTAMP], TIMESTAMP, identity),
    overload("int64_to_timestamp", [INT], TIMESTAMP, (value) => checkedTimestamp((value as bigint) * SECOND)),
    overload("string_to_timestamp", [STRING], TIMESTAMP, fromText(TIMESTAMP, parseTimestamp)),
  ),
]

/** A value as text, as `string()` gives it; undefined for types that it does not take. */
export function textOf(value: Value): Value | undefined {
  const declaration = CONVERSIONS.find(({ name }) => name === "string")!
  const { kind } = typeOf(value)
  return declaration.overloads.find(({ args }) => args[0]!.kind === kind)?.call!(value)
}
