import { request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import type { Socket } from "node:net"
import { ConnectionError } from "#lib/http.ts"

/** Of a refusal that is quoted. */
const QUOTE_MAX = 200

/**
 * A way through an HTTP proxy (CONNECT, RFC 9110 section 9.3.6): what is written to the socket arrives at `host:port`.
 *
 * @param proxy  its URL, with user and password if it asks for them
 * @throws ConnectionError that names proxy and server, never the password
 */
export function openTunnel(proxy: string, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const url = new URL(proxy)
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`
  const fail = (cause: unknown) =>
    reject(new ConnectionError(`Cannot connect to ${target} through the proxy ${url.host}`, { cause }))
  const login = [url.username, url.password].map(decodeURIComponent).join(":")
  const authorization = `Basic ${Buffer.from(login).toString("base64")}`
  const request = (url.protocol === "https:" ? requestHttps : requestHttp)({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port || (url.protocol === "https:" ? 443 : 80),
    method: "CONNECT",
    path: target,
    headers: { host: target, ...(url.username === "" ? {} : { "proxy-authorization": authorization }) },
    agent: false,
    signal,
  })
  request.once("connect", (response, socket: Socket) => {
    if (response.statusCode === 200) return resolve(socket)
    socket.destroy()
    fail(new Error(`it answered ${response.statusCode} ${(response.statusMessage ?? "").slice(0, QUOTE_MAX)}`))
  })
  request.once("response", (response) => {
    response.destroy()
    fail(new Error(`it answered ${response.statusCode} to CONNECT`))
  })
  request.once("error", fail)
  request.end()
  return promise
}
