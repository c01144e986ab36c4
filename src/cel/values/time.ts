import { CelError, Duration, Timestamp } from "./value.ts"
import { INT_MAX, INT_MIN } from "./numbers.ts"

const SECOND = 1_000_000_000n
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds: what timestamps can be. */
export const UNIX_SECONDS_MIN = -62_135_596_800n
export const UNIX_SECONDS_MAX = 253_402_300_799n

const DURATION_OVERFLOW = new CelError("duration overflow")
const TIMESTAMP_OVERFLOW = new CelError("timestamp overflow")

const UNITS: { readonly [unit: string]: bigint } = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3600n * SECOND,
}

export function checkedDuration(nanos: bigint): Duration | CelError {
  return nanos < INT_MIN || nanos > INT_MAX ? DURATION_OVERFLOW : new Duration(nanos)
}

export function checkedTimestamp(nanos: bigint, offsetSeconds = 0): Timestamp | CelError {
  const seconds = floorDivide(nanos, SECOND)
  if (seconds < UNIX_SECONDS_MIN || seconds > UNIX_SECONDS_MAX) return TIMESTAMP_OVERFLOW
  return new Timestamp(nanos, offsetSeconds)
}

/** `1h30m`, `-1.5s` as Go's time.ParseDuration reads them; undefined for other text. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text)
  if (match === null) return undefined
  let nanos = 0n
  for (const [, whole = "", fraction = "", unit = ""] of match[2]!.matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const scale = UNITS[unit]!
    nanos += BigInt(whole || "0") * scale
    if (fraction !== "") nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
  }
  if (match[1] === "-") nanos = -nanos
  return nanos < INT_MIN || nanos > INT_MAX ? undefined : new Duration(nanos)
}

/** `5400s`: seconds with as few digits as needed. */
export function durationText({ nanos }: Duration): string {
  const sign = nanos < 0n ? "-" : ""
  const size = nanos < 0n ? -nanos : nanos
  const fraction = String(size % SECOND)
    .padStart(9, "0")
    .replace(/0+$/, "")
  return `${sign}${size / SECOND}${fraction === "" ? "" : `.${fraction}`}s`
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/

/** A time of RFC 3339; undefined for other text, "overflow" for a time outside of the years 1 to 9999. */
export function parseTimestamp(text: string): Timestamp | CelError | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const offset =
    match[8] === undefined ? 0 : (match[8] === "-" ? -1 : 1) * (Number(match[9]) * 3600 + Number(match[10]) * 60)
  const seconds = BigInt(utcSeconds(year, month, day, hour, minute, second) - offset)
  const nanos = BigInt((match[7] ?? "").padEnd(9, "0").slice(0, 9))
  return checkedTimestamp(seconds * SECOND + nanos, offset)
}

function daysIn(year: number, month: number): number {
  return month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : [4, 6, 9, 11].includes(month)
      ? 30
      : 31
}

function utcSeconds(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const date = new Date(0)
  // Date.UTC takes the years 0 to 99 for those of the twentieth century.
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  return date.getTime() / 1000
}

/** RFC 3339 with as many digits of the second as needed. */
export function timestampText({ nanos, offsetSeconds }: Timestamp): string {
  const local = dateOf(nanos, offsetSeconds)
  const fraction = String(modulo(nanos, SECOND)).padStart(9, "0").replace(/0+$/, "")
  const day = `${String(local.getUTCFullYear()).padStart(4, "0")}-${two(local.getUTCMonth() + 1)}-${two(local.getUTCDate())}`
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`
  return `${day}T${time}${fraction === "" ? "" : `.${fraction}`}${offsetText(offsetSeconds)}`
}

function offsetText(seconds: number): string {
  if (seconds === 0) return "Z"
  const minutes = Math.trunc(Math.abs(seconds) / 60)
  return `${seconds < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`
}

const two = (value: number) => String(value).padStart(2, "0")

/** The moment as if its local time were UTC, in whole milliseconds. */
function dateOf(nanos: bigint, offsetSeconds: number): Date {
  return new Date(Number(floorDivide(nanos, 1_000_000n)) + offsetSeconds * 1000)
}

export const unixSeconds = ({ nanos }: Timestamp): bigint => floorDivide(nanos, SECOND)
export const milliseconds = ({ nanos }: Timestamp): number => Number(modulo(nanos, SECOND) / 1_000_000n)

/**
 * The local time of a moment as a date whose UTC fields are to be read.
 *
 * @param zone  `UTC`, an IANA name, or a distance: `-08:00`, `02:30`
 * @returns an error for a zone that is not known
 */
export function inTimeZone(moment: Timestamp, zone: string): Date | CelError {
  if (zone === "" || zone === "UTC") return dateOf(moment.nanos, 0)
  const distance = /^([+-]?\d+):([+-]?\d+)$/.exec(zone)
  if (distance !== null) {
    const hours = Number(distance[1])
    const minutes = Number(distance[2])
    return dateOf(moment.nanos, (zone.startsWith("-") ? hours * 60 - minutes : hours * 60 + minutes) * 60)
  }
  try {
    const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(
      dateOf(moment.nanos, 0),
    )
    const name = parts.find((part) => part.type === "timeZoneName")!.value
    const [, sign, hours = "0", minutes = "0"] = /^GMT(?:([+-])(\d+):(\d+))?/.exec(name)!
    const seconds = (Number(hours) * 60 + Number(minutes)) * 60
    return dateOf(moment.nanos, sign === "-" ? -seconds : seconds)
  } catch {
    return new CelError(`unknown time zone ${zone}`)
  }
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return value % divisor < 0n ? quotient - 1n : quotient
}

function modulo(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor
}
