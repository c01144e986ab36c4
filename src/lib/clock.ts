/**
 * Time as an argument. Everything that needs to know or to wait takes a `Clock`, so that a simulation can run
 * an hour of fleet life in a second, twice the same.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. */
  nowMs(): number
  /** Runs `callback` once after `delayMs`. A negative delay counts as 0. */
  setTimer(delayMs: number, callback: () => void): Timer
}

export interface Timer {
  /** Idempotent; after it returns the callback will not run. */
  cancel(): void
}

/** The machine's clock. Its timers never keep the process alive by themselves. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  setTimer(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(delayMs, 0), TIMER_MAX_MS))
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Keeps the process alive, which `realClock` does not, until the returned function is called. */
export function keepAwake(): () => void {
  const handle = setInterval(() => undefined, TIMER_MAX_MS)
  return () => clearInterval(handle)
}

/** The longest delay that setTimeout honours: 2^31-1 ms. A caller that waits longer is woken early and asks again. */
const TIMER_MAX_MS = 0x7fff_ffff

/** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort)
      resolve()
    })
    signal?.addEventListener("abort", onAbort, { once: true })
  })
}

/** RFC 3339 with seconds, as metav1.Time prints it: `2026-01-02T03:04:05Z`. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19) + "Z"
}

/** RFC 3339 with microseconds, as metav1.MicroTime prints it: `2026-01-02T03:04:05.678000Z`. */
export function formatMicroTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23) + "000Z"
}

/** @returns milliseconds since the epoch, or undefined for what is no time */
export function parseTimeMs(text: string | null | undefined): number | undefined {
  if (!text) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}
