import type { StorageEvent, StoredValue } from "#apiserver/storage/storage.ts"

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED"

/**
 * How a watcher wants its events: watchers that share a form (same version, same representation) share the bytes.
 *
 * `encode` makes the line of one event, newline included.
 */
export type EventForm = {
  readonly key: string
  readonly encode: (type: WatchEventType, value: StoredValue, revision: number) => Uint8Array
  /** Called after each line that the watcher got: the next may look different. */
  readonly sent?: () => void
}

/**
 * Encodes each event once per form, however many watchers get it. What it made is forgotten when the dispatch is over:
 * kept with the history it would double its size.
 */
export class EventFrames {
  #frames = new Map<StorageEvent, Map<string, Uint8Array>>()
  #chunks = new WeakMap<readonly StorageEvent[], Map<string, Uint8Array>>()

  /**
   * All events of a dispatch as one piece, for watchers that are told each of them. Thousands that do not keep up then hold
   * the same bytes.
   *
   * @param typeOf  what the event is to such a watcher
   */
  chunkOf(
    events: readonly StorageEvent[],
    typeOf: (event: StorageEvent) => WatchEventType,
    form: EventForm,
  ): Uint8Array {
    let chunks = this.#chunks.get(events)
    if (chunks === undefined) this.#chunks.set(events, (chunks = new Map()))
    let chunk = chunks.get(form.key)
    if (chunk === undefined) {
      const frames = events.map((event) => this.frameOf(event, typeOf(event), event.stored, form))
      chunks.set(form.key, (chunk = frames.length === 1 ? frames[0]! : Buffer.concat(frames)))
    }
    return chunk
  }

  frameOf(event: StorageEvent, type: WatchEventType, value: StoredValue, form: EventForm): Uint8Array {
    if (this.#frames.size === 0) void Promise.resolve().then(() => (this.#frames = new Map()))
    let forms = this.#frames.get(event)
    if (forms === undefined) this.#frames.set(event, (forms = new Map()))
    const key = type + form.key
    let frame = forms.get(key)
    if (frame === undefined) forms.set(key, (frame = form.encode(type, value, event.revision)))
    form.sent?.()
    return frame
  }
}
