import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2"
import { connect as connectHttp2, constants } from "node:http2"
import type { TLSSocket } from "node:tls"
import type { Clock, Timer } from "#lib/clock.ts"
import type { BodySink, BodyStream, HttpRequest, HttpResponse } from "#lib/http.ts"
import { ConnectionError } from "#lib/http.ts"

/** A request as it goes out: a header may have several values. */
export type OutgoingRequest = Omit<HttpRequest, "headers"> & {
  readonly headers: Readonly<Record<string, string | readonly string[]>>
}

/** One HTTP/2 connection. */
export interface Http2Session {
  /** Whether another stream fits. False for good once the connection ends or is to be left. */
  readonly hasRoom: boolean
  readonly streamCount: number
  /** @throws ConnectionError; `isUnsent` says that the server has surely not seen the request */
  send(request: OutgoingRequest, authority: string): Promise<HttpResponse>
  /** Takes no more streams and closes when the last has ended. */
  leave(): void
  /** Breaks every stream. */
  destroy(error: Error): void
}

/** The server has not begun with the request: it may be sent again, whatever it is. */
export class UnsentError extends ConnectionError {}

export type Http2SessionOptions = {
  readonly clock: Clock
  /** Our own bound on streams of one connection, beside the server's. */
  readonly maxStreams: number
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  /** Called once, when the connection takes no more streams. */
  readonly onLeaving: () => void
}

/** Bytes that a server may send ahead: the default of 64 KiB makes a long list wait for a round trip 500 times. */
const STREAM_WINDOW = 1024 * 1024
const CONNECTION_WINDOW = 16 * 1024 * 1024

/** @returns the session once the server's settings, and so its bound on streams, are known */
export async function openHttp2Session(
  origin: string,
  socket: TLSSocket,
  options: Http2SessionOptions,
): Promise<Http2Session> {
  const h2 = connectHttp2(origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
  })
  const ready = Promise.withResolvers<void>()
  h2.once("remoteSettings", () => ready.resolve())
  h2.once("error", ready.reject)
  h2.once("close", () => ready.reject(new ConnectionError(`Cannot connect to ${origin}: closed before it was ready`)))
  try {
    await ready.promise
  } catch (error) {
    h2.destroy()
    throw error
  }
  h2.setLocalWindowSize(CONNECTION_WINDOW)
  return newSession(origin, h2, options)
}

function newSession(origin: string, h2: ClientHttp2Session, options: Http2SessionOptions): Http2Session {
  const { clock } = options
  let streamCount = 0
  let leaving = false
  let why: Error | undefined
  let timer: Timer | undefined

  const leave = () => {
    if (leaving) return
    leaving = true
    options.onLeaving()
    if (!h2.closed && !h2.destroyed) h2.close()
  }
  const destroy = (error: Error) => {
    why ??= error
    leave()
    // Without an error its streams would look as if they had ended well.
    h2.destroy(error, constants.NGHTTP2_CANCEL)
  }

  // A peer that vanished sends no sign: without PINGs a watch on its connection would stay silent for ever.
  const keepAlive = () => {
    timer = clock.setTimer(options.pingIntervalMs, () => {
      timer = clock.setTimer(options.pingTimeoutMs, () =>
        destroy(new ConnectionError(`${origin}: no answer to a ping within ${options.pingTimeoutMs} ms`)),
      )
      const sent = h2.ping((error) => {
        timer?.cancel()
        if (error === null && !h2.destroyed) keepAlive()
      })
      if (!sent) timer.cancel()
    })
  }
  keepAlive()

  h2.on("goaway", leave)
  h2.on("error", (error) => {
    why ??= error
    leave()
  })
  h2.on("close", () => {
    timer?.cancel()
    leave()
  })

  return {
    get hasRoom() {
      return !leaving && streamCount < Math.min(options.maxStreams, h2.remoteSettings.maxConcurrentStreams ?? Infinity)
    },
    get streamCount() {
      return streamCount
    },
    leave,
    destroy,
    send(request, authority) {
      streamCount++
      return sendOn(h2, request, authority, {
        onClose: () => void streamCount--,
        why: () => why,
      })
    },
  }
}

type StreamHooks = { readonly onClose: () => void; readonly why: () => Error | undefined }

function sendOn(
  h2: ClientHttp2Session,
  request: OutgoingRequest,
  authority: string,
  hooks: StreamHooks,
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  const where = `${request.method} https://${authority}${request.path}`
  let stream: ClientHttp2Stream
  try {
    stream = h2.request(
      {
        ":method": request.method,
        ":path": request.path,
        ":scheme": "https",
        ":authority": authority,
        ...request.headers,
        ...(request.body === undefined ? {} : { "content-length": String(request.body.length) }),
      },
      { endStream: request.body === undefined },
    )
  } catch (cause) {
    hooks.onClose()
    return Promise.reject(new UnsentError(`Cannot ${where}: the connection was closed`, { cause }))
  }
  let failure: Error | undefined
  const onAbort = () => stream.close(constants.NGHTTP2_CANCEL)
  request.signal?.addEventListener("abort", onAbort, { once: true })
  stream.on("error", (error) => void (failure ??= error))
  stream.on("response", (headers, flags) => {
    const isEmpty = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    if (isEmpty) stream.resume()
    const body = isEmpty ? new Uint8Array() : bodyOf(stream, where, hooks)
    resolve({ status: Number(headers[":status"]), headers: plainHeaders(headers), body })
  })
  // After "response" this rejection has no effect; the body tells of its own end.
  stream.on("close", () => {
    request.signal?.removeEventListener("abort", onAbort)
    hooks.onClose()
    if (request.signal?.aborted) return reject(request.signal.reason)
    const cause = hooks.why() ?? failure ?? new Error(`stream closed with code ${stream.rstCode}`)
    const isUnsent = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
    reject(new (isUnsent ? UnsentError : ConnectionError)(`Cannot ${where}: no answer`, { cause }))
  })
  if (request.body !== undefined) stream.end(request.body)
  return promise
}

function bodyOf(stream: ClientHttp2Stream, where: string, hooks: StreamHooks): BodyStream {
  return {
    start(sink: BodySink) {
      let over = false
      const finish = () => {
        if (over) return
        over = true
        const isWhole = stream.readableEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR && !stream.aborted
        if (isWhole) return sink.end()
        const cause = hooks.why() ?? stream.errored ?? new Error(`stream closed with code ${stream.rstCode}`)
        sink.end(new ConnectionError(`Cannot read answer to ${where}: the stream broke`, { cause }))
      }
      stream.on("data", (chunk: Buffer) => {
        if (!over) sink.write(chunk)
      })
      // A stream that broke before anybody read it has had its event.
      if (stream.destroyed) void Promise.resolve().then(finish)
      else stream.once("close", finish)
      return () => {
        if (over) return
        over = true
        stream.close(constants.NGHTTP2_CANCEL)
      }
    },
  }
}

function plainHeaders(headers: IncomingHttpHeaders): Record<string, string | readonly string[]> {
  const plain: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(":")) plain[name] = value
  }
  return plain
}
