import type { Clock, Timer } from "#lib/clock.ts"
import {
  ConnectionError,
  isStream,
  type BodySink,
  type BodyStream,
  type HttpRequest,
  type HttpResponse,
  type Transport,
} from "#lib/http.ts"
import type { Handler, Peer } from "#apiserver/request.ts"

/** What went over the network, for traces: the same seed gives the same list. */
export type NetworkRecord = {
  readonly atMs: number
  readonly from: string
  readonly to: string
  readonly method: string
  readonly path: string
  /** 0: no answer. */
  readonly status: number
}

export type NetworkOptions = {
  readonly clock: Clock
  /** One way, milliseconds. */
  readonly latencyMs: () => number
  readonly onRecord?: (record: NetworkRecord) => void
}

/** How long a sender waits for an answer that a cut link swallowed. */
const REQUEST_TIMEOUT_MS = 10_000
/** How long an open stream stays silent on a cut link before its ends notice: HTTP/2 pings do that on a real one. */
const SILENCE_MS = 15_000

/**
 * A network in memory: hosts by name, links with latency that can be cut and healed. Nothing is lost but by a cut; a
 * cut loses requests and answers alike, so that a sender never knows which of the two it was.
 */
export interface VirtualNetwork {
  /** A server that can be reached under `name`. @returns takes it away again: connections break at once */
  listen(name: string, handler: Handler): () => void
  /** @param peer  the credentials that the receiver sees; read at each request, so that they can be rotated */
  transport(from: string, to: string, peer: () => Omit<Peer, "address">): Transport
  cut(a: string, b: string): void
  heal(a: string, b: string): void
}

export function newVirtualNetwork(options: NetworkOptions): VirtualNetwork {
  const { clock } = options
  const hosts = new Map<string, { readonly handler: Handler; readonly streams: Set<OpenStream> }>()
  const cuts = new Set<string>()
  const linkOf = (a: string, b: string) => (a < b ? `${a} ${b}` : `${b} ${a}`)
  const delay = () => new Promise<void>((resolve) => clock.setTimer(options.latencyMs(), resolve))
  const isCut = (a: string, b: string) => cuts.has(linkOf(a, b))

  async function send(
    from: string,
    to: string,
    peer: Omit<Peer, "address">,
    request: HttpRequest,
  ): Promise<HttpResponse> {
    await delay()
    const host = hosts.get(to)
    if (host === undefined) throw new ConnectionError(`connect ${to}: connection refused`)
    if (isCut(from, to)) return await lost(clock, request, to)
    const response = await host.handler({ ...request, peer: { ...peer, address: from } })
    await delay()
    if (isCut(from, to)) return await lost(clock, request, to)
    if (!isStream(response.body)) return response
    const { body } = response
    return {
      ...response,
      body: overLink(body, {
        clock,
        latencyMs: options.latencyMs,
        isCut: () => isCut(from, to),
        streams: host.streams,
      }),
    }
  }

  return {
    listen(name, handler) {
      const host = { handler, streams: new Set<OpenStream>() }
      hosts.set(name, host)
      return () => {
        if (hosts.get(name) === host) hosts.delete(name)
        for (const stream of host.streams) stream.breakNow()
      }
    },
    transport: (from, to, peer) => async (request) => {
      let status = 0
      try {
        if (request.signal?.aborted) throw request.signal.reason
        const response = await send(from, to, peer(), request)
        status = response.status
        return response
      } finally {
        options.onRecord?.({ atMs: clock.nowMs(), from, to, method: request.method, path: request.path, status })
      }
    },
    cut: (a, b) => void cuts.add(linkOf(a, b)),
    heal: (a, b) => void cuts.delete(linkOf(a, b)),
  }
}

/** Waits as a sender does whose packets vanish. */
function lost(clock: Clock, request: HttpRequest, to: string): Promise<never> {
  return new Promise((_, reject) => {
    const timer = clock.setTimer(REQUEST_TIMEOUT_MS, () =>
      reject(new ConnectionError(`${to}: no answer in ${REQUEST_TIMEOUT_MS} ms`)),
    )
    request.signal?.addEventListener(
      "abort",
      () => {
        timer.cancel()
        reject(request.signal?.reason)
      },
      { once: true },
    )
  })
}

type OpenStream = { breakNow(): void }

/** A stream whose pieces arrive later and in order, and that falls silent, then breaks, when its link is cut. */
function overLink(
  body: BodyStream,
  link: { clock: Clock; latencyMs: () => number; isCut: () => boolean; streams: Set<OpenStream> },
): BodyStream {
  return {
    start(sink: BodySink) {
      let ended = false
      let silence: Timer | undefined
      let arrivesMs = 0
      const finish = (error?: Error) => {
        if (ended) return
        ended = true
        silence?.cancel()
        link.streams.delete(open)
        stop()
        sink.end(error)
      }
      const open: OpenStream = { breakNow: () => finish(new ConnectionError("connection reset")) }
      link.streams.add(open)
      const deliver = (piece: () => void) => {
        if (ended || silence !== undefined) return
        if (link.isCut()) {
          // What is lost on a stream is lost for good: the stream can only break.
          silence = link.clock.setTimer(SILENCE_MS, () => finish(new ConnectionError("connection timed out")))
          return
        }
        // Latency varies, order does not.
        arrivesMs = Math.max(arrivesMs, link.clock.nowMs() + link.latencyMs())
        link.clock.setTimer(arrivesMs - link.clock.nowMs(), () => void (ended || piece()))
      }
      const stop = body.start({
        write(chunk) {
          deliver(() => sink.write(chunk))
          return 0
        },
        end: (error) => deliver(() => finish(error)),
      })
      const watchLink = () => {
        if (ended) return
        if (link.isCut() && silence === undefined) deliver(() => {})
        link.clock.setTimer(SILENCE_MS / 3, watchLink)
      }
      link.clock.setTimer(SILENCE_MS / 3, watchLink)
      return () => {
        ended = true
        silence?.cancel()
        link.streams.delete(open)
        stop()
      }
    },
  }
}
