// Schedules in the form of cron: `*/5 * * * *`, `@hourly`, `@every 90s`.
// Source: github.com/robfig/cron, whose ParseStandard decides what a schedule is.
import { wallClock } from "./time-zone.ts"

type Bounds = { readonly min: number; readonly max: number; readonly names: readonly string[] }

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: ["", ...MONTHS] },
  { min: 0, max: 6, names: DAYS },
]
const WORDS: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
])
const EVERY = /^@every ((?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** A schedule that has no time within five years (30 February) has none. */
const SEARCH_YEARS_MAX = 5

export interface CronSchedule {
  /** @returns the first time after `ms`, undefined for a schedule that never comes */
  nextMs(ms: number): number | undefined
}

export type ParsedCron =
  | { readonly schedule: CronSchedule; readonly problem?: undefined }
  | { readonly problem: string; readonly schedule?: undefined }

/**
 * @param zone  of whoever wrote the schedule: `Europe/Paris`; a zone in the schedule itself comes before it
 * @returns the schedule, or what is wrong with the text in the parser's words
 */
export function parseCron(text: string, zone = "UTC"): ParsedCron {
  const [, , own, rest = text] = /^(TZ|CRON_TZ)=(\S+)\s+([\s\S]*)$/.exec(text) ?? []
  const every = EVERY.exec(rest)?.[1]
  if (every !== undefined) return { schedule: everyInterval(every) }
  const word = WORDS.get(rest)
  if (rest.startsWith("@") && word === undefined) return { problem: `unrecognized descriptor: ${rest}` }
  const fields = (word ?? rest).split(/\s+/).filter((field) => field !== "")
  if (fields.length !== FIELDS.length)
    return { problem: `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]` }
  for (const [i, field] of fields.entries()) {
    for (const range of field.split(",")) {
      const problem = rangeProblem(range, FIELDS[i]!)
      if (problem !== undefined) return { problem }
    }
  }
  return { schedule: byFields(fields, own ?? zone) }
}

/** From whenever it is asked for, in whole seconds. */
function everyInterval(text: string): CronSchedule {
  let ms = 0
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(count) * UNIT_MS[unit!]!
  const delayMs = Math.max(1000, Math.floor(ms / 1000) * 1000)
  return { nextMs: (after) => Math.floor(after / 1000) * 1000 + delayMs }
}

function byFields(fields: readonly string[], zone: string): CronSchedule {
  const [minutes, hours, days, months, weekdays] = fields.map((field, i) => valuesOf(field, FIELDS[i]!))
  // A day is meant by either of the two fields, unless one of them says nothing.
  const anyDay = [fields[2]!, fields[4]!].some((field) => /(^|,)[*?]/.test(field))
  const isDay = (date: Date) => {
    const [byMonth, byWeek] = [days!.has(date.getUTCDate()), weekdays!.has(date.getUTCDay())]
    return months!.has(date.getUTCMonth() + 1) && (anyDay ? byMonth && byWeek : byMonth || byWeek)
  }
  const clock = wallClock(zone)
  return {
    nextMs(after) {
      const start = Math.floor(clock.toWall(after) / MINUTE_MS) * MINUTE_MS
      const firstDay = Math.floor(start / DAY_MS) * DAY_MS
      for (let day = firstDay; day <= firstDay + SEARCH_YEARS_MAX * 366 * DAY_MS; day += DAY_MS) {
        if (!isDay(new Date(day))) continue
        for (const hour of hours!) {
          for (const minute of minutes!) {
            const found = clock.fromWall(day + (hour * 60 + minute) * MINUTE_MS)
            if (found !== undefined && found > after) return found
          }
        }
      }
      return undefined
    },
  }
}

/** Ascending. */
function valuesOf(field: string, { min, max, names }: Bounds): Set<number> {
  const values = new Set<number>()
  for (const range of field.split(",")) {
    const [lowAndHigh = "", step] = range.split("/")
    const [low = "", high] = lowAndHigh.split("-")
    const isAny = low === "*" || low === "?"
    const start = isAny ? min : valueOf(low, names)!
    const end = high !== undefined ? valueOf(high, names)! : isAny || step !== undefined ? max : start
    for (let value = start; value <= end; value += step === undefined ? 1 : Number(step)) values.add(value)
  }
  return new Set([...values].toSorted((a, b) => a - b))
}

function rangeProblem(range: string, { min, max, names }: Bounds): string | undefined {
  const [lowAndHigh = "", step, ...rest] = range.split("/")
  const [low = "", high, ...more] = lowAndHigh.split("-")
  let start: number | undefined = min
  let end: number | undefined = max
  if (low !== "*" && low !== "?") {
    start = valueOf(low, names)
    if (start === undefined)
      return `failed to parse int from ${low}: strconv.Atoi: parsing ${JSON.stringify(low)}: invalid syntax`
    end = high === undefined ? (step === undefined ? start : max) : valueOf(high, names)
    if (end === undefined)
      return `failed to parse int from ${high}: strconv.Atoi: parsing ${JSON.stringify(high)}: invalid syntax`
    if (more.length > 0) return `too many hyphens: ${range}`
  }
  if (rest.length > 0) return `too many slashes: ${range}`
  if (step !== undefined && valueOf(step, []) === undefined) {
    return `failed to parse int from ${step}: strconv.Atoi: parsing ${JSON.stringify(step)}: invalid syntax`
  }
  if (start < min) return `beginning of range (${start}) below minimum (${min}): ${range}`
  if (end > max) return `end of range (${end}) above maximum (${max}): ${range}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${range}`
  return step === "0" ? `step of range should be a positive number: ${range}` : undefined
}

function valueOf(text: string, names: readonly string[]): number | undefined {
  const named = names.indexOf(text.toLowerCase())
  if (named >= 0 && text !== "") return named
  return /^\d+$/.test(text) ? Number(text) : undefined
}
