import type { BodySink, Transport } from "#lib/http.ts"
import { ConnectionError, isStream, readBody } from "#lib/http.ts"
import type { Clock } from "#lib/clock.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import type { Status } from "#apimachinery/status-error.ts"
import type { Watch, WatchHandler } from "./client.ts"
import { newLineSplitter } from "./line-splitter.ts"
import { newDeadline } from "./request-deadline.ts"
import { statusErrorOf } from "./response-status.ts"

type WatchRequest<T extends KubeObject> = {
  readonly transport: Transport
  readonly clock: Clock
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** For the head of the answer; the stream itself may last. */
  readonly headTimeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly handler: WatchHandler<T>
  /** Makes an event's object one of the watched type (fills in apiVersion and kind of partial objects). */
  readonly complete: (object: T) => T
}

type WatchEvent = { readonly type: string; readonly object: unknown }

/** Opens a watch and hands on its events. The handler's `end` is called once unless the watch was stopped before. */
export function openWatch<T extends KubeObject>(request: WatchRequest<T>): Watch {
  const { handler } = request
  // An abort is a clean end: who aborted knows why, and a loop that waits for the end goes on to its own check. It is
  // heard before the deadline hears it: the transport would call it a broken stream.
  const onAbort = () => finish(undefined, true)
  request.signal?.addEventListener("abort", onAbort, { once: true })
  const deadline = newDeadline(request.clock, request.headTimeoutMs, request.signal)
  let over = false
  let stopStream: (() => void) | undefined

  const finish = (error: Error | undefined, tell: boolean) => {
    if (over) return
    over = true
    deadline.settle()
    request.signal?.removeEventListener("abort", onAbort)
    stopStream?.()
    deadline.abort()
    if (tell) handler.end(error)
  }

  const onLine = (line: string) => {
    if (over) return
    const event = parseEvent(line)
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
        return handler.event(event.type, request.complete(event.object as T))
      case "BOOKMARK":
        return handler.bookmark((event.object as KubeObject).metadata)
      case "ERROR":
        return finish(new StatusError(event.object as Status), true)
      default:
        throw new ConnectionError(`Cannot read watch of ${request.path}: unknown event type "${event.type}"`)
    }
  }

  const splitter = newLineSplitter(onLine)
  const sink: BodySink = {
    write(chunk) {
      if (over) return 0
      try {
        splitter.push(chunk)
      } catch (error) {
        finish(error instanceof Error ? error : new Error(String(error)), true)
      }
      return 0
    },
    end(error) {
      if (error !== undefined) return finish(broken(request.path, error), true)
      // What is left without its newline is a cut event, never a whole one: the stream broke without saying so.
      if (splitter.pendingLength > 0)
        return finish(broken(request.path, new Error("ended in the middle of an event")), true)
      finish(undefined, true)
    },
  }

  const open = async () => {
    const { signal } = deadline
    const response = await request.transport({ method: "GET", path: request.path, headers: request.headers, signal })
    if (over) return
    deadline.lift()
    if (response.status !== 200) {
      throw statusErrorOf("GET", response, await readBody(response.body))
    }
    if (isStream(response.body)) {
      stopStream = response.body.start(sink)
      // A stream that had its end ready ended inside start().
      if (over) stopStream()
    } else {
      sink.write(response.body)
      sink.end()
    }
  }

  if (request.signal?.aborted) queueMicrotaskEnd(onAbort)
  else {
    open().catch((error: unknown) => {
      if (deadline.expired)
        return finish(broken(request.path, new Error(`no answer within ${request.headTimeoutMs} ms`)), true)
      finish(
        error instanceof StatusError || error instanceof ConnectionError ? error : broken(request.path, error),
        true,
      )
    })
  }
  return { stop: () => finish(undefined, false) }
}

/** The caller has no Watch in hand before openWatch returns, so that its end must come later. */
function queueMicrotaskEnd(end: () => void): void {
  void Promise.resolve().then(end)
}

function broken(path: string, cause: unknown): Error {
  if (cause instanceof ConnectionError) return cause
  return new ConnectionError(`Cannot watch ${path}: the stream broke`, { cause })
}

function parseEvent(line: string): WatchEvent {
  try {
    return JSON.parse(line) as WatchEvent
  } catch (cause) {
    throw new ConnectionError(`Cannot read watch event: ${line.slice(0, 200)}`, { cause })
  }
}
