import type { Parameters } from "fast-check"

/** `HAWSER_FUZZ_RUNS=100000` for longer; `HAWSER_FUZZ_SEED` for other runs than those of every day. */
const factor = Number(process.env["HAWSER_FUZZ_RUNS"] ?? 0)
const seed = Number(process.env["HAWSER_FUZZ_SEED"] ?? 1)

/** @param runs  of an ordinary test: a second or two */
export function fuzzing<T>(runs: number): Parameters<T> {
  return { seed, numRuns: factor > 0 ? factor : runs, endOnFailure: true, includeErrorInReport: true }
}
