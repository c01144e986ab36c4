// WebSockets (RFC 6455) as a server speaks them, for streams that a client opens in a pod.
import { createHash } from "node:crypto"
import type { ByteConnection, ByteReceiver } from "#lib/http.ts"

const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
/** A message in its pieces; clients of Kubernetes send some 32 KB at a time. */
const MESSAGE_BYTES_MAX = 1024 * 1024

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa]
const CLOSED_NORMALLY = 1000
const CLOSED_FOR_PROTOCOL_ERROR = 1002
const CLOSED_FOR_SIZE = 1009

export type WebSocketSide = {
  /** Sends one binary message. */
  send(...pieces: readonly Uint8Array[]): void
  close(code?: number): void
}

export type WebSocketHandler = { readonly message: (bytes: Buffer) => void; readonly closed: () => void }

/** Whether the request asks for a WebSocket. */
export const asksForWebSocket = (headers: Readonly<Record<string, string>>) =>
  (headers["upgrade"] ?? "").toLowerCase() === "websocket" && headers["sec-websocket-key"] !== undefined

/** @returns the headers of the 101 */
export function webSocketHeaders(request: Readonly<Record<string, string>>, protocol: string): Record<string, string> {
  const accept = createHash("sha1")
    .update((request["sec-websocket-key"] ?? "") + ACCEPT_SUFFIX)
    .digest("base64")
  return {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-accept": accept,
    ...(protocol === "" ? {} : { "sec-websocket-protocol": protocol }),
  }
}

/** Speaks the protocol over a connection. @param open  gets the sending side, gives who hears */
export function newWebSocket(
  connection: ByteConnection,
  open: (side: WebSocketSide) => WebSocketHandler,
): ByteReceiver {
  let pending: Buffer = Buffer.alloc(0)
  let pieces: Buffer[] = []
  let closing = false
  const close = (code = CLOSED_NORMALLY) => {
    if (closing) return
    closing = true
    const body = Buffer.alloc(2)
    body.writeUInt16BE(code)
    connection.write(frameOf(CLOSE, [body]))
    connection.end()
  }
  const handler = open({
    send: (...parts) => {
      if (!closing) connection.write(frameOf(BINARY, parts))
    },
    close,
  })

  const take = ({ opcode, final, body }: Frame) => {
    if (opcode === PING) return connection.write(frameOf(PONG, [body]))
    if (opcode === CLOSE) return close()
    if (opcode !== CONTINUATION && opcode !== TEXT && opcode !== BINARY) return
    pieces.push(body)
    if (pieces.reduce((sum, piece) => sum + piece.length, 0) > MESSAGE_BYTES_MAX) return close(CLOSED_FOR_SIZE)
    if (!final) return
    const message = Buffer.concat(pieces)
    pieces = []
    handler.message(message)
  }

  return {
    receive(chunk) {
      pending = Buffer.concat([pending, chunk])
      while (!closing) {
        const frame = readFrame(pending)
        if (frame === undefined) return
        if (frame === "bad") return close(CLOSED_FOR_PROTOCOL_ERROR)
        if (frame === "large") return close(CLOSED_FOR_SIZE)
        pending = pending.subarray(frame.length)
        take(frame)
      }
    },
    closed: handler.closed,
  }
}

type Frame = { readonly opcode: number; readonly final: boolean; readonly body: Buffer; readonly length: number }

/** @returns undefined while it has not all come. What a client sends is masked. */
function readFrame(bytes: Buffer): Frame | undefined | "bad" | "large" {
  if (bytes.length < 2) return undefined
  const [first = 0, second = 0] = bytes
  let size = second & 0x7f
  let at = 2
  if (size === 126) {
    if (bytes.length < 4) return undefined
    size = bytes.readUInt16BE(2)
    at = 4
  } else if (size === 127) {
    if (bytes.length < 10) return undefined
    size = Number(bytes.readBigUInt64BE(2))
    at = 10
  }
  if ((second & 0x80) === 0 || (first & 0x70) !== 0) return "bad"
  if (size > MESSAGE_BYTES_MAX) return "large"
  if (bytes.length < at + 4 + size) return undefined
  const mask = bytes.subarray(at, at + 4)
  const body = Buffer.from(bytes.subarray(at + 4, at + 4 + size))
  for (let i = 0; i < body.length; i++) body[i]! ^= mask[i & 3]!
  return { opcode: first & 0x0f, final: (first & 0x80) !== 0, body, length: at + 4 + size }
}

function frameOf(opcode: number, parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  head[1] = size < 126 ? size : size < 65_536 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(size, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2)
  return Buffer.concat([head, ...parts])
}
