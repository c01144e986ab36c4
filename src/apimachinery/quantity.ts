/**
 * Amounts of resources: `100m`, `1.5Gi`, `12e6`. Exact: an amount is a whole number of nano-units of any size.
 * Source: k8s.io/apimachinery/pkg/api/resource.
 */

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent"

/** Text that is no quantity. */
export class QuantityError extends Error {
  override readonly name = "QuantityError"
}

/** An amount and how it likes to be written. Immutable. */
export class Quantity {
  /** The amount in units of 10^-9. */
  readonly nanos: bigint
  readonly format: QuantityFormat
  readonly #text: string | undefined

  /** @param text  what {@link toString} gives; the canonical form by default */
  constructor(nanos: bigint, format: QuantityFormat, text?: string) {
    this.nanos = nanos
    this.format = format
    this.#text = text
  }

  /** -1, 0 or 1. */
  compare(other: Quantity): number {
    return this.nanos < other.nanos ? -1 : this.nanos > other.nanos ? 1 : 0
  }

  get isZero(): boolean {
    return this.nanos === 0n
  }

  /** The sum, in this one's format; zero takes over the other's. */
  add(other: Quantity): Quantity {
    return new Quantity(this.nanos + other.nanos, this.isZero ? other.format : this.format)
  }

  /** The difference, in this one's format; zero takes over the other's. */
  subtract(other: Quantity): Quantity {
    return new Quantity(this.nanos - other.nanos, this.isZero ? other.format : this.format)
  }

  /** The nearest double, in whole units. */
  toNumber(): number {
    const units = this.nanos / NANOS
    return Number(units) + Number(this.nanos % NANOS) / 1e9
  }

  /** Whole units, away from zero: half a unit is 1. Source: Quantity.Value. */
  toUnits(): bigint {
    return divideAwayFromZero(this.nanos, NANOS)
  }

  /** Thousandths, away from zero: how CPU is compared. Source: Quantity.MilliValue. */
  toMilliUnits(): bigint {
    return divideAwayFromZero(this.nanos, 1_000_000n)
  }

  /** The text it was parsed from where that is as good as canonical, else the canonical form. */
  toString(): string {
    return this.#text ?? canonicalText(this.nanos, this.format)
  }

  toJSON(): string {
    return this.toString()
  }
}

const NANOS = 1_000_000_000n
const INT64_MAX = 0x7fff_ffff_ffff_ffffn
const PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"

const FORMAT_MESSAGE = `quantities must match the regular expression '${PATTERN}'`
const SUFFIX_MESSAGE = "unable to parse quantity's suffix"

const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
])
const DECIMAL_SUFFIXES = new Map([...DECIMAL_EXPONENTS].map(([suffix, exponent]) => [exponent, suffix]))
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

/**
 * Powers of ten that are written out are bounded: `1e2000000000` would otherwise be a number of two billion digits.
 * Upstream has no such bound, and no resource comes near it.
 */
const EXPONENT_MAX = 1000

/** As many decimal digits as surely fit in 64 bits; upstream keeps the text of such amounts. */
const FAST_DIGITS_MAX = 18

/**
 * @param value  text, or a number as JSON may hold one
 * @throws QuantityError
 */
export function parseQuantity(value: string | number): Quantity {
  const text = String(value)
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(text)
  if (match === null || text === "") throw new QuantityError(FORMAT_MESSAGE)
  const [, sign, whole = "", fraction = "", suffix = ""] = match
  const { base, exponent, format } = interpretSuffix(suffix)
  const digits = (whole.replace(/^0+/, "") || "0") + fraction
  const magnitude = BigInt(digits)
  const nanos =
    base === 10
      ? shiftDecimal(magnitude, exponent - fraction.length + 9)
      : shiftDecimal(magnitude << BigInt(exponent), 9 - fraction.length)
  const negative = sign === "-"
  if (isWrittenWell(digits, magnitude, fraction.length, exponent, format)) {
    return new Quantity(negative ? -nanos : nanos, format, text)
  }
  // Binary amounts are capped at what 64 bits hold, and one below 1 is a decimal one: `0.5Ki` stays, `0.0001Ki` does not.
  const capped = format === "BinarySI" && nanos > INT64_MAX * NANOS ? INT64_MAX * NANOS : nanos
  const small = format === "BinarySI" && capped > 0n && capped < NANOS
  return new Quantity(negative ? -capped : capped, small ? "DecimalSI" : format)
}

/** @returns the text in canonical form, as the API server stores it. @throws QuantityError */
export function canonicalQuantity(value: string | number): string {
  return parseQuantity(value).toString()
}

function interpretSuffix(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  const decimal = DECIMAL_EXPONENTS.get(suffix)
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: "DecimalSI" }
  const binary = BINARY_SUFFIXES.indexOf(suffix)
  if (binary > 0) return { base: 2, exponent: binary * 10, format: "BinarySI" }
  const match = /^[eE]([-+]?\d+)$/.exec(suffix)
  const exponent = Number(match?.[1])
  if (match === null || Math.abs(exponent) > EXPONENT_MAX) throw new QuantityError(SUFFIX_MESSAGE)
  return { base: 10, exponent, format: "DecimalExponent" }
}

/** Whether upstream keeps the text as it came: it fits in 64 bits and no larger suffix would shorten it. */
function isWrittenWell(
  digits: string,
  magnitude: bigint,
  fractionDigits: number,
  exponent: number,
  format: QuantityFormat,
): boolean {
  if (format === "BinarySI") {
    const precision = 15 - digits.length - Math.trunc((exponent * 3) / 10) - 1
    return fractionDigits === 0 && precision >= 0 && (magnitude & 7n) !== 0n
  }
  const scale = exponent - fractionDigits
  if (digits.length > FAST_DIGITS_MAX || scale < -9) return false
  return scale % 3 === 0 && !digits.endsWith("000") && digits[0] !== "0"
}

/** `magnitude * 10^places`, rounded up: who asks for a little gets a little. */
function shiftDecimal(magnitude: bigint, places: number): bigint {
  if (places >= 0) return magnitude * 10n ** BigInt(places)
  return divideAwayFromZero(magnitude, 10n ** BigInt(-places))
}

function divideAwayFromZero(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  if (value % divisor === 0n) return quotient
  return value < 0n ? quotient - 1n : quotient + 1n
}

function canonicalText(nanos: bigint, format: QuantityFormat): string {
  if (nanos === 0n) return "0"
  // Small or fractional amounts would have to be rounded to be written with a binary suffix.
  const binary = format === "BinarySI" && nanos % NANOS === 0n && (nanos <= -1024n * NANOS || nanos >= 1024n * NANOS)
  if (!binary) return decimalText(nanos, format === "BinarySI" ? "DecimalSI" : format)
  let units = nanos / NANOS
  let power = 0
  while (units % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
    units /= 1024n
    power++
  }
  return `${units}${BINARY_SUFFIXES[power]}`
}

/** With the largest exponent that is a multiple of three and leaves no fraction. */
function decimalText(nanos: bigint, format: "DecimalSI" | "DecimalExponent"): string {
  let mantissa = nanos
  let exponent = -9
  while (mantissa % 1000n === 0n && (format === "DecimalExponent" || exponent < 18)) {
    mantissa /= 1000n
    exponent += 3
  }
  if (format === "DecimalSI") return `${mantissa}${DECIMAL_SUFFIXES.get(exponent)}`
  return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`
}
