/**
 * Keeps a fight over an object from becoming a storm. Drift is corrected at once, but when somebody else changes the
 * object back each time (two works that name one object, a controller that disagrees), corrections slow down.
 */
export class Contest {
  readonly #corrections = new Map<string, { count: number; lastMs: number }>()

  /** @returns how long the correction of `key` has to wait; 0 when it may go ahead, and then counts as made */
  waitMs(key: string, nowMs: number): number {
    const known = this.#corrections.get(key)
    const calm = known === undefined || nowMs - known.lastMs >= CALM_MS
    const { count, lastMs } = calm ? { count: 0, lastMs: -Infinity } : known
    const delayMs =
      count < FREE_CORRECTIONS ? 0 : Math.min(DELAY_MS_MIN * 2 ** (count - FREE_CORRECTIONS), DELAY_MS_MAX)
    const leftMs = lastMs + delayMs - nowMs
    if (leftMs > 0) return leftMs
    this.#corrections.set(key, { count: count + 1, lastMs: nowMs })
    return 0
  }

  forget(key: string): void {
    this.#corrections.delete(key)
  }
}

/** Corrections in a row that are made at once. */
const FREE_CORRECTIONS = 5
const DELAY_MS_MIN = 1_000
const DELAY_MS_MAX = 5 * 60_000
/** An object that nobody touched for so long is no longer fought over. Above DELAY_MS_MAX, or waiting would clear it. */
const CALM_MS = 10 * 60_000
