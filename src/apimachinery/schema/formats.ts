import { isIPv4, isIPv6 } from "node:net"

const LABEL_CHAR = "[a-zA-Z0-9\\p{S}\\p{L}]"
const hostname = new RegExp(
  `^(${LABEL_CHAR}((-?${LABEL_CHAR}{0,62})?)|(${LABEL_CHAR}(([-a-zA-Z0-9\\p{S}\\p{L}]{0,61}${LABEL_CHAR})?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$`,
  "u",
)
const duration = /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/
const words =
  /^\s*(\d+(\.\d+)?)\s*(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)\s*$/
const creditCard =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/
const rgb = "(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])"

/**
 * The formats of strings that are checked, without their dashes. Others are ignored, as upstream does: `int32` and the
 * like say nothing beyond the type. Source: apiextensions-apiserver pkg/apiserver/validation/formats.go.
 */
const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["bsonobjectid", (text: string) => /^[0-9a-fA-F]{24}$/.test(text)],
  ["uri", isRequestUri],
  ["email", (text: string) => /^(.*<)?[^\s@<>",;:\\()[\]]+@[^\s@<>",;:\\()]+>?$/.test(text.trim())],
  [
    "hostname",
    (text: string) => text.length <= 255 && hostname.test(text) && text.split(".").every((p) => p.length <= 63),
  ],
  ["ipv4", isIPv4],
  ["ipv6", (text: string) => isIPv6(text) && !text.includes("%")],
  ["cidr", isCidr],
  [
    "mac",
    (text: string) =>
      /^([0-9a-f]{2}([:-])(?:[0-9a-f]{2}\2){4,18}[0-9a-f]{2}|([0-9a-f]{4}\.){2,9}[0-9a-f]{4})$/i.test(text),
  ],
  ["uuid", (text: string) => isUuid(text, "[0-9a-f]", "[0-9a-f]")],
  ["uuid3", (text: string) => isUuid(text, "3", "[0-9a-f]")],
  ["uuid4", (text: string) => isUuid(text, "4", "[89ab]")],
  ["uuid5", (text: string) => isUuid(text, "5", "[89ab]")],
  ["isbn", (text: string) => isIsbn10(text) || isIsbn13(text)],
  ["isbn10", isIsbn10],
  ["isbn13", isIsbn13],
  ["creditcard", isCreditCard],
  ["ssn", (text: string) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text)],
  ["hexcolor", (text: string) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)],
  ["rgbcolor", (text: string) => new RegExp(`^rgb\\(\\s*${rgb}\\s*,\\s*${rgb}\\s*,\\s*${rgb}\\s*\\)$`).test(text)],
  ["byte", isBase64],
  ["password", () => true],
  ["date", (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isDate(text)],
  ["duration", (text: string) => text === "0" || duration.test(text) || words.test(text)],
  ["datetime", isDateTime],
])

/** @returns the check of a format, or undefined for one that is not checked */
export function formatCheck(format: string | undefined): ((text: string) => boolean) | undefined {
  return format === undefined ? undefined : FORMATS.get(format.replaceAll("-", ""))
}

const hasControlCharacter = (text: string) => Array.from(text).some((char) => char < " " || char === "\x7f")

/** An absolute URI or an absolute path. Source: net/url.ParseRequestURI. */
function isRequestUri(text: string): boolean {
  if (text === "" || hasControlCharacter(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return false
  if (text.startsWith("/") || text === "*") return true
  const match = /^[a-zA-Z][a-zA-Z0-9+.-]*:(.*)$/s.exec(text)
  if (match === null) return false
  const authority = /^\/\/([^/?#]*)/.exec(match[1]!)?.[1]
  return authority === undefined || /^([^@]*@)?(\[[^\]]+\]|[^\s:[\]<>"]*)(:\d*)?$/.test(authority)
}

function isCidr(text: string): boolean {
  const slash = text.indexOf("/")
  const address = text.slice(0, slash)
  const bits = text.slice(slash + 1)
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false
  return isIPv4(address) ? Number(bits) <= 32 : isIPv6(address) && !address.includes("%") && Number(bits) <= 128
}

function isUuid(text: string, version: string, variant: string): boolean {
  const pattern = `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`
  return new RegExp(pattern, "i").test(text)
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "")
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  return (
    Array.from(digits).reduce((sum, digit, i) => sum + (i + 1) * (digit === "X" ? 10 : Number(digit)), 0) % 11 === 0
  )
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "")
  if (!/^\d{13}$/.test(digits)) return false
  return Array.from(digits).reduce((sum, digit, i) => sum + (i % 2 === 0 ? 1 : 3) * Number(digit), 0) % 10 === 0
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, "")
  if (!creditCard.test(digits)) return false
  const sum = Array.from(digits)
    .reverse()
    .reduce((total, char, i) => {
      const digit = Number(char) * (i % 2 === 0 ? 1 : 2)
      return total + (digit > 9 ? digit - 9 : digit)
    }, 0)
  return sum % 10 === 0
}

function isBase64(text: string): boolean {
  return (
    text !== "" && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/[\r\n]/g, ""))
  )
}

/** Whether the day exists: February has no 30th. */
function isDate(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

function isDateTime(text: string): boolean {
  const match = /^(\d{4}-\d{2}-\d{2})[tT ](\d{2}):(\d{2}):(\d{2})(\.\d+)?([zZ]|[+-]\d{2}:?\d{2})$/.exec(text)
  if (match === null) return false
  return isDate(match[1]!) && Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) <= 60
}
