import type { ClientRequest, IncomingMessage } from "node:http"
import { Agent, request as requestHttps } from "node:https"
import { isIP } from "node:net"
import { BoundedMap } from "./bounded-map.ts"
import { ConnectionError, type BodyStream, type HttpRequest, type HttpResponse } from "./http.ts"
import { hostPort, type Endpoint, type Outbound } from "./outbound.ts"
import { networkErrorText } from "./go-network-errors.ts"

/** Endpoints whose connections are kept. */
const ENDPOINTS_MAX = 256
/** Connections to one endpoint; further requests wait for one. */
const SOCKETS_PER_ENDPOINT_MAX = 256
const IDLE_SOCKETS_MAX = 25

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

function send(agent: Agent, endpoint: Endpoint, outgoing: HttpRequest): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  const { host, port, serverName } = endpoint
  if (outgoing.signal?.aborted) return Promise.reject(outgoing.signal.reason)
  let request: ClientRequest
  try {
    const authority = port === 443 ? hostPort(serverName, "").slice(0, -1) : hostPort(serverName, port)
    const headers = { host: authority, ...outgoing.headers }
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
