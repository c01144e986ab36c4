import type { EventHistory, Gap } from "./event-history.ts"
import { OrderedValues } from "./ordered-values.ts"
import { CompactedError, type Storage, type StorageEvent, type StoredValue, type WriteResult } from "./storage.ts"
import { isUnder, WatcherIndex, type Watcher } from "./watcher-index.ts"

/** How often history is read again because memory dropped more of it meanwhile; whoever asked may ask again. */
const RECALL_TRIES_MAX = 5

/** A write that has its revision and is not acknowledged yet. */
export type PendingWrite = {
  readonly event: StorageEvent
  readonly durable: boolean
  /** Set by the log once the write may be acknowledged; it is, when all before it are. */
  ready: boolean
  readonly resolve: (result: WriteResult) => void
  readonly reject: (error: Error) => void
}

/** Makes writes last. */
export interface WriteLog {
  /** Takes the next write; later, never at once, marks it ready and calls `store.publish()`. */
  append(store: Store, write: PendingWrite): void
  /** Everything after this revision is kept; absent when that is what the store has in memory. */
  oldestKept?(store: Store): number
  /** Reads the events in (after, until]. */
  recall?(store: Store, after: number, until: number): Promise<Recalled>
  /** Need not keep events up to `revision` any more. */
  compact?(store: Store, revision: number): void
  close(store: Store): Promise<void>
}

export type Recalled = { readonly events: readonly StorageEvent[]; readonly gaps: readonly Gap[] }

/** What a store begins with. */
export type StoredState = {
  readonly revision: number
  /** In any order; fastest in key order. */
  readonly values: Iterable<StoredValue>
  readonly history: EventHistory
}

/**
 * The part that all storages share: current values and recent events in memory, optimistic locking against pending
 * writes, and publication in revision order. What makes writes last is behind a `WriteLog`.
 */
export class Store implements Storage {
  readonly #log: WriteLog
  readonly #values = new OrderedValues()
  readonly #history: EventHistory
  readonly #watchers = new WatcherIndex()
  /** In revision order. */
  #pending: PendingWrite[] = []
  /** The newest pending state of a key; null for a pending deletion. */
  readonly #unacknowledged = new Map<string, StoredValue | null>()
  #revision: number
  #assigned: number
  #closed = false
  #recalling: { readonly after: number; readonly done: Promise<void> } | undefined

  constructor(log: WriteLog, state: StoredState) {
    this.#log = log
    this.#revision = this.#assigned = state.revision
    this.#history = state.history
    for (const value of state.values) this.#values.set(value)
  }

  get revision(): number {
    return this.#revision
  }

  get(key: string): StoredValue | undefined {
    return this.#values.get(key)
  }

  list(prefix: string, options?: { readonly startKey?: string; readonly limit?: number }): readonly StoredValue[] {
    return this.#values.range(prefix, options?.startKey, options?.limit)
  }

  count(prefix: string, startKey?: string): number {
    return this.#values.count(prefix, startKey)
  }

