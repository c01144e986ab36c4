// Strings in version 2, as Kubernetes has it. Positions count characters. Source: cel-go ext/strings.go.
import { INT, listType, DYN, STRING } from "#cel/types/type.ts"
import { ArrayList, CelError, ListValue, type Value } from "#cel/values/value.ts"
import { valueText } from "#cel/values/numbers.ts"
import { declare, member, overload, type FunctionDeclaration } from "./declare.ts"
import { formatText } from "./format-text.ts"

const STRINGS = listType(STRING)
const outOfRange = (index: Value) => new CelError(`index out of range: ${valueText(index)}`)
const listOfTexts = (texts: string[]): ListValue => new ArrayList(texts)
const chars = (text: Value) => Array.from(text as string)

function charAt(text: Value, index: Value): Value {
  const points = chars(text)
  const i = Number(index)
  return i < 0 || i > points.length ? outOfRange(index) : (points[i] ?? "")
}

function indexOf(text: Value, part: Value, offset: Value): Value {
  if (part === "") return offset
  const [points, wanted, start] = [chars(text), chars(part), Number(offset)]
  if (start < 0) return outOfRange(offset)
  for (let i = start; i <= points.length - wanted.length; i++) {
    if (wanted.every((point, j) => points[i + j] === point)) return BigInt(i)
  }
  return -1n
}

function lastIndexOf(text: Value, part: Value, offset?: Value): Value {
  const [points, wanted] = [chars(text), chars(part)]
  if (part === "") return offset ?? BigInt(points.length)
  if (offset === undefined && points.length < wanted.length) return -1n
  const start = offset === undefined ? points.length - 1 : Number(offset)
  if (start < 0) return outOfRange(offset ?? -1n)
  if (start >= points.length) return -1n
  for (let i = Math.min(start, points.length - wanted.length); i >= 0; i--) {
    if (wanted.every((point, j) => points[i + j] === point)) return BigInt(i)
  }
  return -1n
}

function substring(text: Value, start: Value, end?: Value): Value {
  const points = chars(text)
  const to = end === undefined ? points.length : Number(end)
  if (end !== undefined && (start as bigint) > (end as bigint)) {
    return new CelError(`invalid substring range. start: ${valueText(start)}, end: ${valueText(end)}`)
  }
  if (Number(start) < 0 || Number(start) > points.length) return outOfRange(start)
  if (to < 0 || to > points.length) return outOfRange(end!)
  return points.slice(Number(start), to).join("")
}

/** @param count  how often at most; every time when it is negative */
function replace(text: string, from: string, to: string, count: number): string {
  if (count < 0)
    return from === "" ? [to, ...chars(text).flatMap((c) => [c, to])].join("") : text.replaceAll(from, () => to)
  if (from === "") {
    const points = chars(text)
    return points.map((c, i) => (i < count ? to + c : c)).join("") + (points.length < count ? to : "")
  }
  const pieces = text.split(from)
  const last = pieces.slice(count).join(from)
  return count === 0 ? text : pieces.length <= count ? pieces.join(to) : [...pieces.slice(0, count), last].join(to)
}

/** @param count  into how many pieces at most; as many as there are when it is negative */
function split(text: string, separator: string, count: number): string[] {
  if (count === 0) return []
  const pieces = separator === "" ? chars(text) : text.split(separator)
  if (count < 0 || pieces.length <= count) return pieces
  return [...pieces.slice(0, count - 1), pieces.slice(count - 1).join(separator)]
}

function join(list: Value, separator: string): Value {
  const texts: string[] = []
  for (const element of list as ListValue) {
    if (typeof element !== "string") return new CelError(`join: invalid input: ${valueText(element)}`)
    texts.push(element)
  }
  return texts.join(separator)
}

const QUOTES: { readonly [char: string]: string } = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
}

// oxlint-disable-next-line no-control-regex -- these are the characters that quoting is about
const QUOTED = /[\x07\b\f\n\r\t\v\\"]/g

/** What Go counts as space. */
const SPACE = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
const TRIM = new RegExp(`^${SPACE}+|${SPACE}+$`, "gu")

export const STRINGS_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "charAt",
    member("string_char_at_int", [STRING, INT], STRING, (text, i) => charAt(text!, i!)),
  ),
  declare(
    "indexOf",
    member("string_index_of_string", [STRING, STRING], INT, (text, part) => indexOf(text!, part!, 0n)),
    member("string_index_of_string_int", [STRING, STRING, INT], INT, (text, part, i) => indexOf(text!, part!, i!)),
  ),
  declare(
    "lastIndexOf",
    member("string_last_index_of_string", [STRING, STRING], INT, (text, part) => lastIndexOf(text!, part!)),
    member("string_last_index_of_string_int", [STRING, STRING, INT], INT, (text, part, i) =>
      lastIndexOf(text!, part!, i!),
    ),
  ),
  declare(
    "lowerAscii",
    member("string_lower_ascii", [STRING], STRING, (text) =>
      (text as string).replace(/[A-Z]/g, (c) => c.toLowerCase()),
    ),
  ),
  declare(
    "upperAscii",
    member("string_upper_ascii", [STRING], STRING, (text) =>
      (text as string).replace(/[a-z]/g, (c) => c.toUpperCase()),
    ),
  ),
  declare(
    "replace",
    member("string_replace_string_string", [STRING, STRING, STRING], STRING, (text, from, to) =>
      replace(text as string, from as string, to as string, -1),
    ),
    member("string_replace_string_string_int", [STRING, STRING, STRING, INT], STRING, (text, from, to, n) =>
      replace(text as string, from as string, to as string, Number(n)),
    ),
  ),
  declare(
    "split",
    member("string_split_string", [STRING, STRING], STRINGS, (text, separator) =>
      listOfTexts(split(text as string, separator as string, -1)),
    ),
    member("string_split_string_int", [STRING, STRING, INT], STRINGS, (text, separator, n) =>
      listOfTexts(split(text as string, separator as string, Number(n))),
    ),
  ),
  declare(
    "substring",
    member("string_substring_int", [STRING, INT], STRING, (text, start) => substring(text!, start!)),
    member("string_substring_int_int", [STRING, INT, INT], STRING, (text, start, end) =>
      substring(text!, start!, end!),
    ),
  ),
  declare(
    "trim",
    member("string_trim", [STRING], STRING, (text) => (text as string).replace(TRIM, "")),
  ),
  declare(
    "format",
    member("string_format", [STRING, listType(DYN)], STRING, (text, args) =>
      formatText(text as string, args as ListValue),
    ),
  ),
  declare(
    "strings.quote",
    overload(
      "strings_quote",
      [STRING],
      STRING,
      (text) => `"${(text as string).toWellFormed().replace(QUOTED, (c) => QUOTES[c]!)}"`,
    ),
  ),
  declare(
    "join",
    member("list_join", [STRINGS], STRING, (list) => join(list!, "")),
    member("list_join_string", [STRINGS, STRING], STRING, (list, separator) => join(list!, separator as string)),
  ),
]
