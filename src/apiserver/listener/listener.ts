import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"
import { isStream, type BodySink, type HttpResponse } from "#lib/http.ts"
import type { Log } from "#lib/log.ts"
import type { Handler, Peer } from "#apiserver/request.ts"
import { withCompression } from "./compression.ts"
import { newBodyCollector } from "./body-collector.ts"
import { headText, takeOver } from "./upgrade.ts"

/** One server behind the port, by path prefix: `/clusters/cluster1` before `/api/v1/…`. */
export type Route = { readonly handler: Handler; readonly prefix: string }

export type ListenerOptions = {
  readonly address: string
  /** 0: a free one. */
  readonly port: number
  readonly tls: { readonly cert: string; readonly key: string }
  /** @returns undefined for a path that no server has: 404 */
  readonly route: (path: string) => Route | undefined
  readonly log: Log
}

export interface Listener {
  readonly port: number
  /** New connections get the new certificate. */
  setTls(tls: { readonly cert: string; readonly key: string }): void
  /** Ends every connection. */
  close(): Promise<void>
}

/** Bodies above this are refused with 413. Source: kube-apiserver's default. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024
/** What one connection may have open at once; Go's client opens a further connection beyond it. */
const STREAMS_PER_CONNECTION_MAX = 1000
/**
 * What one connection may hold in Node, in MB: above it, new requests are refused with ENHANCE_YOUR_CALM. Each watch has a
 * bound of its own on what lies unread, and hundreds share a connection, which Node's default of 10 MB does not foresee.
 */
const CONNECTION_MEGABYTES_MAX = 256

/**
 * Listens for HTTP/2 and HTTP/1.1 over TLS. Client certificates are asked for and passed on unjudged: the servers
 * behind one port trust different authorities.
 *
 * @throws Error when the address is taken
 */
export async function newListener(options: ListenerOptions): Promise<Listener> {
  const server = createSecureServer({
    ...options.tls,
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    maxSessionMemory: CONNECTION_MEGABYTES_MAX,
    settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION_MAX, initialWindowSize: 1 << 20 },
  })
  const connections = new Set<{ destroy(): void }>()
  const peers = new WeakMap<object, Peer>()
  server.on("session", (session) => {
    connections.add(session)
    session.on("close", () => connections.delete(session))
    session.on("error", () => session.destroy())
  })
  server.on("secureConnection", (socket) => {
    connections.add(socket)
    socket.on("close", () => connections.delete(socket))
  })
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    response.on("error", () => response.destroy())
    void answerRequest(request, response, peerOf(request.socket as TLSSocket, request.socket, peers), options)
  })
  server.on("upgrade", (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
    socket.on("error", () => socket.destroy())
    void answerUpgrade(request, socket, head, peerOf(socket, socket, peers), options)
  })
  // HTTP/1.1 comes as requests, HTTP/2 as streams. Node would make a request of each stream too, now that somebody listens
  // for them, which costs as much as a small answer.
  server.removeAllListeners("stream")
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const socket = stream.session?.socket as TLSSocket | undefined
    const method = headers[":method"] ?? "GET"
    const target = headers[":path"] ?? "/"
    stream.on("error", () => stream.destroy())
    if (socket === undefined) return stream.destroy()
    void answerStream(stream, method, target, plainHeaders(headers), peerOf(socket, stream.session!, peers), options)
  })
  server.on("tlsClientError", (error) => options.log.debug("TLS handshake failed", { error }))
  await listen(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    setTls: (tls) => server.setSecureContext(tls),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const connection of connections) connection.destroy()
      }),
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

