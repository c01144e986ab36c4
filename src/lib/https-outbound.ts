import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http"
import { Agent, request as requestHttps } from "node:https"
import { isIP } from "node:net"
import type { Duplex } from "node:stream"
import { BoundedMap } from "./bounded-map.ts"
import { ConnectionError, type BodyStream, type ByteConnection, type HttpResponse } from "./http.ts"
import { hostPort, type Endpoint, type Outbound, type OutboundRequest } from "./outbound.ts"
import { networkErrorText } from "./go-network-errors.ts"

/** Endpoints whose connections are kept. */
const ENDPOINTS_MAX = 256
/** Connections to one endpoint; further requests wait for one. */
const SOCKETS_PER_ENDPOINT_MAX = 256
const IDLE_SOCKETS_MAX = 25
/** Of one answer, read and not yet taken by who asked. */
const UNTAKEN_BYTES_MAX = 1024 * 1024
/** Of one connection that was handed over, written and not yet taken by the server. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024
const WAIT_MS = 10
const TAKE_OVER_WITHIN_MS = 10_000
const NOTHING = new Uint8Array()

/** Over this machine's network, in HTTP/1.1, with connections that are kept. */
export function newHttpsOutbound(): Outbound {
  const agents = new BoundedMap<string, Agent>(ENDPOINTS_MAX)
  const made = new Set<Agent>()
  const agentOf = (endpoint: Endpoint) =>
    agents.getOrMake(JSON.stringify(endpoint), () => {
      const agent = newAgent(endpoint)
      made.add(agent)
      return agent
    })
  return {
    transport: (endpoint) => (request) => send(agentOf(endpoint), endpoint, request),
    close() {
      for (const agent of made) agent.destroy()
      made.clear()
    },
  }
}

function newAgent({ serverName, authorities, insecure, client }: Endpoint): Agent {
  return new Agent({
    keepAlive: true,
    maxSockets: SOCKETS_PER_ENDPOINT_MAX,
    maxFreeSockets: IDLE_SOCKETS_MAX,
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    // An address is no server name: TLS has no way to send one.
    servername: isIP(serverName) === 0 ? serverName : "",
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(insecure === true ? { rejectUnauthorized: false } : {}),
    ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
  })
}

function send(agent: Agent, endpoint: Endpoint, outgoing: OutboundRequest): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  const { host, port, serverName } = endpoint
  if (outgoing.signal?.aborted) return Promise.reject(outgoing.signal.reason)
  let request: ClientRequest
  try {
    const authority = port === 443 ? hostPort(serverName, "").slice(0, -1) : hostPort(serverName, port)
    const headers = { host: authority, ...outgoing.headers } as OutgoingHttpHeaders
    request = requestHttps({ agent, host, port, method: outgoing.method, path: outgoing.path, headers })
  } catch (error) {
    return Promise.reject(new ConnectionError(networkErrorText(error, endpoint), { cause: error }))
  }
  const onAbort = () => request.destroy()
  outgoing.signal?.addEventListener("abort", onAbort, { once: true })
  let failure: Error | undefined
  request.on("error", (error) => void (failure ??= error))
  request.on("response", (message) => {
    resolve({ status: message.statusCode ?? 0, headers: headersOf(message), body: bodyOf(message) })
  })
  request.on("upgrade", (message, socket, head) => {
    const headers = headersOf(message)
    resolve({ status: 101, headers, body: new Uint8Array(), upgrade: takenOver(socket, head) })
  })
  // After "response" this rejection has no effect; the body tells of its own end.
  request.on("close", () => {
    outgoing.signal?.removeEventListener("abort", onAbort)
    if (outgoing.signal?.aborted) return reject(outgoing.signal.reason)
    reject(new ConnectionError(networkErrorText(failure, endpoint), { cause: failure }))
  })
  if (outgoing.body !== undefined) request.setHeader("content-length", outgoing.body.length)
  request.end(outgoing.body)
  return promise
}

function headersOf(message: IncomingMessage): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(message.headers)) if (value !== undefined) headers[name] = value
  return headers
}

/** Hands on what comes and goes. @param head  what has come already */
function takenOver(socket: Duplex, head: Uint8Array): NonNullable<HttpResponse["upgrade"]> {
  // Nobody may be there any more to take it.
  const given = setTimeout(() => socket.destroy(), TAKE_OVER_WITHIN_MS)
  socket.on("error", () => undefined)
  socket.once("close", () => clearTimeout(given))
  return (connection: ByteConnection) => {
    clearTimeout(given)
    if (head.length > 0) connection.write(head)
    socket.on("data", (chunk: Buffer) => connection.write(chunk))
    socket.once("close", () => connection.end())
    socket.once("end", () => connection.end())
    return {
      receive(chunk) {
        if (socket.destroyed) return
        socket.write(chunk)
        if (socket.writableLength > UNSENT_BYTES_MAX) socket.destroy()
      },
      closed: () => void socket.destroy(),
    }
  }
}

function bodyOf(message: IncomingMessage): BodyStream {
  return {
    start(sink) {
      let over = false
      const finish = () => {
        if (over) return
        over = true
        if (message.complete && message.readableEnded) sink.end()
        else sink.end(new ConnectionError("unexpected EOF", { cause: message.errored }))
      }
      // Its error is told with "close".
      message.on("error", () => undefined)
      // Who takes slowly is not sent faster: what is not taken stays with the sender.
      const wait = () => {
        setTimeout(() => {
          if (over) return
          if (sink.write(NOTHING) > UNTAKEN_BYTES_MAX) wait()
          else message.resume()
        }, WAIT_MS)
      }
      message.on("data", (chunk: Buffer) => {
        if (over || sink.write(chunk) <= UNTAKEN_BYTES_MAX) return
        message.pause()
        wait()
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
