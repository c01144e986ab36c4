import { constants, createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"
import type { Clock } from "#lib/clock.ts"
import type { HttpResponse } from "#lib/http.ts"
import type { Log } from "#lib/log.ts"
import type { Handler, Peer } from "#apiserver/request.ts"
import { sendOverHttp1, sendOverHttp2, type Outgoing } from "./answers.ts"
import { newBodyCollector, releaseBody } from "./body-collector.ts"
import { withCompression } from "./compression.ts"
import { Connections } from "./connections.ts"
import { Pacer } from "./pacer.ts"
import { LISTENER_LIMITS, type Ledger, type ListenerLimits } from "./limits.ts"
import { BROKEN, NOT_FOUND, tooLarge, tooLate, tooMany } from "#apiserver/handlers/refusals.ts"
import { answerUpgrade } from "./upgrade.ts"

/** One server behind the port, by path prefix: `/clusters/cluster1` before `/api/v1/…`. */
export type Route = { readonly handler: Handler; readonly prefix: string }

export type ListenerOptions = {
  readonly address: string
  /** 0: a free one. */
  readonly port: number
  readonly tls: { readonly cert: string; readonly key: string }
  /** @returns undefined for a path that no server has: 404 */
  readonly route: (path: string) => Route | undefined
  readonly clock: Clock
  readonly log: Log
  readonly limits?: Partial<ListenerLimits>
}

export interface Listener {
  readonly port: number
  /** What is held for everybody who is connected. */
  readonly ledger: Readonly<Ledger>
  /** New connections get the new certificate. */
  setTls(tls: { readonly cert: string; readonly key: string }): void
  /** Ends every connection. */
  close(): Promise<void>
}

/** What one connection may have open at once; Go's client opens a further connection beyond it. */
const STREAMS_PER_CONNECTION_MAX = 1000
/**
 * What one connection may hold in Node, in MB: above it, new requests are refused with ENHANCE_YOUR_CALM. Each watch has a
 * bound of its own on what lies unread, and hundreds share a connection, which Node's default of 10 MB does not foresee.
 */
const CONNECTION_MEGABYTES_MAX = 256
/** Of one request; a token alone may have 16 KB. HTTP/2 counts 32 bytes more for each. */
const HEADER_BYTES_MAX = 64 * 1024
const HANDSHAKE_MS_MAX = 10_000

/**
 * Listens for HTTP/2 and HTTP/1.1 over TLS. Client certificates are asked for and passed on unjudged: the servers
 * behind one port trust different authorities.
 *
 * @throws Error when the address is taken
 */
export async function newListener(options: ListenerOptions): Promise<Listener> {
  const { clock, log, route } = options
  const limits = { ...LISTENER_LIMITS, ...options.limits }
  const server = createSecureServer({
    ...options.tls,
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    handshakeTimeout: HANDSHAKE_MS_MAX,
    maxSessionMemory: CONNECTION_MEGABYTES_MAX,
    settings: {
      maxConcurrentStreams: STREAMS_PER_CONNECTION_MAX,
      initialWindowSize: 1 << 20,
      maxHeaderListSize: HEADER_BYTES_MAX,
    },
    ...http1Options(limits),
  })
  server.maxConnections = limits.connectionsMax
  const connections = new Connections(server, limits)
  const { ledger } = connections
  const outgoing: Outgoing = { limits, ledger, pacer: new Pacer(clock) }
  const context: Context = { clock, log, limits, ledger, route }
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    response.on("error", () => response.destroy())
    const fail = (error: unknown) => {
      log.error("Cannot answer", { error, method: request.method, path: request.url })
      response.destroy()
    }
    const peer = connections.peerOf(request.socket as TLSSocket, request.socket)
    const headers = plainHeaders(request.headers)
    const { method = "GET", url: target = "/", rawHeaders } = request
    respond(request, { method, target, headers, rawHeaders, peer }, context)
      .then((answer) => {
        if (answer === undefined || response.destroyed) return void response.destroy()
        sendOverHttp1(request, response, answer, outgoing)
      })
      .catch(fail)
  })
  server.on("upgrade", (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
    socket.on("error", () => socket.destroy())
    const asked = { headers: plainHeaders(request.headers), peer: connections.peerOf(socket, socket) }
    answerUpgrade({ request, socket, head, ...asked }, route, outgoing).catch((error: unknown) => {
      log.error("Cannot answer", { error, method: request.method, path: request.url })
      socket.destroy()
    })
  })
  // HTTP/1.1 comes as requests, HTTP/2 as streams. Node would make a request of each stream too, now that somebody listens
  // for them, which costs as much as a small answer.
  server.removeAllListeners("stream")
  server.on("stream", (stream: ServerHttp2Stream, headers, _flags, rawHeaders: readonly string[]) => {
    stream.on("error", () => stream.destroy())
    const { session } = stream
    const socket = session?.destroyed === false ? (session.socket as TLSSocket | undefined) : undefined
    if (session === undefined || socket === undefined) return stream.destroy()
    if (!connections.open(session, stream)) return stream.close(constants.NGHTTP2_REFUSED_STREAM)
    const method = headers[":method"] ?? "GET"
    const target = headers[":path"] ?? "/"
    const peer = connections.peerOf(socket, session)
    respond(stream, { method, target, headers: plainHeaders(headers), rawHeaders, peer }, context)
      .then((answer) => {
        if (answer === undefined || stream.destroyed) return void stream.destroy()
        sendOverHttp2(stream, method, answer, outgoing)
      })
      .catch((error: unknown) => {
        log.error("Cannot answer", { error, method, path: target })
        stream.close(constants.NGHTTP2_INTERNAL_ERROR)
      })
  })
  server.on("tlsClientError", (error) => log.debug("TLS handshake failed", { error }))
  await listen(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    ledger,
    setTls: (tls) => server.setSecureContext(tls),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        connections.destroy()
      }),
  }
}

