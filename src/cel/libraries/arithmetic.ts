import { OPERATORS } from "#cel/syntax/ast.ts"
import { A, declareOne, listOf, overload, type Call, type FunctionDeclaration } from "./declare.ts"
import { BOOL, BYTES, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT, type Type } from "#cel/types/type.ts"
import { checkedInt, checkedUint } from "#cel/values/numbers.ts"
import { checkedDuration, checkedTimestamp } from "#cel/values/time.ts"
import { CelError, Duration, ListValue, noSuchOverload, Timestamp, Uint, type Value } from "#cel/values/value.ts"
import { compare } from "#cel/values/equality.ts"
import { isError } from "#cel/values/value.ts"

const DIVISION_BY_ZERO = new CelError("division by zero")
const MODULUS_BY_ZERO = new CelError("modulus by zero")

/** What an operator says when its first operand is of a type that it has no form for at all. */
function unsupported(name: string, value: Value): CelError {
  const numeric = typeof value === "bigint" || typeof value === "number" || value instanceof Uint
  return numeric ? noSuchOverload() : new CelError(`no such overload: ${name}`)
}

type Numeric = {
  readonly int?: (a: bigint, b: bigint) => Value
  readonly uint?: (a: bigint, b: bigint) => Value
  readonly double?: (a: number, b: number) => number
}

/** An operator on two numbers of one type; `other` is asked about everything else. */
function numeric(name: string, { int, uint, double }: Numeric, other: Call): Call {
  return (a, b) => {
    if (typeof a === "bigint" && int !== undefined) return typeof b === "bigint" ? int(a, b) : noSuchOverload()
    if (typeof a === "number" && double !== undefined) return typeof b === "number" ? double(a, b) : noSuchOverload()
    if (a instanceof Uint && uint !== undefined) return b instanceof Uint ? uint(a.value, b.value) : noSuchOverload()
    return other(a!, b!) ?? unsupported(name, a!)
  }
}

const none =
  (name: string): Call =>
  (a) =>
    unsupported(name, a!)

const add = numeric(
  OPERATORS.add,
  { int: (a, b) => checkedInt(a + b), uint: (a, b) => checkedUint(a + b), double: (a, b) => a + b },
  (a, b) => {
    if (typeof a === "string") return typeof b === "string" ? a + b : noSuchOverload()
    if (a instanceof ListValue) return b instanceof ListValue ? a.concat(b) : noSuchOverload()
    if (a instanceof Uint8Array) return b instanceof Uint8Array ? Buffer.concat([a, b]) : noSuchOverload()
    if (a instanceof Duration && b instanceof Duration) return checkedDuration(a.nanos + b.nanos)
    if (a instanceof Duration && b instanceof Timestamp) return checkedTimestamp(a.nanos + b.nanos, b.offsetSeconds)
    if (a instanceof Timestamp && b instanceof Duration) return checkedTimestamp(a.nanos + b.nanos, a.offsetSeconds)
    if (a instanceof Duration || a instanceof Timestamp) return noSuchOverload()
    return unsupported(OPERATORS.add, a!)
  },
)

const subtract = numeric(
  OPERATORS.subtract,
  { int: (a, b) => checkedInt(a - b), uint: (a, b) => checkedUint(a - b), double: (a, b) => a - b },
  (a, b) => {
    if (a instanceof Duration && b instanceof Duration) return checkedDuration(a.nanos - b.nanos)
    if (a instanceof Timestamp && b instanceof Duration) return checkedTimestamp(a.nanos - b.nanos, a.offsetSeconds)
    if (a instanceof Timestamp && b instanceof Timestamp) return checkedDuration(a.nanos - b.nanos)
    if (a instanceof Duration || a instanceof Timestamp) return noSuchOverload()
    return unsupported(OPERATORS.subtract, a!)
  },
)

