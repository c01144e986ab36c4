import type { Clock, Timer } from "#lib/clock.ts"
import { ConnectionError } from "#lib/http.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { keyOf } from "#apimachinery/meta.ts"
import type { KubeClient, ListOptions, Watch, WatchHandler } from "./client.ts"

/** Where a reflector's news goes. Called synchronously and in the server's order. */
export interface ReflectorSink<T extends KubeObject> {
  /** Everything there is now; what the sink holds beyond it is gone. */
  replace(objects: readonly T[]): void
  changed(object: T): void
  deleted(object: T): void
}

/** How a watch ended. */
export type WatchResult = {
  /** Events and bookmarks that came. */
  readonly events: number
  readonly error?: Error
  /** No first state this way, list instead: the server refused to send it as events, or stalled while it should. */
  readonly noInitialState?: "refused" | "stalled"
}

type WatchRun<T extends KubeObject> = {
  readonly client: KubeClient
  readonly type: ResourceType<T>
  readonly clock: Clock
  readonly sink: ReflectorSink<T>
  readonly listOptions: ListOptions
  readonly timeoutSeconds: number
  readonly stallMs: number
  /** The version to go on from, after each event and bookmark. */
  readonly onVersion: (resourceVersion: string) => void
  /** Either go on from here, or begin with everything. */
  readonly resourceVersion?: string
  readonly initial?: true
}

/** The annotation of the bookmark that ends an initial state. Source: KEP-3157. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end"

/** A server ends its watches by itself; one that is later than this by so much has died without a sign. */
const OVERDUE_MS = 30_000

/** One watch to its end. With `initial`, the state arrives as events and replaces the sink's in one step. */
export function runWatch<T extends KubeObject>(run: WatchRun<T>): Promise<WatchResult> {
  const { sink, clock } = run
  const { promise, resolve } = Promise.withResolvers<WatchResult>()
  let events = 0
  let state: Map<string, T> | undefined = run.initial ? new Map() : undefined
  const watch: { current?: Watch } = {}

  const finish = (result: Omit<WatchResult, "events">) => {
    overdue.cancel()
    stall?.cancel()
    watch.current?.stop()
    resolve({ events, ...result })
  }

  const overdue = clock.setTimer(run.timeoutSeconds * 1000 + OVERDUE_MS, () =>
    finish({
      error: new ConnectionError(`Cannot watch ${run.type.resource}: the server did not end the watch in time`),
    }),
  )
  const onStall = () => finish({ noInitialState: "stalled" })
  let stall: Timer | undefined = run.initial ? clock.setTimer(run.stallMs, onStall) : undefined

  const stillGathering = () => {
    events++
    if (stall === undefined) return
    stall.cancel()
    stall = clock.setTimer(run.stallMs, onStall)
  }

  const handler: WatchHandler<T> = {
    event(kind, object) {
      stillGathering()
      if (state !== undefined) {
        if (kind === "DELETED") state.delete(keyOf(object))
        else state.set(keyOf(object), object)
        return
      }
      if (kind === "DELETED") sink.deleted(object)
      else sink.changed(object)
      if (object.metadata.resourceVersion !== undefined) run.onVersion(object.metadata.resourceVersion)
    },
    bookmark(meta) {
      stillGathering()
      if (state !== undefined) {
        if (meta.annotations?.[INITIAL_EVENTS_END] !== "true") return
        stall?.cancel()
        stall = undefined
        const objects = [...state.values()]
        state = undefined
        sink.replace(objects)
      }
      if (meta.resourceVersion !== undefined) run.onVersion(meta.resourceVersion)
    },
    end(error) {
      // A state that was cut off is thrown away: half of it would look like deletions.
      const refused = run.initial && state !== undefined && hasReason(error, "Invalid", "BadRequest")
      finish(refused ? { noInitialState: "refused" } : error === undefined ? {} : { error })
    },
  }

  watch.current = run.client.watch(
    run.type,
    {
      ...run.listOptions,
      allowWatchBookmarks: true,
      timeoutSeconds: run.timeoutSeconds,
      ...(run.initial
        ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" as const }
        : { resourceVersion: run.resourceVersion ?? "" }),
    },
    handler,
  )
  return promise
}
