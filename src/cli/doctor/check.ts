/** One thing that was looked at. */
export type Check = {
  /** `hub`, `clusters`, `works`: what it is about. */
  readonly about: string
  /** `warn` is for what goes on but should be looked at. */
  readonly status: "ok" | "warn" | "bad"
  readonly says: string
  /** What to do about it. */
  readonly next?: string
}

const MARKS = { ok: "✓", warn: "!", bad: "✗" } as const

export function formatChecks(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map(({ about }) => about.length))
  return checks
    .map(({ about, status, says, next }) => {
      const line = `${MARKS[status]} ${about.padEnd(width)}  ${says}\n`
      return next === undefined ? line : `${line}  ${" ".repeat(width)}  next: ${next}\n`
    })
    .join("")
}
