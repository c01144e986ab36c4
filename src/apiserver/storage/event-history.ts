import { CompactedError, type StorageEvent, type StoreOptions } from "./storage.ts"

const HISTORY_BYTES_MAX = 4 * 1024 * 1024
const HISTORY_EVENTS_MAX = 10_000
/** What an event costs beside its key and value: the event, the stored value, the typed array. An estimate. */
const EVENT_OVERHEAD_BYTES = 300

/** Revisions strictly between two that exist: some may have been given out, and what they stood for was lost in a crash. */
export type Gap = { readonly after: number; readonly until: number }

/** The newest events, bounded by count and by bytes. */
export class EventHistory {
  readonly #bytesMax: number
  readonly #eventsMax: number
  #events: StorageEvent[] = []
  #head = 0
  #bytes = 0
  #compacted: number
  #gaps: readonly Gap[]

  /** @param compacted  the revision before the first event that will come */
  constructor(compacted: number, options: StoreOptions = {}, gaps: readonly Gap[] = []) {
    this.#compacted = compacted
    this.#gaps = gaps
    this.#bytesMax = options.historyBytesMax ?? HISTORY_BYTES_MAX
    this.#eventsMax = options.historyEventsMax ?? HISTORY_EVENTS_MAX
  }

  /** Everything after this revision is here. */
  get oldest(): number {
    return this.#compacted
  }

  push(event: StorageEvent): void {
    this.#events.push(event)
    this.#bytes += costOf(event)
    while (this.#bytes > this.#bytesMax || this.#events.length - this.#head > this.#eventsMax) this.#dropOldest()
  }

  compact(revision: number): void {
    while (this.#head < this.#events.length && this.#events[this.#head]!.revision <= revision) this.#dropOldest()
    this.#compacted = Math.max(this.#compacted, revision)
  }

  /**
   * Puts older events before those that are here, whatever the bounds are; the next event drops what is too much.
   *
   * @param compacted  the revision after which `events` begin; they end at `oldest`
   */
  prepend(compacted: number, events: readonly StorageEvent[], gaps: readonly Gap[]): void {
    this.#events = [...events, ...this.#events.slice(this.#head)]
    this.#head = 0
    for (const event of events) this.#bytes += costOf(event)
    this.#compacted = compacted
    this.#gaps = [...gaps, ...this.#gaps.filter((gap) => !gaps.some(({ until }) => until === gap.until))]
  }

  /** @throws CompactedError when an event after `revision` may be missing */
  after(revision: number): readonly StorageEvent[] {
    if (revision < this.#compacted) throw new CompactedError(this.#compacted)
    const gap = this.#gaps.find(({ after, until }) => after < revision && revision < until)
    if (gap !== undefined) throw new CompactedError(gap.until)
    let low = this.#head
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#events[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    return this.#events.slice(low)
  }

  #dropOldest(): void {
    const event = this.#events[this.#head]!
    this.#bytes -= costOf(event)
    this.#compacted = event.revision
    this.#head++
    if (this.#head < 64 || this.#head * 2 < this.#events.length) {
      // The slot must not keep the event alive until the array is cut.
      this.#events[this.#head - 1] = DROPPED
      return
    }
    this.#events = this.#events.slice(this.#head)
    this.#head = 0
  }
}

const DROPPED: StorageEvent = {
  type: "delete",
  key: "",
  revision: 0,
  value: new Uint8Array(),
  createRevision: 0,
  stored: { key: "", value: new Uint8Array(), revision: 0, createRevision: 0 },
}

const costOf = (event: StorageEvent) => EVENT_OVERHEAD_BYTES + event.key.length + event.value.length
