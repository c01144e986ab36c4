import type { Http2SecureServer, Http2Session, ServerHttp2Session, ServerHttp2Stream } from "node:http2"
import type { TLSSocket } from "node:tls"
import type { Peer } from "#apiserver/request.ts"
import type { Ledger, ListenerLimits } from "./limits.ts"

/** What is open: connections, and what is asked on them. */
export class Connections {
  readonly ledger: Ledger = { arrivingBytes: 0, leavingBytes: 0, open: 0 }
  readonly #limits: ListenerLimits
  readonly #open = new Set<{ destroy(): void }>()
  /** Streams that are open, by session. */
  readonly #streams = new WeakMap<Http2Session, number>()
  readonly #peers = new WeakMap<object, Peer>()

  constructor(server: Http2SecureServer, limits: ListenerLimits) {
    this.#limits = limits
    server.on("session", (session) => this.#follow(session))
    server.on("secureConnection", (socket) => {
      this.#open.add(socket)
      socket.on("close", () => this.#open.delete(socket))
    })
  }

  #follow(session: ServerHttp2Session): void {
    this.#open.add(session)
    session.on("close", () => this.#open.delete(session))
    session.on("error", () => session.destroy())
    // Node counts from the last byte of either side; a session whose watches have nothing to tell stays.
    session.setTimeout(this.#limits.idleMs, () => {
      if ((this.#streams.get(session) ?? 0) === 0) session.close()
    })
  }

  /** Counts a stream until it closes. @returns false when there are too many on all connections */
  open(session: Http2Session, stream: ServerHttp2Stream): boolean {
    const { ledger } = this
    if (ledger.open >= this.#limits.openMax) return false
    ledger.open++
    this.#streams.set(session, (this.#streams.get(session) ?? 0) + 1)
    stream.once("close", () => {
      ledger.open--
      this.#streams.set(session, (this.#streams.get(session) ?? 1) - 1)
    })
    return true
  }

  /** Who is on the other side. The certificate is read once a connection: it costs more than a small request. */
  peerOf(socket: TLSSocket, connection: object): Peer {
    const known = this.#peers.get(connection)
    if (known !== undefined) return known
    const raw = socket.getPeerX509Certificate?.()?.raw
    const peer: Peer = { address: socket.remoteAddress ?? "", ...(raw === undefined ? {} : { certificate: raw }) }
    this.#peers.set(connection, peer)
    return peer
  }

  destroy(): void {
    for (const connection of this.#open) connection.destroy()
  }
}
