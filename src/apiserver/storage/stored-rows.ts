// Rows of the database as values and events.
import type { Gap } from "./event-history.ts"
import { DELETE, GAP, type Batch, type Rows, type StoreRow } from "./sqlite-protocol.ts"
import { Slabs } from "./slab.ts"
import type { StorageEvent, StoredValue } from "./storage.ts"
import type { PendingWrite } from "./store.ts"

/** What the row of a write costs beside key and value. An estimate. */
const ROW_OVERHEAD_BYTES = 100

/** Follows the log of a store from its oldest row. */
export class StoredRows {
  readonly gaps: Gap[] = []
  /** The newest value of every key that has one. */
  readonly values = new Map<string, StoredValue>()
  readonly #slabs = new Slabs()
  readonly #after: number
  readonly #onEvent: (event: StorageEvent, timeMs: number) => void

  /** @param after  rows up to here are values that were there before, and no events */
  constructor(after: number, onEvent: (event: StorageEvent, timeMs: number) => void) {
    this.#after = after
    this.#onEvent = onEvent
  }

  add(rows: Rows): void {
    const stale = new Set(rows.stale)
    let at = 0
    for (let i = 0; i < rows.keys.length; i++) {
      const length = Math.max(rows.lengths[i]!, 0)
      const value = new Uint8Array(rows.data, at, length)
      at += length
      this.#addRow(rows, i, value, stale.has(i))
    }
  }

  #addRow(rows: Rows, i: number, bytes: Uint8Array, stale: boolean): void {
    const key = rows.keys[i]!
    const revision = rows.revisions[i]!
    const kind = rows.kinds[i]!
    if (kind === GAP) {
      this.gaps.push({ after: rows.previous[i]!, until: revision })
      return
    }
    const createRevision = rows.createRevisions[i]!
    const previous = this.values.get(key)
    const isEvent = revision > this.#after
    if (kind === DELETE) {
      this.values.delete(key)
      if (!isEvent || previous === undefined) return
      const { value } = previous
      const event = { type: "delete", key, revision, value, createRevision, stored: previous, previous } as const
      return this.#onEvent(event, rows.timesMs[i]!)
    }
    // A copy: a view would keep the whole chunk alive for the sake of one value.
    const value = this.#slabs.copy(bytes)
    const stored: StoredValue = { key, value, revision, createRevision, ...(stale ? { stale } : {}) }
    this.values.set(key, stored)
    if (!isEvent) return
    const replaced = previous === undefined ? {} : { previous }
    this.#onEvent({ type: "put", key, revision, value, createRevision, stored, ...replaced }, rows.timesMs[i]!)
  }
}

/** What an event weighs on disk. */
export const rowBytes = (event: StorageEvent): number =>
  ROW_OVERHEAD_BYTES + event.key.length + (event.type === "put" ? event.value.length : 0)

/** @param writes  in the order of revisions within a store */
export function packBatch(
  timeMs: number,
  writes: readonly { readonly id: number; readonly write: PendingWrite }[],
  heads: readonly StoreRow[],
): Batch {
  let bytes = 0
  for (const { write } of writes) if (write.event.type === "put") bytes += write.event.value.length
  const data = new Uint8Array(bytes)
  const batch = {
    timeMs,
    stores: [] as number[],
    keys: [] as string[],
    revisions: [] as number[],
    createRevisions: [] as number[],
    previous: [] as number[],
    lengths: [] as number[],
    data: data.buffer,
    heads,
  }
  let at = 0
  for (const { id, write } of writes) {
    const { event } = write
    batch.stores.push(id)
    batch.keys.push(event.key)
    batch.revisions.push(event.revision)
    batch.createRevisions.push(event.createRevision)
    batch.previous.push(event.previous?.revision ?? 0)
    batch.lengths.push(event.type === "put" ? event.value.length : -1)
    if (event.type !== "put") continue
    data.set(event.value, at)
    at += event.value.length
  }
  return batch
}