/** The certificate is read once a connection: it costs more than a small request. */
function peerOf(socket: TLSSocket, connection: object, peers: WeakMap<object, Peer>): Peer {
  const known = peers.get(connection)
  if (known !== undefined) return known
  const raw = socket.getPeerX509Certificate?.()?.raw
  const peer: Peer = { address: socket.remoteAddress ?? "", ...(raw === undefined ? {} : { certificate: raw }) }
  peers.set(connection, peer)
  return peer
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

const NOT_FOUND: HttpResponse = {
  status: 404,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: Buffer.from("404 page not found\n"),
}

const TOO_LARGE: HttpResponse = {
  status: 413,
  headers: { "content-type": "application/json" },
  body: Buffer.from(
    JSON.stringify({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `Request entity too large: limit is ${BODY_BYTES_MAX}`,
      reason: "RequestEntityTooLarge",
      code: 413,
    }) + "\n",
  ),
}

const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

type Incoming = NodeJS.ReadableStream & { resume(): unknown }

/** Reads the body, finds the server, and lets it answer. */
async function respond(
  incoming: Incoming,
  request: { method: string; target: string; headers: Record<string, string>; peer: Peer },
  options: ListenerOptions,
): Promise<HttpResponse | undefined> {
  const { method, target, headers, peer } = request
  const route = options.route(target)
  if (route === undefined) {
    incoming.resume()
    return NOT_FOUND
  }
  const hasBody = method !== "GET" && method !== "HEAD"
  const body = hasBody ? await newBodyCollector(incoming, BODY_BYTES_MAX) : undefined
  if (!hasBody) incoming.resume()
  if (body === "aborted") return undefined
  if (body === "too large") return TOO_LARGE
  const answer = await route.handler({
    method,
    path: target.slice(route.prefix.length) || "/",
    headers,
    peer,
    ...(body === undefined || body.length === 0 ? {} : { body }),
  })
  return withCompression(answer, headers)
}

async function answerStream(
  stream: ServerHttp2Stream,
  method: string,
  target: string,
  headers: Record<string, string>,
  peer: Peer,
  options: ListenerOptions,
): Promise<void> {
  const response = await respond(stream, { method, target, headers, peer }, options)
  if (response === undefined || stream.destroyed) return void stream.destroy()
  const head = { ":status": response.status, ...response.headers } as Record<string, string | string[] | number>
  // Node ends the stream with the head of such an answer, and a body after that would break it off.
  if (method === "HEAD" || BODILESS.has(response.status)) {
    stream.respond(head, { endStream: true })
    return
  }
  if (!isStream(response.body)) {
    stream.respond({ ...head, "content-length": response.body.length })
    stream.end(response.body)
    return
  }
  stream.respond(head)
  const stop = response.body.start(sinkOf(stream, () => stream.writableLength))
  stream.once("close", stop)
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  peer: Peer,
  options: ListenerOptions,
): Promise<void> {
  const method = request.method ?? "GET"
  const headers = plainHeaders(request.headers)
  const answer = await respond(request, { method, target: request.url ?? "/", headers, peer }, options)
  if (answer === undefined || response.destroyed) return void response.destroy()
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  if (!isStream(answer.body)) {
    response.setHeader("content-length", answer.body.length)
    response.writeHead(answer.status)
    response.end(method === "HEAD" ? undefined : answer.body)
    return
  }
  response.writeHead(answer.status)
  response.flushHeaders()
  const stop = answer.body.start(sinkOf(response, () => response.writableLength))
  response.once("close", stop)
}

/** A request to go on with another protocol. Its connection serves no other request, whatever the answer is. */
async function answerUpgrade(
  request: IncomingMessage,
  socket: TLSSocket,
  head: Buffer,
  peer: Peer,
  options: ListenerOptions,
): Promise<void> {
  const target = request.url ?? "/"
  const route = options.route(target)
  const asked = {
    method: request.method ?? "GET",
    path: target.slice(route?.prefix.length ?? 0) || "/",
    headers: plainHeaders(request.headers),
    peer,
  }
  const answer = route === undefined ? NOT_FOUND : await route.handler(asked)
  if (socket.destroyed) return
  socket.write(headText(answer))
  if (answer.upgrade !== undefined) return takeOver(socket, head, answer.upgrade)
  if (!isStream(answer.body)) return void socket.end(answer.body)
  const stop = answer.body.start(sinkOf(socket, () => socket.writableLength))
  socket.once("close", stop)
}

type Writable = {
  write(chunk: Uint8Array): boolean
  end(): unknown
  destroy(error?: Error): unknown
  readonly destroyed: boolean
}

function sinkOf(target: Writable, queued: () => number): BodySink {
  return {
    write(chunk) {
      if (!target.destroyed) target.write(chunk)
      return queued()
    },
    end(error) {
      if (target.destroyed) return
      if (error === undefined) target.end()
      else target.destroy()
    },
  }
}
