import { isIP, type Socket } from "node:net"
import type { ConnectionOptions, TLSSocket } from "node:tls"
import { checkServerIdentity, connect } from "node:tls"
import type { Clock } from "#lib/clock.ts"
import { ConnectionError } from "#lib/http.ts"
import { openTunnel } from "./proxy-tunnel.ts"

/** What a client shows of itself: a certificate when the connection opens, a token with each request. */
export type Credentials = {
  /** PEM. */
  readonly cert?: string | Uint8Array
  /** PEM. */
  readonly key?: string | Uint8Array
  readonly token?: string
}

export type TlsSettings = {
  readonly host: string
  readonly port: number
  readonly ca?: string | Uint8Array
  readonly serverName?: string
  readonly insecure: boolean
  /** URL of an HTTP proxy to go through. */
  readonly proxy?: string
  readonly credentials: Credentials
  readonly clock: Clock
  readonly timeoutMs: number
}

/** The options of node:tls for a connection with these settings. */
export function tlsOptions(settings: TlsSettings, protocols: readonly string[]): ConnectionOptions {
  const { host, port, serverName, credentials } = settings
  const wanted = serverName ?? host
  return {
    host,
    port,
    ALPNProtocols: [...protocols],
    rejectUnauthorized: !settings.insecure,
    // Server names of the TLS extension are never addresses. RFC 6066 section 3.
    ...(isIP(wanted) ? {} : { servername: wanted }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(wanted, certificate),
    ...(settings.ca === undefined ? {} : { ca: Buffer.from(settings.ca) }),
    ...(credentials.cert === undefined ? {} : { cert: Buffer.from(credentials.cert) }),
    ...(credentials.key === undefined ? {} : { key: Buffer.from(credentials.key) }),
  }
}

/** @throws ConnectionError */
export async function tunnel({ proxy = "", host, port, clock, timeoutMs }: TlsSettings): Promise<Socket> {
  const over = new AbortController()
  const timer = clock.setTimer(timeoutMs, () => over.abort(new Error(`no answer within ${timeoutMs} ms`)))
  try {
    return await openTunnel(proxy, host, port, over.signal)
  } finally {
    timer.cancel()
  }
}

/**
 * @returns a connection whose certificate was checked and whose protocol is agreed on
 * @throws ConnectionError
 */
export async function connectTls(settings: TlsSettings): Promise<TLSSocket> {
  const through = settings.proxy === undefined ? {} : { socket: await tunnel(settings) }
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const where = `${settings.host}:${settings.port}`
  const fail = (cause: Error) => {
    timer.cancel()
    socket.destroy()
    reject(new ConnectionError(`Cannot connect to ${where}`, { cause }))
  }
  const timer = settings.clock.setTimer(settings.timeoutMs, () =>
    fail(new Error(`no answer within ${settings.timeoutMs} ms`)),
  )
  let socket: TLSSocket
  try {
    socket = connect({ ...tlsOptions(settings, ["h2", "http/1.1"]), ...through })
  } catch (cause) {
    // Keys and certificates that cannot be read are refused at once.
    timer.cancel()
    through.socket?.destroy()
    return Promise.reject(new ConnectionError(`Cannot connect to ${where}`, { cause }))
  }
  socket.setNoDelay(true)
  const onClose = () => fail(new Error("the server closed the connection"))
  socket.once("error", fail)
  socket.once("close", onClose)
  socket.once("secureConnect", () => {
    timer.cancel()
    socket.off("error", fail)
    socket.off("close", onClose)
    resolve(socket)
  })
  return promise
}
