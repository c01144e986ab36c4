import type { Clock } from "#lib/clock.ts"

/** A signal that aborts when the caller's does, or when time is up. */
export interface Deadline {
  readonly signal: AbortSignal
  readonly expired: boolean
  /** Lets go of the caller's signal and of the timer. `signal` stays as it is. */
  settle(): void
  /** Stops the clock only; the caller's signal still aborts. */
  lift(): void
  /** Aborts `signal` now. */
  abort(): void
}

export function newDeadline(clock: Clock, timeoutMs: number, callerSignal: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  let expired = false
  const onAbort = () => controller.abort(callerSignal?.reason)
  if (callerSignal?.aborted) onAbort()
  else callerSignal?.addEventListener("abort", onAbort, { once: true })
  const timer = clock.setTimer(timeoutMs, () => {
    expired = true
    controller.abort(new Error(`no answer within ${timeoutMs} ms`))
  })
  return {
    signal: controller.signal,
    get expired() {
      return expired
    },
    lift: () => timer.cancel(),
    abort: () => controller.abort(),
    settle() {
      timer.cancel()
      callerSignal?.removeEventListener("abort", onAbort)
    },
  }
}
