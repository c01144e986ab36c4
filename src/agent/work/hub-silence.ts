import { backoffMs } from "#lib/backoff.ts"
import type { Random } from "#lib/random.ts"

const RETRY = { initialMs: 2_000, maxMs: 60_000 }

/**
 * A hub that does not answer is asked by one work at a time, ever less often, however many have something to say; when it
 * answers they all do.
 */
export class HubSilence {
  readonly #random: Random
  #failures = 0
  #untilMs = 0
  #isAsking = false
  readonly #waiting = new Set<string>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Whether this work may ask now. One that may not is among those that {@link HubSilence.answered} names. */
  mayAsk(work: string, nowMs: number): boolean {
    if (this.#failures === 0) return true
    if (!this.#isAsking && nowMs >= this.#untilMs) {
      this.#isAsking = true
      return true
    }
    this.#waiting.add(work)
    return false
  }

  /**
   * The hub did not answer this work.
   *
   * @returns milliseconds after which this one asks again; undefined when another does
   */
  unanswered(work: string, nowMs: number): number | undefined {
    this.#waiting.add(work)
    // Of those that were under way together the first one counts.
    if (this.#failures > 0 && !this.#isAsking) return undefined
    this.#isAsking = false
    const waitMs = backoffMs(RETRY, ++this.#failures, this.#random)
    this.#untilMs = nowMs + waitMs
    return waitMs
  }

  /** The hub has spoken. @returns the works that wait to tell it something */
  answered(): readonly string[] {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    this.#failures = 0
    this.#isAsking = false
    return waiting
  }
}
