// How an answer gets out, over either version of the protocol.
import type { IncomingMessage, ServerResponse } from "node:http"
import { constants, type ServerHttp2Stream } from "node:http2"
import { isStream, type HttpResponse } from "#lib/http.ts"
import { pacedSink } from "./paced-sink.ts"
import type { Pacer } from "./pacer.ts"
import { SMALL_BYTES, type Ledger, type ListenerLimits } from "./limits.ts"
import { tooMany } from "#apiserver/handlers/refusals.ts"

const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

export type Outgoing = { readonly limits: ListenerLimits; readonly ledger: Ledger; readonly pacer: Pacer }

/** @returns the answer, or a refusal when too much is still to be taken of others */
function admitted(answer: HttpResponse, { limits, ledger, pacer }: Outgoing): HttpResponse {
  if (!isStream(answer.body) && answer.body.length <= SMALL_BYTES) return answer
  return ledger.leavingBytes + pacer.waitingBytes > limits.leavingBytesMax ? tooMany() : answer
}

type Closable = {
  once(event: "close", listener: () => void): unknown
  setTimeout(ms: number, callback: () => void): unknown
}

/** Counts a large body while it is on its way, and breaks it off when nobody takes it. */
function watchLeaving(target: Closable, bytes: number, { limits, ledger }: Outgoing, breakOff: () => void): void {
  if (bytes <= SMALL_BYTES) return
  ledger.leavingBytes += bytes
  target.once("close", () => void (ledger.leavingBytes -= bytes))
  target.setTimeout(limits.stalledMs, breakOff)
}

export function sendOverHttp2(
  stream: ServerHttp2Stream,
  method: string,
  given: HttpResponse,
  outgoing: Outgoing,
): void {
  const answer = admitted(given, outgoing)
  const head = { ":status": answer.status, ...answer.headers } as Record<string, string | string[] | number>
  // Node ends the stream with the head of such an answer, and a body after that would break it off.
  if (method === "HEAD" || BODILESS.has(answer.status)) {
    stream.respond(head, { endStream: true })
    return
  }
  if (!isStream(answer.body)) {
    watchLeaving(stream, answer.body.length, outgoing, () => stream.close(constants.NGHTTP2_CANCEL))
    stream.respond({ ...head, "content-length": answer.body.length })
    stream.end(answer.body)
    return
  }
  stream.respond(head)
  const stop = answer.body.start(pacedSink(stream, outgoing.pacer, outgoing.limits.stalledMs))
  stream.once("close", stop)
}

export function sendOverHttp1(
  request: IncomingMessage,
  response: ServerResponse,
  given: HttpResponse,
  outgoing: Outgoing,
): void {
  const answer = admitted(given, outgoing)
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  // What is left of a body would have to be read before the next request.
  if (!request.complete) response.setHeader("connection", "close")
  if (!isStream(answer.body)) {
    watchLeaving(response, answer.body.length, outgoing, () => response.destroy())
    response.setHeader("content-length", answer.body.length)
    response.writeHead(answer.status)
    response.end(request.method === "HEAD" ? undefined : answer.body)
    return
  }
  response.writeHead(answer.status)
  response.flushHeaders()
  const stop = answer.body.start(pacedSink(response, outgoing.pacer, outgoing.limits.stalledMs))
  response.once("close", stop)
}
