// SPDY/3.1 as a server speaks it, as far as kubectl uses it: streams that the client opens, without flow control.
// Source: SPDY protocol, draft 3.1; github.com/moby/spdystream, which is what kubectl has.
import type { ByteConnection, ByteReceiver } from "#lib/http.ts"
import { newHeaderReader, newHeaderWriter, type SpdyHeaders } from "./spdy-headers.ts"

export interface SpdyStream {
  readonly headers: SpdyHeaders
  write(chunk: Uint8Array): void
  /** No more will come from here. */
  end(): void
}

export type SpdyStreamHandler = {
  readonly data: (chunk: Buffer) => void
  /** No more will come from there. Called once. */
  readonly ended: () => void
}

export type SpdySide = { close(): void }

const [SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY] = [1, 2, 3, 6, 7]
const FLAG_FIN = 0x01
const FRAME_BYTES_MAX = 1024 * 1024
const STREAMS_MAX = 256
const REFUSED_STREAM = 3
/** Frames that have come and are not worked off: a client that is faster than that is cut off. */
const WAITING_MAX = 1024

/**
 * Speaks the protocol over a connection.
 *
 * @param onStream  called for each stream; gives who hears what comes on it, or undefined to refuse it
 */
export function newSpdyConnection(
  connection: ByteConnection,
  handler: {
    readonly onStream: (stream: SpdyStream) => SpdyStreamHandler | undefined
    readonly closed: () => void
  },
): { readonly receiver: ByteReceiver; readonly side: SpdySide } {
  const readHeaders = newHeaderReader()
  const writeHeaders = newHeaderWriter()
  const streams = new Map<number, SpdyStreamHandler>()
  let pending: Buffer = Buffer.alloc(0)
  let work = Promise.resolve()
  let waiting = 0
  let isOver = false
  const over = () => {
    if (isOver) return
    isOver = true
    for (const stream of streams.values()) stream.ended()
    streams.clear()
    handler.closed()
  }
  const close = () => {
    connection.write(controlFrame(GOAWAY, 0, Buffer.alloc(8)))
    connection.end()
  }

  const open = async (body: Buffer, flags: number) => {
    const id = body.readUInt32BE(0) & 0x7fff_ffff
    const headers = await readHeaders(body.subarray(10))
    const stream: SpdyStream = {
      headers,
      write: (chunk) => connection.write(dataFrame(id, 0, chunk)),
      end: () => connection.write(dataFrame(id, FLAG_FIN, Buffer.alloc(0))),
    }
    if (streams.size >= STREAMS_MAX) return connection.write(resetFrame(id))
    // The reply comes before anything that is written on the stream: kubectl does not look at what comes before it.
    const reply = Buffer.concat([body.subarray(0, 4), await writeHeaders({})])
    connection.write(controlFrame(SYN_REPLY, 0, reply))
    const taken = handler.onStream(stream)
    if (taken === undefined) return connection.write(resetFrame(id))
    streams.set(id, taken)
    if ((flags & FLAG_FIN) !== 0) finish(id)
  }
  const finish = (id: number) => {
    const stream = streams.get(id)
    streams.delete(id)
    stream?.ended()
  }
  const take = async ({ control, id, flags, body }: Frame): Promise<void> => {
    if (!control) {
      if (body.length > 0) streams.get(id)?.data(body)
      if ((flags & FLAG_FIN) !== 0) finish(id)
    } else if (id === SYN_STREAM) await open(body, flags)
    else if (id === RST_STREAM) finish(body.readUInt32BE(0) & 0x7fff_ffff)
    else if (id === PING) connection.write(controlFrame(PING, 0, body))
    else if (id === GOAWAY) connection.end()
  }

  return {
    side: { close },
    receiver: {
      receive(chunk) {
        if (isOver) return
        pending = Buffer.concat([pending, chunk])
        for (let frame = readFrame(pending); frame !== undefined; frame = readFrame(pending)) {
          if (frame === "bad") return connection.end()
          const next = frame
          pending = pending.subarray(next.length)
          // Headers are unpacked on the side; whatever comes behind them waits for that.
          if (++waiting > WAITING_MAX) return connection.end()
          work = work
            .then(() => take(next))
            .catch(() => connection.end())
            .finally(() => waiting--)
        }
      },
      closed: () => void (work = work.then(over)),
    },
  }
}

type Frame = {
  readonly control: boolean
  /** The type of a control frame, the stream of a data frame. */
  readonly id: number
  readonly flags: number
  readonly body: Buffer
  readonly length: number
}

function readFrame(bytes: Buffer): Frame | undefined | "bad" {
  if (bytes.length < 8) return undefined
  const size = bytes.readUIntBE(5, 3)
  if (size > FRAME_BYTES_MAX) return "bad"
  if (bytes.length < 8 + size) return undefined
  const control = (bytes[0]! & 0x80) !== 0
  if (control && (bytes.readUInt16BE(0) & 0x7fff) !== 3) return "bad"
  const id = control ? bytes.readUInt16BE(2) : bytes.readUInt32BE(0)
  return { control, id, flags: bytes[4]!, body: bytes.subarray(8, 8 + size), length: 8 + size }
}

function controlFrame(type: number, flags: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(0x8003, 0)
  head.writeUInt16BE(type, 2)
  head[4] = flags
  head.writeUIntBE(body.length, 5, 3)
  return Buffer.concat([head, body])
}

function dataFrame(id: number, flags: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(id, 0)
  head[4] = flags
  head.writeUIntBE(body.length, 5, 3)
  return Buffer.concat([head, body])
}

function resetFrame(id: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeUInt32BE(id, 0)
  body.writeUInt32BE(REFUSED_STREAM, 4)
  return controlFrame(RST_STREAM, 0, body)
}
