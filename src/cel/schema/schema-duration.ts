import { checkedDuration, parseDuration } from "#cel/values/time.ts"
import { isError, type Duration } from "#cel/values/value.ts"

const NANOS: { readonly [unit: string]: number } = {
  n: 1,
  u: 1e3,
  µ: 1e3,
  ms: 1e6,
  mi: 6e10,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
  d: 8.64e13,
  w: 6.048e14,
}

/** A value of the format `duration`: as Go has it, or in words (`3 days`). Source: kube-openapi strfmt.ParseDuration. */
export function parseSchemaDuration(text: string): Duration | undefined {
  const plain = parseDuration(text)
  if (plain !== undefined) return plain
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zµ]+)\s*$/.exec(text)
  if (match === null) return undefined
  const unit = match[2]!
  const two = unit.slice(0, 2)
  const isMilli = unit === "ms" || unit.startsWith("milli")
  const nanos = isMilli ? NANOS["ms"] : unit.startsWith("micro") ? 1e3 : (NANOS[two] ?? NANOS[unit[0]!])
  if (nanos === undefined) return undefined
  const duration = checkedDuration(BigInt(Math.round(Number(match[1]) * nanos)))
  return isError(duration) ? undefined : duration
}
