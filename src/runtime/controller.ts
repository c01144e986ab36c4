import type { Clock } from "#lib/clock.ts"
import type { Random } from "#lib/random.ts"
import type { Log } from "#lib/log.ts"

/** What every controller is given. */
export type Runtime = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Ends every loop. */
  readonly signal: AbortSignal
}

/** The reconcile contract: bring one key's world nearer to what is wanted. Throwing means try again with backoff. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<{ readonly requeueAfterMs?: number } | void>

/** Thrown when only a new version of the object can help: logged, counted, not retried. */
export class TerminalError extends Error {
  override readonly name = "TerminalError"
}
