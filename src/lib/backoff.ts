import type { Random } from "./random.ts"

export type BackoffOptions = {
  readonly initialMs: number
  readonly maxMs: number
}

/**
 * The delay before attempt number `failures + 1`: doubling from `initialMs` to `maxMs`, of which the second half is
 * drawn by lot, so that many who failed together do not come back together.
 *
 * @param failures  how often it failed in a row; 1 after the first failure
 */
export function backoffMs(options: BackoffOptions, failures: number, random: Random): number {
  const full = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(failures - 1, 50))
  return full / 2 + (full / 2) * random.fraction()
}
