import type { StorageEvent } from "./storage.ts"

export type Watcher = { readonly prefix: string; readonly onEvents: (events: readonly StorageEvent[]) => void }

/**
 * Watchers by prefix. An event finds its watchers by the slashes of its key, so that 10,000 watchers of one namespace
 * each cost nothing to an event of another.
 */
export class WatcherIndex {
  readonly #byPrefix = new Map<string, Set<Watcher>>()

  add(watcher: Watcher): void {
    const watchers = this.#byPrefix.get(watcher.prefix)
    if (watchers === undefined) this.#byPrefix.set(watcher.prefix, new Set([watcher]))
    else watchers.add(watcher)
  }

  remove(watcher: Watcher): void {
    const watchers = this.#byPrefix.get(watcher.prefix)
    if (watchers?.delete(watcher) && watchers.size === 0) this.#byPrefix.delete(watcher.prefix)
  }

  /**
   * Tells every watcher its events, in order, in one call each. A watcher that is removed meanwhile hears nothing. Watchers
   * of one prefix are given the same array, so that what they make of it can be shared.
   */
  dispatch(events: readonly StorageEvent[]): void {
    if (this.#byPrefix.size === 0) return
    const batches = new Map<string, StorageEvent[]>()
    for (const event of events) {
      this.#collect("", event, batches)
      for (let at = event.key.indexOf("/"); at >= 0; at = event.key.indexOf("/", at + 1)) {
        this.#collect(event.key.slice(0, at + 1), event, batches)
      }
      this.#collect(event.key, event, batches)
    }
    for (const [prefix, batch] of batches) {
      const watchers = this.#byPrefix.get(prefix) ?? []
      // Those that are added meanwhile know of these events already.
      for (const watcher of Array.from(watchers)) {
        if (this.#byPrefix.get(prefix)?.has(watcher)) watcher.onEvents(batch)
      }
    }
  }

  #collect(prefix: string, event: StorageEvent, batches: Map<string, StorageEvent[]>): void {
    if (!this.#byPrefix.has(prefix)) return
    const batch = batches.get(prefix)
    if (batch === undefined) batches.set(prefix, [event])
    else batch.push(event)
  }
}

/** @returns whether a watcher of `prefix` is told of `key` */
export function isUnder(prefix: string, key: string): boolean {
  return prefix === "" || prefix === key || (prefix.endsWith("/") && key.startsWith(prefix))
}
