import { STATUS_CODES, type IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import { isStream, type HttpResponse, type Upgrade } from "#lib/http.ts"
import { NOT_FOUND } from "#apiserver/handlers/refusals.ts"
import type { Handler, Peer } from "#apiserver/request.ts"
import type { Outgoing } from "./answers.ts"
import { pacedSink } from "./paced-sink.ts"

/** What may lie unread by the other side before its connection is cut. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024

/** The head of an answer as HTTP/1.1 writes it. Without a length, the body ends with the connection. */
export function headText({ status, headers, body, upgrade }: HttpResponse): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`]
  for (const [name, value] of Object.entries(headers)) for (const one of [value].flat()) lines.push(`${name}: ${one}`)
  if (upgrade === undefined) lines.push("connection: close")
  if (upgrade === undefined && !isStream(body)) lines.push(`content-length: ${body.length}`)
  return `${lines.join("\r\n")}\r\n\r\n`
}

type Asked = {
  readonly request: IncomingMessage
  readonly socket: TLSSocket
  /** What came behind the request already. */
  readonly head: Buffer
  readonly headers: Record<string, string>
  readonly peer: Peer
}

/** A request to go on with another protocol. Its connection serves no other request, whatever the answer is. */
export async function answerUpgrade(
  { request, socket, head, headers, peer }: Asked,
  route: (path: string) => { readonly handler: Handler; readonly prefix: string } | undefined,
  { pacer, limits }: Outgoing,
): Promise<void> {
  const target = request.url ?? "/"
  const found = route(target)
  const path = target.slice(found?.prefix.length ?? 0) || "/"
  const answer =
    found === undefined ? NOT_FOUND : await found.handler({ method: request.method ?? "GET", path, headers, peer })
  if (socket.destroyed) return
  socket.write(headText(answer))
  if (answer.upgrade !== undefined) return takeOver(socket, head, answer.upgrade)
  if (!isStream(answer.body)) return void socket.end(answer.body)
  const stop = answer.body.start(pacedSink(socket, pacer, limits.stalledMs))
  socket.once("close", stop)
}

/** Hands the connection over. @param head  what came behind the request already */
export function takeOver(socket: Duplex, head: Uint8Array, upgrade: Upgrade): void {
  const receiver = upgrade({
    write(chunk) {
      if (socket.destroyed || socket.writableEnded) return
      socket.write(chunk)
      if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy()
    },
    end: () => void socket.end(),
  })
  socket.on("data", (chunk: Buffer) => receiver.receive(chunk))
  socket.on("end", () => socket.end())
  socket.once("close", () => receiver.closed())
  if (head.length > 0) receiver.receive(head)
}
