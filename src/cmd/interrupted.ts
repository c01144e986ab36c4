/** Resolves when the signal aborts. What listens or is connected keeps the process alive meanwhile. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((done) => signal.addEventListener("abort", () => done(), { once: true }))
}
