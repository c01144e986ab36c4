// One watch: current state if asked for, then changes, bookmarks, and an end that the client can go on from.
// Source: k8s.io/apiserver storage/cacher, KEP-956 (bookmarks), KEP-3157 (sendInitialEvents).
import type { Clock, Timer } from "#lib/clock.ts"
import type { BodySink } from "#lib/http.ts"
import { internalError, newStatusError, type Status } from "#apimachinery/status-error.ts"
import { tooLargeResourceVersion } from "#apiserver/registry/list.ts"
import type { Selection } from "#apiserver/registry/selection.ts"
import { CompactedError, type Storage, type StorageEvent, type StoredValue } from "#apiserver/storage/storage.ts"
import type { EventForm, EventFrames, WatchEventType } from "./event-frames.ts"

const BOOKMARK_INTERVAL_MS = 60_000
/** From so much unread on, events are left one by one: put together, they would be a copy for each watcher. */
const BEHIND_BYTES = 64 * 1024
/** What a watcher may leave unread beyond its first state before it is cut off; it can come back and list. */
export const WATCH_BACKLOG_BYTES_MAX = 8 * 1024 * 1024

/** How often history is fetched from disk for one watch; writes that come meanwhile push it out again. */
const RECALLS_MAX = 5

export type WatchRequest = {
  readonly selection: Selection
  /** Changes after this; 0 with `initial` absent means from any known state: current objects come first. */
  readonly resourceVersion: number
  /** "list": current objects first. "list and mark": and then a bookmark that says so. "none": changes only. */
  readonly initial: "none" | "list" | "list and mark"
  readonly bookmarks: boolean
  readonly timeoutMs: number
  /** Told how many events were sent together. */
  readonly onSent?: (events: number) => void
  readonly form: EventForm
  /** The event of a bookmark. */
  readonly bookmark: (revision: number, endOfInitialEvents: boolean) => Uint8Array
  /** The event that says why the watch ends. */
  readonly failure: (status: Status) => Uint8Array
}

export type WatchDeps = { readonly storage: Storage; readonly frames: EventFrames; readonly clock: Clock }

/** @returns stops it */
export function startWatch(deps: WatchDeps, request: WatchRequest, sink: BodySink): () => void {
  const watch = new Watch(deps, request, sink)
  watch.start()
  return () => watch.stop()
}

class Watch {
  readonly #deps: WatchDeps
  readonly #request: WatchRequest
  readonly #sink: BodySink
  /** Everything up to here has been written. */
  #revision = 0
  #backlogMax = WATCH_BACKLOG_BYTES_MAX
  #backlog = 0
  #deadlineMs = 0
  #subscription: { stop(): void } | undefined
  #timer: Timer | undefined
  #ended = false

  constructor(deps: WatchDeps, request: WatchRequest, sink: BodySink) {
    this.#deps = deps
    this.#request = request
    this.#sink = sink
  }

  start(): void {
    const { storage, clock } = this.#deps
    const { resourceVersion, initial, timeoutMs } = this.#request
    this.#deadlineMs = clock.nowMs() + timeoutMs
    this.#revision = initial === "none" && resourceVersion > 0 ? resourceVersion : storage.revision
    if (initial !== "none") {
      // The real server waits a moment for a revision to come; a single process has every revision that it gave out.
      if (resourceVersion > storage.revision) {
        return this.#fail(tooLargeResourceVersion(resourceVersion, storage.revision).status)
      }
      this.#sendInitial()
    }
    this.#subscribe(RECALLS_MAX)
  }