const multiply = numeric(
  OPERATORS.multiply,
  { int: (a, b) => checkedInt(a * b), uint: (a, b) => checkedUint(a * b), double: (a, b) => a * b },
  none(OPERATORS.multiply),
)
const divide = numeric(
  OPERATORS.divide,
  {
    int: (a, b) => (b === 0n ? DIVISION_BY_ZERO : checkedInt(a / b)),
    uint: (a, b) => (b === 0n ? DIVISION_BY_ZERO : checkedUint(a / b)),
    double: (a, b) => a / b,
  },
  none(OPERATORS.divide),
)
const modulo = numeric(
  OPERATORS.modulo,
  {
    // The quotient must fit as well: Go has no remainder of the smallest integer by -1.
    int: (a, b) => (b === 0n ? MODULUS_BY_ZERO : isError(checkedInt(a / b)) ? checkedInt(a / b) : a % b),
    uint: (a, b) => (b === 0n ? MODULUS_BY_ZERO : checkedUint(a % b)),
  },
  none(OPERATORS.modulo),
)

const negate: Call = (a) => {
  if (typeof a === "bigint") return checkedInt(-a)
  return typeof a === "number" ? -a : unsupported(OPERATORS.negate, a!)
}

const NUMBERS: readonly (readonly [string, Type])[] = [
  ["int64", INT],
  ["uint64", UINT],
  ["double", DOUBLE],
]

/** The forms of an operator whose operands and result are of one type. */
const forms = (name: string, ids: readonly (readonly [string, Type])[]) =>
  ids.map(([id, type]) => overload(`${name}_${id}`, [type, type], type))

const ORDERS: readonly (readonly [name: string, id: string, holds: (order: number) => boolean])[] = [
  [OPERATORS.less, "less", (order) => order < 0],
  [OPERATORS.lessEquals, "less_equals", (order) => order <= 0],
  [OPERATORS.greater, "greater", (order) => order > 0],
  [OPERATORS.greaterEquals, "greater_equals", (order) => order >= 0],
]

const ORDERED: readonly (readonly [string, Type])[] = [
  ["string", STRING],
  ["bytes", BYTES],
  ["timestamp", TIMESTAMP],
  ["duration", DURATION],
]

function order([name, id, holds]: (typeof ORDERS)[number]): FunctionDeclaration {
  const call: Call = (a, b) => {
    const result = compare(a!, b!)
    return isError(result) ? result : holds(result)
  }
  const numbers = NUMBERS.flatMap(([a, typeA]) =>
    NUMBERS.map(([b, typeB]) => overload(a === b ? `${id}_${a}` : `${id}_${a}_${b}`, [typeA, typeB], BOOL)),
  )
  const others = ORDERED.map(([suffix, type]) => overload(`${id}_${suffix}`, [type, type], BOOL))
  return declareOne(name, call, overload(`${id}_bool`, [BOOL, BOOL], BOOL), ...numbers, ...others)
}

export const ARITHMETIC: readonly FunctionDeclaration[] = [
  declareOne(
    OPERATORS.add,
    add,
    overload("add_bytes", [BYTES, BYTES], BYTES),
    overload("add_double", [DOUBLE, DOUBLE], DOUBLE),
    overload("add_duration_duration", [DURATION, DURATION], DURATION),
    overload("add_duration_timestamp", [DURATION, TIMESTAMP], TIMESTAMP),
    overload("add_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP),
    overload("add_int64", [INT, INT], INT),
    overload("add_list", [listOf(A), listOf(A)], listOf(A)),
    overload("add_string", [STRING, STRING], STRING),
    overload("add_uint64", [UINT, UINT], UINT),
  ),
  declareOne(
    OPERATORS.subtract,
    subtract,
    ...forms("subtract", NUMBERS),
    overload("subtract_duration_duration", [DURATION, DURATION], DURATION),
    overload("subtract_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP),
    overload("subtract_timestamp_timestamp", [TIMESTAMP, TIMESTAMP], DURATION),
  ),
  declareOne(OPERATORS.multiply, multiply, ...forms("multiply", NUMBERS)),
  declareOne(OPERATORS.divide, divide, ...forms("divide", NUMBERS)),
  declareOne(OPERATORS.modulo, modulo, ...forms("modulo", NUMBERS.slice(0, 2))),
  declareOne(
    OPERATORS.negate,
    negate,
    overload("negate_double", [DOUBLE], DOUBLE),
    overload("negate_int64", [INT], INT),
  ),
  ...ORDERS.map(order),
]