/** Of Node's server for HTTP/1.1, which the types of HTTP/2 do not name. */
function http1Options(limits: ListenerLimits): object {
  return {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: Math.min(limits.arrivalMs, 32_000),
    requestTimeout: limits.arrivalMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.max(limits.arrivalMs / 10, 50),
  }
}

function listen(server: Http2SecureServer, { address, port }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`Cannot listen on ${address}:${port}`, { cause: error })))
    server.listen(port, address, () => {
      server.removeAllListeners("error")
      resolve()
    })
  })
}

function plainHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value !== undefined && name[0] !== ":") plain[name] = typeof value === "string" ? value : value.join(", ")
  }
  if (plain["host"] === undefined && typeof headers[":authority"] === "string") plain["host"] = headers[":authority"]
  return plain
}

type Context = Pick<Outgoing, "limits" | "ledger"> & Pick<ListenerOptions, "clock" | "log" | "route">
type Head = {
  readonly method: string
  readonly target: string
  readonly headers: Record<string, string>
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  readonly peer: Peer
}

/**
 * Reads the body, finds the server, and lets it answer.
 * @returns undefined when nobody waits for an answer
 */
async function respond(
  incoming: NodeJS.ReadableStream & { resume(): unknown },
  { method, target, headers, rawHeaders, peer }: Head,
  { clock, log, limits, ledger, route }: Context,
): Promise<HttpResponse | undefined> {
  const found = route(target)
  const hasBody = found !== undefined && method !== "GET" && method !== "HEAD"
  if (!hasBody) incoming.resume()
  if (found === undefined) return NOT_FOUND
  const body = hasBody ? await newBodyCollector(incoming, clock, limits, ledger) : undefined
  if (body === "aborted") return undefined
  if (body === "too large") return tooLarge(limits.bodyBytesMax)
  if (body === "too much") return tooMany()
  if (body === "too slow") return tooLate()
  try {
    const answer = await found.handler({
      method,
      path: target.slice(found.prefix.length) || "/",
      headers,
      peer,
      valuesOf: (name) => rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name),
      ...(body === undefined || body.length === 0 ? {} : { body }),
    })
    return await withCompression(answer, headers)
  } catch (error) {
    // A handler never throws; should one, others go on.
    log.error("Request failed", { error, method, path: target })
    return BROKEN
  } finally {
    if (body !== undefined) releaseBody(body, ledger)
  }
}
