// `"%s".format([…])` as version 2 of the strings library has it: English numbers. Source: cel-go ext/formatting.go.
import { goQuote } from "#apimachinery/go-text.ts"
import { typeOf } from "#cel/values/type-of.ts"
import { CelError, ListValue, MapValue, Uint, type Value } from "#cel/values/value.ts"
import { textOf } from "./conversions.ts"
import { FormatError, interpretFormat, wrongType, type Clause } from "./format-clauses.ts"

const PRECISION = 6
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
const SPECIAL: { readonly [text: string]: number } = { NaN: Number.NaN, Infinity: Infinity, "-Infinity": -Infinity }

/** @returns the text, or an error */
export function formatText(format: string, args: ListValue): Value {
  try {
    return interpretFormat(format, args.size, (i, clause) => writeClause(args.at(i), clause)).text
  } catch (error) {
    if (error instanceof FormatError) return new CelError(error.message)
    throw error
  }
}

function writeClause(value: Value, clause: Clause): string {
  const integer = typeof value === "bigint" ? value : value instanceof Uint ? value.value : undefined
  const wrong = () => new FormatError(wrongType(clause, typeOf(value).name))
  switch (clause.letter) {
    case "s":
      return writeString(value)
    case "d":
      if (integer === undefined) throw wrong()
      return String(integer)
    case "b":
      if (typeof value === "boolean") return value ? "1" : "0"
      if (integer === undefined) throw wrong()
      return integer.toString(2)
    case "o":
      if (integer === undefined) throw wrong()
      return integer.toString(8)
    case "x":
    case "X": {
      const hex = integer?.toString(16) ?? hexOf(value)
      if (hex === undefined) throw wrong()
      return clause.letter === "X" ? hex.toUpperCase() : hex
    }
    default: {
      const double = typeof value === "string" ? SPECIAL[value] : value
      if (typeof double !== "number") throw wrong()
      const precision = clause.precision ?? PRECISION
      return clause.letter === "f" ? fixed(double, precision) : scientific(double, precision)
    }
  }
}

function hexOf(value: Value): string | undefined {
  if (typeof value === "string") return Buffer.from(value).toString("hex")
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : undefined
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN"
  return Number.isFinite(value) ? undefined : value > 0 ? "∞" : "-∞"
}

/** `1,234.500000` */
function fixed(value: number, precision: number): string {
  const text = special(value)
  if (text !== undefined) return text
  const [whole = "", fraction] = exactDigits(value, precision).split(".")
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",")
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** As toFixed, which turns to exponents from 1e21 on. */
function exactDigits(value: number, precision: number): string {
  if (Math.abs(value) < 1e21) return value.toFixed(precision)
  return `${BigInt(value)}${precision === 0 ? "" : `.${"0".repeat(precision)}`}`
}

/** `1.052033 × 10⁰³` */
function scientific(value: number, precision: number): string {
  const text = special(value)
  if (text !== undefined) return text
  const [digits, exponent = "+0"] = value.toExponential(precision).split("e")
  const power = exponent.slice(1).padStart(2, "0")
  return `${digits} × 10${exponent.startsWith("-") ? "⁻" : ""}${Array.from(power, (d) => SUPERSCRIPTS[Number(d)]).join("")}`
}

function writeString(value: Value): string {
  if (value === null) return "null"
  if (value instanceof ListValue) return writeList(value)
  if (value instanceof MapValue) return writeMap(value)
  const type = typeOf(value)
  if (type.kind === "type") return String(value)
  const text = textOf(value)
  if (typeof text === "string") return text
  throw new FormatError(
    text instanceof CelError ? text.message : wrongType({ letter: "s", precision: undefined }, type.name),
  )
}

/** A value inside of a list or map, where texts have quotes. */
function writeMember(value: Value): string {
  if (typeof value === "number") return Number.isFinite(value) ? value.toFixed(PRECISION) : goQuote(writeString(value))
  const { kind } = typeOf(value)
  const text = writeString(value)
  if (kind === "string") return goQuote(text)
  if (kind === "bytes") return `b${goQuote(text)}`
  return kind === "timestamp" || kind === "duration" ? `${kind}(${goQuote(text)})` : text
}

function writeList(list: ListValue): string {
  return `[${Array.from(list, writeMember).join(", ")}]`
}

function writeMap(map: MapValue): string {
  const entries: [string, string][] = []
  for (const key of map.keys()) {
    const { kind, name } = typeOf(key)
    if (!["string", "bool", "int", "uint"].includes(kind))
      throw new FormatError(`no formatting function for map key of type ${name}`)
    entries.push([writeMember(key), writeMember(map.find(key)!)])
  }
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, value]) => `${key}:${value}`).join(", ")}}`
}
