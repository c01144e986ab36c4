// A listener with short patience, and connections that do not behave.
import { once } from "node:events"
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2"
import { connect as connectTls, type TLSSocket } from "node:tls"
import { realClock } from "#lib/clock.ts"
import { silentLog, type Log } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { newListener, type Listener } from "#apiserver/listener/listener.ts"
import type { ListenerLimits } from "#apiserver/listener/limits.ts"
import type { Handler } from "#apiserver/request.ts"

export type Attacked = {
  readonly listener: Listener
  /** Errors that were logged. */
  readonly faults: string[]
  /** A TLS connection without anything on it. */
  raw(protocol: "h2" | "http/1.1"): Promise<TLSSocket>
  http2(settings?: { initialWindowSize?: number }): Promise<ClientHttp2Session>
  /** Whether somebody else who behaves is answered. */
  isWell(): Promise<boolean>
  close(): Promise<void>
}

export async function newAttacked(handler: Handler, limits: Partial<ListenerLimits>): Promise<Attacked> {
  const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock: realClock, random: realRandom })
  const faults: string[] = []
  const log: Log = {
    ...silentLog,
    error: (message, fields) => void faults.push(`${message} ${String(fields?.["error"])}`),
  }
  const listener = await newListener({
    address: "127.0.0.1",
    port: 0,
    tls: { cert: pki.servingCertificate, key: pki.servingKey },
    clock: realClock,
    log,
    limits,
    route: () => ({ prefix: "", handler }),
  })
  const tls = { ca: pki.caCertificate, host: "127.0.0.1", port: listener.port }
  const open: { destroy(): void }[] = []
  const attacked: Attacked = {
    listener,
    faults,
    async raw(protocol) {
      const socket = connectTls({ ...tls, ALPNProtocols: [protocol] })
      socket.on("error", () => {})
      open.push(socket)
      await once(socket, "secureConnect")
      return socket
    },
    async http2(settings = {}) {
      const session = connectHttp2(`https://127.0.0.1:${listener.port}`, { ca: pki.caCertificate, settings })
      session.on("error", () => {})
      open.push(session)
      await once(session, "connect")
      return session
    },
    async isWell() {
      const session = await attacked.http2()
      const stream = session.request({ ":path": "/well" })
      const [headers] = (await once(stream, "response")) as [Record<string, unknown>]
      session.destroy()
      return headers[":status"] === 200
    },
    async close() {
      for (const connection of open) connection.destroy()
      await listener.close()
    },
  }
  return attacked
}

/** Everything that a socket is told until it is closed. */
export async function untilClosed(socket: TLSSocket): Promise<string> {
  let text = ""
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")))
  if (!socket.closed) await once(socket, "close")
  return text
}

/** Resolves when a condition holds that events of the other side bring about. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

/** One frame of HTTP/2, of whatever type. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** What a client says first. */
export const opening = Buffer.concat([PREFACE, frame(4, 0, 0)])
