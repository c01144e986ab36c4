// Source: github.com/robfig/cron parser.ParseStandard, which decides what a schedule is.
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
const WORDS = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"])

/** @returns what is wrong with a schedule, in the parser's words; undefined when nothing is */
export function scheduleProblem(schedule: string): string | undefined {
  const text = schedule.replace(/^(TZ|CRON_TZ)=\S+\s+/, "")
  if (text.startsWith("@")) {
    if (WORDS.has(text) || /^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
    return `unrecognized descriptor: ${text}`
  }
  const fields = text.split(/\s+/).filter((field) => field !== "")
  if (fields.length !== FIELDS.length) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`
  for (const [i, field] of fields.entries()) {
    for (const range of field.split(",")) {
      const problem = rangeProblem(range, FIELDS[i]!)
      if (problem !== undefined) return problem
    }
  }
  return undefined
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
