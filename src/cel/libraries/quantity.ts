// Source: apiserver pkg/cel/library/quantity.go.
import { parseQuantity, Quantity, QuantityError } from "#apimachinery/quantity.ts"
import { BOOL, DOUBLE, INT, STRING, structType, type Type } from "#cel/types/type.ts"
import { INT_MAX, INT_MIN } from "#cel/values/numbers.ts"
import { CelError, OpaqueValue, type Value } from "#cel/values/value.ts"
import { declare, member, overload, type Call, type FunctionDeclaration } from "./declare.ts"

const NANOS = 1_000_000_000n

export const QUANTITY = structType("kubernetes.Quantity")

export class QuantityValue extends OpaqueValue {
  readonly quantity: Quantity
  override readonly type: Type = QUANTITY

  constructor(quantity: Quantity) {
    super()
    this.quantity = quantity
  }

  override equals(other: OpaqueValue): boolean {
    return other instanceof QuantityValue && this.quantity.compare(other.quantity) === 0
  }
}

function parse(text: Value): QuantityValue | CelError {
  try {
    return new QuantityValue(parseQuantity(text as string))
  } catch (error) {
    if (error instanceof QuantityError) return new CelError(error.message)
    throw error
  }
}

const of = (value: Value): Quantity => (value as QuantityValue).quantity
const fromInt = (value: Value): Quantity => new Quantity((value as bigint) * NANOS, "DecimalExponent")

/** Whole units, if the amount is whole and 64 bits hold it. */
function units({ nanos }: Quantity): bigint | undefined {
  const whole = nanos / NANOS
  return nanos % NANOS !== 0n || whole < INT_MIN || whole > INT_MAX ? undefined : whole
}

const comparison =
  (holds: (order: number) => Value): Call =>
  (a, b) =>
    holds(of(a!).compare(of(b!)))

export const QUANTITY_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "quantity",
    overload("string_to_quantity", [STRING], QUANTITY, (text) => parse(text!)),
  ),
  declare(
    "isQuantity",
    overload("is_quantity_string", [STRING], BOOL, (text) => parse(text!) instanceof QuantityValue),
  ),
  declare(
    "sign",
    overload("quantity_sign", [QUANTITY], INT, (q) => {
      const { nanos } = of(q!)
      return nanos > 0n ? 1n : nanos < 0n ? -1n : 0n
    }),
  ),
  declare(
    "isGreaterThan",
    member(
      "quantity_is_greater_than",
      [QUANTITY, QUANTITY],
      BOOL,
      comparison((o) => o > 0),
    ),
  ),
  declare(
    "isLessThan",
    member(
      "quantity_is_less_than",
      [QUANTITY, QUANTITY],
      BOOL,
      comparison((o) => o < 0),
    ),
  ),
  declare(
    "compareTo",
    member(
      "quantity_compare_to",
      [QUANTITY, QUANTITY],
      INT,
      comparison((o) => BigInt(o)),
    ),
  ),
  declare(
    "asApproximateFloat",
    member("quantity_get_float", [QUANTITY], DOUBLE, (q) => of(q!).toNumber()),
  ),
  declare(
    "asInteger",
    member(
      "quantity_get_int",
      [QUANTITY],
      INT,
      (q) => units(of(q!)) ?? new CelError("cannot convert value to integer"),
    ),
  ),
  declare(
    "isInteger",
    member("quantity_is_integer", [QUANTITY], BOOL, (q) => units(of(q!)) !== undefined),
  ),
  declare(
    "add",
    member("quantity_add", [QUANTITY, QUANTITY], QUANTITY, (a, b) => new QuantityValue(of(a!).add(of(b!)))),
    member("quantity_add_int", [QUANTITY, INT], QUANTITY, (a, b) => new QuantityValue(of(a!).add(fromInt(b!)))),
  ),
  declare(
    "sub",
    member("quantity_sub", [QUANTITY, QUANTITY], QUANTITY, (a, b) => new QuantityValue(of(a!).subtract(of(b!)))),
    member("quantity_sub_int", [QUANTITY, INT], QUANTITY, (a, b) => new QuantityValue(of(a!).subtract(fromInt(b!)))),
  ),
]
