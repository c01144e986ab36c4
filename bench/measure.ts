// Figures as reports state them: medians and spreads of repeated runs, with the raw values kept.

export type Row = {
  readonly what: string
  readonly unit: "ms" | "s" | "MB" | "cores"
  readonly values: readonly number[]
  /** From docs: design budget in the row's unit, where there is one. */
  readonly budget?: number
  readonly note?: string
}

/** @param share  0.5 for the median */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const nowMs = (): number => performance.now()

/** Milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = nowMs()
  await work()
  return nowMs() - started
}

/** Requests of the bench itself that are under way at a time. */
const TOGETHER = 50

export async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values()
  const lane = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: TOGETHER }, lane))
}

/** A table in Markdown. */
export function formatRows(rows: readonly Row[]): string {
  const number = (value: number, unit: Row["unit"]) => value.toFixed(unit === "s" || unit === "cores" ? 2 : 1)
  const lines = rows.map((row) => {
    const p50 = percentile(row.values, 0.5)
    const verdict = row.budget === undefined ? "" : p50 <= row.budget ? "met" : "**missed**"
    return `| ${row.what} | ${number(p50, row.unit)} ${row.unit} | ${number(percentile(row.values, 0.95), row.unit)} ${row.unit} | ${row.values.length} | ${
      row.budget === undefined ? "" : `${row.budget} ${row.unit}`
    } | ${verdict} | ${row.note ?? ""} |`
  })
  return (
    ["| what | p50 | p95 | runs | budget | | note |", "| --- | --- | --- | --- | --- | --- | --- |", ...lines].join(
      "\n",
    ) + "\n"
  )
}
