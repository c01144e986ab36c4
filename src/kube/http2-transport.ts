import type { TLSSocket } from "node:tls"
import type { Clock } from "#lib/clock.ts"
import type { HttpRequest, HttpResponse, Transport } from "#lib/http.ts"
import { ConnectionError } from "#lib/http.ts"
import type { Http1Sender } from "./http1-sender.ts"
import { newHttp1Sender } from "./http1-sender.ts"
import type { Http2Session, OutgoingRequest } from "./http2-session.ts"
import { openHttp2Session, UnsentError } from "./http2-session.ts"
import { connectTls } from "./tls-connection.ts"
import type { Credentials, TlsSettings } from "./tls-connection.ts"

export type Http2TransportOptions = {
  /** `https://HOST:PORT`, with a path in front of all others if need be: `https://127.0.0.1:6443/clusters/cluster1`. */
  readonly server: string
  /** PEM of the authorities that the server's certificate may come from; without it those of the system. */
  readonly ca?: string | Uint8Array
  /** Fixed credentials; `credentials` goes before them. */
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  readonly token?: string
  /** Asked for the certificate at each connect and for the token at each request, so that both can be rotated. */
  readonly credentials?: () => Credentials | undefined
  /** The name that the server's certificate must bear, where it is not the host of `server`. */
  readonly serverName?: string
  /** URL of an HTTP proxy to go through: see proxy.ts. */
  readonly proxy?: string
  /** Do not check the server's certificate. */
  readonly insecure?: boolean
  /** Sent with every request: impersonation, for one. Names in lower case. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly clock: Clock
  /** Streams on one connection before the next is opened; the server's own bound counts too. Default 1,000. */
  readonly maxStreams?: number
  readonly connectTimeoutMs?: number
  readonly pingIntervalMs?: number
  readonly pingTimeoutMs?: number
}

/** A transport that holds connections. Clients may share one: what sets them apart is in their requests' headers. */
export type ClosableTransport = Transport & {
  /** Breaks what is under way. Requests after it fail. */
  close(): void
  /** The next request opens a new connection, with the certificate of that time; what is under way runs out. */
  reconnect(): void
}

const MAX_STREAMS_DEFAULT = 1_000
const CONNECT_TIMEOUT_MS_DEFAULT = 10_000
const PING_INTERVAL_MS_DEFAULT = 30_000
const PING_TIMEOUT_MS_DEFAULT = 15_000

/** A request that surely did not reach the server is sent once more on another connection, and that one too. */
const UNSENT_RETRIES_MAX = 2

/**
 * A transport over HTTP/2: one connection for all requests and watches, a further one when the bound on streams is
 * reached, reopened by the next request after it broke. A server that does not speak HTTP/2 gets HTTP/1.1. Requests
 * have no time limit of their own beyond connecting: newKubeClient sets one by their signal.
 *
 * Of proxies only the one that is named is used.
 */
export function newHttp2Transport(options: Http2TransportOptions): ClosableTransport {
  const url = new URL(options.server)
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new Error(`Cannot use server "${options.server}": want a URL that begins with https://`)
  }
  const prefix = url.pathname.replace(/\/$/, "")
  const fixed: Credentials = {
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.token === undefined ? {} : { token: options.token }),
  }
  const credentials = () => options.credentials?.() ?? fixed
  const pool = newPool(url, options, credentials)

  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    request.signal?.throwIfAborted()
    const { token } = credentials()
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const headers = { ...options.headers, ...authorization, ...request.headers }
    const outgoing: OutgoingRequest = { ...request, path: prefix + request.path, headers }
    for (let retry = 0; ; retry++) {
      try {
        return await pool.send(outgoing)
      } catch (error) {
        if (!(error instanceof UnsentError) || retry === UNSENT_RETRIES_MAX || pool.closed) throw error
      }
    }
  }
  return Object.assign(send, { close: () => pool.close(), reconnect: () => pool.reconnect() })
}

/**
 * Requests with headers of their own over another transport's connections: many agents that one identity may act as.
 *
 * @param headers  go before those of the request; a name may have several values, as Impersonate-Group does
 */
export function withHeaders(
  transport: ClosableTransport,
  headers: Readonly<Record<string, string | readonly string[]>>,
): Transport {
  // Only this file's transports know headers of several values, which is why the parameter is one of them.
  return (request) => transport({ ...request, headers: { ...request.headers, ...headers } as Record<string, string> })
}

function newPool(url: URL, options: Http2TransportOptions, credentials: () => Credentials) {
  const maxStreams = options.maxStreams ?? MAX_STREAMS_DEFAULT
  let sessions: Http2Session[] = []
  let http1: Http1Sender | undefined
  let connecting: Promise<void> | undefined
  let closed = false
  /** Raised by reconnect: a connection that began before is not to be used after. */
  let generation = 0

  const tlsSettings = (): TlsSettings => ({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 443),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.serverName === undefined ? {} : { serverName: options.serverName }),
    insecure: options.insecure ?? false,
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    credentials: credentials(),
    clock: options.clock,
    timeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS_DEFAULT,
  })

  const connect = async (): Promise<void> => {
    const began = generation
    if (url.protocol === "http:") {
      http1 = newHttp1Sender(url, undefined)
      return
    }
    const socket = await connectTls(tlsSettings())
    if (socket.alpnProtocol !== "h2") {
      socket.destroy()
      if (!closed && began === generation) http1 = newHttp1Sender(url, tlsSettings())
      return
    }
    const session = await openSession(socket)
    if (closed || began !== generation) session.leave()
    else sessions.push(session)
  }

  const openSession = async (socket: TLSSocket): Promise<Http2Session> => {
    const session = await openHttp2Session(url.origin, socket, {
      clock: options.clock,
      maxStreams,
      pingIntervalMs: options.pingIntervalMs ?? PING_INTERVAL_MS_DEFAULT,
      pingTimeoutMs: options.pingTimeoutMs ?? PING_TIMEOUT_MS_DEFAULT,
      onLeaving: () => void (sessions = sessions.filter((other) => other !== session)),
    })
    return session
  }

  /** Leaves spare connections that nothing uses any more, once there is another with room. */
  const dropSpare = (used: Http2Session) => {
    for (const other of sessions) if (other !== used && other.streamCount === 0) other.leave()
  }

  return {
    get closed() {
      return closed
    },
    async send(request: OutgoingRequest): Promise<HttpResponse> {
      for (;;) {
        if (closed) throw new ConnectionError(`Cannot use connection to ${url.host}: it was closed`)
        if (http1 !== undefined) return http1.send(request)
        const session = sessions.find((candidate) => candidate.hasRoom)
        if (session !== undefined) {
          if (sessions.length > 1) dropSpare(session)
          // In the same turn as the look for room: of many that waited for a connection each finds what the last left.
          return session.send(request, url.host)
        }
        connecting ??= connect().finally(() => void (connecting = undefined))
        await orAbort(connecting, request.signal)
      }
    },
    close() {
      closed = true
      for (const session of sessions)
        session.destroy(new ConnectionError(`${url.host}: the client closed the connection`))
      http1?.close()
    },
    reconnect() {
      generation++
      for (const session of sessions) session.leave()
      http1?.leave()
      http1 = undefined
    },
  }
}

/** Waits, but no longer than the caller wants to. */
async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}
