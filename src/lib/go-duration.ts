/** Nanoseconds of each unit. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
}

/** What a signed 64-bit count of nanoseconds holds. */
const NANOSECONDS_MAX = 2 ** 63

/**
 * A duration as Go writes it: `1h15m30.5s`, `-1.5h`, `0`.
 *
 * @returns milliseconds, with a fraction
 * @throws Error worded as Go's time.ParseDuration
 */
export function parseGoDuration(text: string): number {
  const invalid = () => new Error(`time: invalid duration ${JSON.stringify(text)}`)
  const negative = text.startsWith("-")
  let rest = text.replace(/^[-+]/, "")
  if (rest === "0") return 0
  if (rest === "") throw invalid()
  let nanoseconds = 0
  while (rest !== "") {
    const [whole, amount = ""] = /^(\d+\.?\d*|\.\d+)/.exec(rest) ?? []
    if (whole === undefined) throw invalid()
    rest = rest.slice(whole.length)
    const unit = /^[^.\d]*/.exec(rest)![0]
    if (unit === "") throw new Error(`time: missing unit in duration ${JSON.stringify(text)}`)
    const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined
    if (factor === undefined)
      throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`)
    nanoseconds += Number(amount) * factor
    if (nanoseconds >= NANOSECONDS_MAX) throw invalid()
    rest = rest.slice(unit.length)
  }
  return (negative ? -nanoseconds : nanoseconds) / 1e6
}
