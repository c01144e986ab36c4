import { CelError, Uint, type Value } from "./value.ts"

export const INT_MIN = -(2n ** 63n)
export const INT_MAX = 2n ** 63n - 1n
export const UINT_MAX = 2n ** 64n - 1n

const OVERFLOW = new CelError("integer overflow")
const UNSIGNED_OVERFLOW = new CelError("unsigned integer overflow")

/** An int, or an error when 64 bits do not hold it. */
export function checkedInt(value: bigint): bigint | CelError {
  return value < INT_MIN || value > INT_MAX ? OVERFLOW : value
}

/** A uint, or an error when 64 bits do not hold it. */
export function checkedUint(value: bigint): Uint | CelError {
  return value < 0n || value > UINT_MAX ? UNSIGNED_OVERFLOW : new Uint(value)
}

export function doubleToInt(value: number): bigint | CelError {
  // Both bounds are excluded: as doubles they stand for integers beyond 64 bits too.
  if (!Number.isFinite(value) || value <= -(2 ** 63) || value >= 2 ** 63) return OVERFLOW
  return BigInt(Math.trunc(value))
}

export function doubleToUint(value: number): Uint | CelError {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64) return UNSIGNED_OVERFLOW
  return new Uint(BigInt(Math.trunc(value)))
}

/** A double as Go prints it with `%g`. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN"
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf"
  if (Object.is(value, -0)) return "-0"
  const [, sign, digits, exponentText] = /^(-?)([\d.]+)e([+-]\d+)$/.exec(value.toExponential())!
  const exponent = Number(exponentText)
  // The shortest form takes exponents from 1e21 on, and below 1e-4.
  if (exponent < -4 || exponent >= 21) {
    return `${sign}${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`
  }
  return plainDecimal(value)
}

/** A double without an exponent, in as few digits as tell it from others. Source: strconv 'f', -1. */
export function plainDecimal(value: number): string {
  const [, sign, first, rest = "", exponentText] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential())!
  const exponent = Number(exponentText)
  const digits = first + rest
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return `${sign}${digits}${"0".repeat(exponent + 1 - digits.length)}`
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

/** @returns undefined for text that is no integer, or is one beyond 64 bits */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ""))
  return value < INT_MIN || value > INT_MAX ? undefined : value
}

export function parseUint64(text: string): Uint | undefined {
  if (!/^\d+$/.test(text)) return undefined
  const value = BigInt(text)
  return value > UINT_MAX ? undefined : new Uint(value)
}

/** A double as Go reads one; undefined for other text. */
export function parseDouble(text: string): number | undefined {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** A value as messages tell it: `no such key: foo`. */
export function valueText(value: Value): string {
  return typeof value === "number" ? doubleText(value) : String(value)
}