  #subscribe(recallsLeft: number): void {
    if (this.#ended) return
    const { storage } = this.#deps
    const { resourceVersion, selection } = this.#request
    // A revision of the future waits silently for its time.
    const since = Math.min(this.#revision, storage.revision)
    const recalled = recallsLeft > 0 ? storage.recall(since) : undefined
    if (recalled !== undefined) {
      const failed = (error: Error) => this.#fail(internalError(error.message).status)
      void recalled.then(() => this.#subscribe(recallsLeft - 1), failed)
      return
    }
    try {
      const subscription = storage.watch(selection.key ?? selection.prefix, since, (events) => this.#take(events))
      if (this.#ended) return subscription.stop()
      this.#subscription = subscription
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error
      return this.#fail(
        newStatusError("Expired", `too old resource version: ${resourceVersion} (${error.oldest})`).status,
      )
    }
    this.#schedule()
  }

  stop(): void {
    if (this.#ended) return
    this.#ended = true
    this.#subscription?.stop()
    this.#timer?.cancel()
  }

  #sendInitial(): void {
    const { selection, form, initial, bookmarks, bookmark } = this.#request
    const { storage } = this.#deps
    const key = selection.key
    const found = key === undefined ? storage.list(selection.prefix) : [storage.get(key)].filter((v) => v !== undefined)
    const lines = found.filter(selection.matches).map((value) => {
      const line = form.encode("ADDED", value, value.revision)
      form.sent?.()
      return line
    })
    if (initial === "list and mark" && bookmarks) lines.push(bookmark(storage.revision, true))
    if (lines.length === 0) return
    this.#request.onSent?.(lines.length)
    const chunk = Buffer.concat(lines)
    // The first state may be larger than any bound on what a slow reader leaves behind.
    this.#backlogMax += chunk.length
    this.#sink.write(chunk)
  }

  #take(events: readonly StorageEvent[]): void {
    if (this.#ended) return
    const { selection, form } = this.#request
    // What a form does after each line concerns this watcher alone.
    if (selection.everything && form.sent === undefined && events[0]!.revision > this.#revision) {
      this.#revision = events.at(-1)!.revision
      return this.#send([this.#deps.frames.chunkOf(events, typeOfChange, form)], events.length)
    }
    const lines: Uint8Array[] = []
    for (const event of events) {
      // Only a watch from a revision of the future is ahead of an event.
      if (event.revision <= this.#revision) continue
      this.#revision = event.revision
      const told = tell(event, selection)
      if (told !== undefined) lines.push(this.#deps.frames.frameOf(event, told.type, told.value, form))
    }
    if (lines.length === 0) return
    this.#send(lines.length === 1 || this.#backlog > BEHIND_BYTES ? lines : [Buffer.concat(lines)], lines.length)
  }

  #send(chunks: readonly Uint8Array[], events: number): void {
    this.#request.onSent?.(events)
    for (const chunk of chunks) this.#backlog = this.#sink.write(chunk)
    if (this.#backlog > this.#backlogMax) this.#end()
  }

  #schedule(): void {
    const { clock } = this.#deps
    const leftMs = this.#deadlineMs - clock.nowMs()
    const delayMs = this.#request.bookmarks ? Math.min(leftMs, BOOKMARK_INTERVAL_MS) : leftMs
    this.#timer = clock.setTimer(delayMs, () => {
      if (this.#ended) return
      // The last bookmark lets the client go on from here even if its objects did not change for hours.
      if (this.#request.bookmarks) this.#sink.write(this.#request.bookmark(this.#deps.storage.revision, false))
      if (clock.nowMs() >= this.#deadlineMs) this.#end()
      else this.#schedule()
    })
  }

  #fail(status: Status): void {
    this.#sink.write(this.#request.failure(status))
    this.#end()
  }

  #end(): void {
    this.stop()
    this.#sink.end()
  }
}

/** What a change of an object is to those who watch all of them. */
function typeOfChange({ type, previous }: StorageEvent): WatchEventType {
  return type === "delete" ? "DELETED" : previous === undefined ? "ADDED" : "MODIFIED"
}

/** What a change of an object means to a watcher of a selection; undefined when it concerns objects of others. */
function tell(event: StorageEvent, selection: Selection): { type: WatchEventType; value: StoredValue } | undefined {
  if (selection.everything) return { type: typeOfChange(event), value: event.stored }
  if (event.type === "delete") {
    return selection.matches(event.stored) ? { type: "DELETED", value: event.stored } : undefined
  }
  const { previous, stored } = event
  const matches = selection.matches(stored)
  const matched = previous !== undefined && selection.matches(previous)
  if (matches) return { type: matched ? "MODIFIED" : "ADDED", value: stored }
  // It left the selection: the watcher gets what it knew, with the revision at which it went.
  return matched ? { type: "DELETED", value: previous } : undefined
}
