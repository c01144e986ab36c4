// The other end of upgraded connections, for tests: what a client writes, and a recorder of what comes back.
import assert from "node:assert/strict"
import { keepAwake, realClock, sleep } from "#lib/clock.ts"
import type { ByteConnection } from "#lib/http.ts"
import { newHeaderWriter, type SpdyHeaders } from "#apiserver/streams/spdy-headers.ts"

export type Recorded = ByteConnection & { readonly bytes: () => Buffer; readonly ended: () => boolean }

export function newRecorder(): Recorded {
  const chunks: Uint8Array[] = []
  let isOver = false
  return {
    write: (chunk) => void chunks.push(Buffer.from(chunk)),
    end: () => void (isOver = true),
    bytes: () => Buffer.concat(chunks),
    ended: () => isOver,
  }
}

/** A masked frame, as clients send them. */
export function clientFrame(opcode: number, body: Uint8Array, final = true): Buffer {
  const mask = Buffer.of(1, 2, 3, 4)
  const masked = Buffer.from(body).map((byte, i) => byte ^ mask[i & 3]!)
  const head =
    body.length < 126 ? Buffer.of(0, 0x80 | body.length) : Buffer.of(0, 0x80 | 126, body.length >> 8, body.length & 255)
  head[0] = (final ? 0x80 : 0) | opcode
  return Buffer.concat([head, mask, masked])
}

/** Unmasked frames of up to 64 KB, as servers send them: opcode and body. */
export function serverFrames(bytes: Buffer): { opcode: number; body: Buffer }[] {
  const frames = []
  for (let at = 0; at < bytes.length;) {
    const long = bytes[at + 1] === 126
    const size = long ? bytes.readUInt16BE(at + 2) : bytes[at + 1]!
    const start = at + (long ? 4 : 2)
    frames.push({ opcode: bytes[at]! & 0x0f, body: bytes.subarray(start, start + size) })
    at = start + size
  }
  return frames
}

/** Frames of a SPDY client. */
export function newSpdyClient() {
  const writeHeaders = newHeaderWriter()
  const frame = (first: number, second: number, flags: number, body: Uint8Array) => {
    const head = Buffer.alloc(8)
    head.writeUInt16BE(first, 0)
    head.writeUInt16BE(second, 2)
    head[4] = flags
    head.writeUIntBE(body.length, 5, 3)
    return Buffer.concat([head, body])
  }
  return {
    async open(id: number, headers: SpdyHeaders): Promise<Buffer> {
      const start = Buffer.alloc(10)
      start.writeUInt32BE(id, 0)
      return frame(0x8003, 1, 0, Buffer.concat([start, await writeHeaders(headers)]))
    },
    data: (id: number, body: Uint8Array, fin = false) => frame(0, id, fin ? 1 : 0, body),
    ping: (id: number) => frame(0x8003, 6, 0, Buffer.of(0, 0, 0, id)),
  }
}

/** Data of each stream, and the types of control frames, in what a SPDY server wrote. */
export function spdyAnswer(bytes: Buffer): { data: Record<number, string>; ended: number[]; controls: number[] } {
  const answer = { data: {} as Record<number, string>, ended: [] as number[], controls: [] as number[] }
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUIntBE(at + 5, 3)
    const body = bytes.subarray(at + 8, at + 8 + size)
    if ((bytes[at]! & 0x80) !== 0) answer.controls.push(bytes.readUInt16BE(at + 2))
    else {
      const id = bytes.readUInt32BE(at)
      answer.data[id] = (answer.data[id] ?? "") + body.toString()
      if ((bytes[at + 4]! & 1) !== 0) answer.ended.push(id)
    }
    at += 8 + size
  }
  return answer
}

/** Waits for what is packed and unpacked on the side. */
export async function until(check: () => boolean): Promise<void> {
  const release = keepAwake()
  try {
    for (let turn = 0; !check(); turn++) {
      assert.ok(turn < 5_000, "it does not come")
      await sleep(realClock, 0)
    }
  } finally {
    release()
  }
}
