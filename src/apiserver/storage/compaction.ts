import type { Clock } from "#lib/clock.ts"
import { KEPT_MS } from "./retention.ts"
import type { Storage } from "./storage.ts"

/**
 * Forgets history by age, as kube-apiserver does: every five minutes all that is older than that, whether or not anything is
 * written. Lists that were begun before then go on as inconsistent ones.
 */
export function compactRegularly(options: {
  readonly storage: Storage
  readonly clock: Clock
  readonly signal: AbortSignal
}): void {
  const { storage, clock, signal } = options
  let revisionThen = storage.revision
  let timer = clock.setTimer(KEPT_MS, compact)
  function compact(): void {
    storage.compact(revisionThen)
    revisionThen = storage.revision
    timer = clock.setTimer(KEPT_MS, compact)
  }
  signal.addEventListener("abort", () => timer.cancel(), { once: true })
}
