import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { isStream, type HttpResponse, type Upgrade } from "#lib/http.ts"

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
