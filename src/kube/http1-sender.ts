import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http"
import { Agent as HttpAgent, request as requestHttp } from "node:http"
import { Agent as HttpsAgent, request as requestHttps } from "node:https"
import type { Socket } from "node:net"
import { connect } from "node:tls"
import type { BodySink, BodyStream, HttpResponse } from "#lib/http.ts"
import { ConnectionError } from "#lib/http.ts"
import type { OutgoingRequest } from "./http2-session.ts"
import type { TlsSettings } from "./tls-connection.ts"
import { tlsOptions, tunnel } from "./tls-connection.ts"

/** HTTP/1.1 with connections that are kept: one for each request that is under way. */
export interface Http1Sender {
  send(request: OutgoingRequest): Promise<HttpResponse>
  /** Keeps no more connections; what is under way runs out. */
  leave(): void
  close(): void
}

/** Requests of their own beyond this wait: every watch holds a connection here. */
const SOCKETS_MAX = 1_000

/** @param tls  undefined for http:// */
export function newHttp1Sender(url: URL, tls: TlsSettings | undefined): Http1Sender {
  const keep = { keepAlive: true, maxSockets: SOCKETS_MAX }
  const agent = tls === undefined ? new HttpAgent(keep) : new HttpsAgent({ ...keep, ...tlsOptions(tls, ["http/1.1"]) })
  if (tls?.proxy !== undefined) throughProxy(agent, tls)
  const underWay = new Set<ClientRequest>()
  let left = false
  agent.on("free", (socket: Socket) => {
    if (left) socket.destroy()
  })
  return {
    send: (outgoing) =>
      sendOn(outgoing, url.host, (request) => {
        const options = { agent, method: outgoing.method, headers: { ...outgoing.headers } as OutgoingHttpHeaders }
        const sent = (tls === undefined ? requestHttp : requestHttps)(url.origin + request.path, options)
        underWay.add(sent)
        sent.once("close", () => underWay.delete(sent))
        return sent
      }),
    leave() {
      left = true
      for (const idle of Object.values(agent.freeSockets)) for (const socket of idle ?? []) socket.destroy()
    },
    close() {
      for (const request of underWay)
        request.destroy(new ConnectionError(`${url.host}: the client closed the connection`))
      agent.destroy()
    },
  }
}

/** The agent's connections begin as tunnels. */
function throughProxy(agent: HttpAgent, tls: TlsSettings): void {
  agent.createConnection = (_, done) => {
    tunnel(tls).then(
      (socket) => done?.(null, connect({ ...tlsOptions(tls, ["http/1.1"]), socket })),
      (error: Error) => done?.(error, undefined as never),
    )
    return undefined
  }
}

function sendOn(
  outgoing: OutgoingRequest,
  authority: string,
  open: (request: OutgoingRequest) => ClientRequest,
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  const where = `${outgoing.method} ${authority}${outgoing.path}`
  const request = open(outgoing)
  const onAbort = () => request.destroy()
  outgoing.signal?.addEventListener("abort", onAbort, { once: true })
  let failure: Error | undefined
  request.on("error", (error) => void (failure ??= error))
  request.on("response", (message) => {
    resolve({ status: message.statusCode ?? 0, headers: plainHeaders(message), body: bodyOf(message, where) })
  })
  // After "response" this rejection has no effect; the body tells of its own end.
  request.on("close", () => {
    outgoing.signal?.removeEventListener("abort", onAbort)
    if (outgoing.signal?.aborted) return reject(outgoing.signal.reason)
    reject(new ConnectionError(`Cannot ${where}: no answer`, { cause: failure }))
  })
  if (outgoing.body !== undefined) request.setHeader("content-length", outgoing.body.length)
  request.end(outgoing.body)
  return promise
}

function bodyOf(message: IncomingMessage, where: string): BodyStream {
  return {
    start(sink: BodySink) {
      let over = false
      const finish = () => {
        if (over) return
        over = true
        if (message.complete && message.readableEnded) return sink.end()
        sink.end(new ConnectionError(`Cannot read answer to ${where}: the stream broke`, { cause: message.errored }))
      }
      // Its error is told with "close".
      message.on("error", () => undefined)
      message.on("data", (chunk: Buffer) => {
        if (!over) sink.write(chunk)
      })
      if (message.destroyed) void Promise.resolve().then(finish)
      else message.once("close", finish)
      return () => {
        if (over) return
        over = true
        message.destroy()
      }
    },
  }
}

function plainHeaders(message: IncomingMessage): Record<string, string | readonly string[]> {
  const plain: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(message.headers)) if (value !== undefined) plain[name] = value
  return plain
}