  listAt(
    prefix: string,
    revision: number,
    options: { readonly startKey?: string; readonly limit?: number } = {},
  ): readonly StoredValue[] {
    const later = this.#after(revision)
    if (later.length === 0) return this.list(prefix, options)
    // The first event after `revision` knows what the key held at it.
    const then = new Map<string, StoredValue | undefined>()
    const startKey = options.startKey ?? prefix
    for (const event of later) {
      if (event.key.startsWith(prefix) && event.key >= startKey && !then.has(event.key)) {
        then.set(event.key, event.previous)
      }
    }
    const limit = options.limit ?? Infinity
    const kept = this.#values.range(prefix, startKey, limit + then.size).filter((value) => !then.has(value.key))
    const undone = [...then.values()].filter((value) => value !== undefined)
    if (undone.length === 0) return kept.slice(0, limit)
    // At least `limit` unchanged values were fetched, or all of them, so what is cut off here is beyond the page.
    return [...kept, ...undone].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit)
  }

  put(
    key: string,
    value: Uint8Array,
    expected: number,
    options: { readonly durable?: boolean; readonly memo?: (revision: number) => unknown } = {},
  ): Promise<WriteResult> {
    const current = this.#latest(key)
    if ((current?.revision ?? 0) !== expected) return Promise.resolve({ ok: false, current })
    const revision = this.#assigned + 1
    const createRevision = current?.createRevision ?? revision
    const stored: StoredValue = { key, value, revision, createRevision, memo: options.memo?.(revision) }
    const event: StorageEvent = {
      type: "put",
      key,
      revision,
      value,
      createRevision,
      stored,
      ...(current === undefined ? {} : { previous: current }),
    }
    return this.#append(event, stored, options.durable ?? true)
  }

  delete(key: string, expected: number): Promise<WriteResult> {
    const current = this.#latest(key)
    if (current === undefined || current.revision !== expected) return Promise.resolve({ ok: false, current })
    const { value, createRevision } = current
    const revision = this.#assigned + 1
    const event: StorageEvent = {
      type: "delete",
      key,
      revision,
      value,
      createRevision,
      stored: current,
      previous: current,
    }
    return this.#append(event, null, true)
  }

  watch(prefix: string, sinceRevision: number, onEvents: (events: readonly StorageEvent[]) => void): { stop(): void } {
    const backlog = this.#after(sinceRevision).filter((event) => isUnder(prefix, event.key))
    const watcher: Watcher = { prefix, onEvents }
    this.#watchers.add(watcher)
    if (backlog.length > 0) onEvents(backlog)
    return { stop: () => this.#watchers.remove(watcher) }
  }

  recall(revision: number): Promise<void> | undefined {
    const oldest = this.#log.oldestKept?.(this)
    if (oldest === undefined || revision < oldest || revision >= this.#history.oldest) return undefined
    // Many clients that come back at once go on from much the same revision.
    if (this.#recalling !== undefined && this.#recalling.after <= revision) return this.#recalling.done
    const done = this.#recall(revision).finally(() => {
      if (this.#recalling?.done === done) this.#recalling = undefined
    })
    this.#recalling = { after: revision, done }
    return done
  }

  async #recall(after: number): Promise<void> {
    for (let tries = 0; tries < RECALL_TRIES_MAX; tries++) {
      const until = this.#history.oldest
      const { events, gaps } = await this.#log.recall!(this, after, until)
      if (this.#history.oldest === until) return this.#history.prepend(after, events, gaps)
      // What was dropped meanwhile would be missing between: it is read as well. Those who wait must not wait for themselves.
      if (after < (this.#log.oldestKept?.(this) ?? Infinity)) return
    }
  }

  compact(revision: number): void {
    const until = Math.min(revision, this.#revision)
    this.#history.compact(until)
    this.#log.compact?.(this, until)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#log.close(this)
  }

  /** Acknowledges the writes that are ready, up to the first that is not. For the log. */
  publish(): void {
    let ready = 0
    while (ready < this.#pending.length && this.#pending[ready]!.ready) ready++
    if (ready === 0) return
    const writes = this.#pending.slice(0, ready)
    this.#pending = this.#pending.slice(ready)
    for (const { event } of writes) {
      if (event.type === "put") this.#values.set(event.stored)
      else this.#values.delete(event.key)
      const latest = this.#unacknowledged.get(event.key)
      if (latest === null ? event.type === "delete" : latest === event.stored) this.#unacknowledged.delete(event.key)
      this.#revision = event.revision
      this.#history.push(event)
    }
    this.#watchers.dispatch(writes.map((write) => write.event))
    // History holds on to the replaced values; what was derived from them would be kept for nothing.
    for (const { event } of writes) if (event.previous !== undefined) event.previous.memo = undefined
    for (const write of writes) write.resolve({ ok: true, revision: write.event.revision })
  }

  /** Refuses all pending writes, as if they had never come. For the log, when it could not make them last. */
  fail(error: Error): void {
    const writes = this.#pending
    this.#pending = []
    this.#unacknowledged.clear()
    this.#assigned = this.#revision
    for (const write of writes) write.reject(error)
  }

  #after(revision: number): readonly StorageEvent[] {
    try {
      return this.#history.after(revision)
    } catch (error) {
      const oldest = this.#log.oldestKept?.(this)
      if (!(error instanceof CompactedError) || oldest === undefined || error.oldest > this.#history.oldest) throw error
      // Clients are told how far they could have gone back.
      throw new CompactedError(Math.min(oldest, error.oldest))
    }
  }

  #latest(key: string): StoredValue | undefined {
    const pending = this.#unacknowledged.get(key)
    return pending === undefined ? this.#values.get(key) : (pending ?? undefined)
  }

  #append(event: StorageEvent, latest: StoredValue | null, durable: boolean): Promise<WriteResult> {
    if (this.#closed) return Promise.reject(new Error(`Cannot write ${event.key}: the store is closed`))
    this.#assigned = event.revision
    this.#unacknowledged.set(event.key, latest)
    return new Promise((resolve, reject) => {
      const write: PendingWrite = { event, durable, ready: false, resolve, reject }
      this.#pending.push(write)
      this.#log.append(this, write)
    })
  }
}
