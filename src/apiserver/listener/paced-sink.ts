import type { BodySink } from "#lib/http.ts"
import type { Pacer } from "./pacer.ts"

/** What of one stream is handed to Node at a time. */
const IN_FLIGHT_BYTES = 64 * 1024

type Target = {
  write(chunk: Uint8Array, sent?: () => void): boolean
  cork(): void
  uncork(): void
  end(): unknown
  destroy(error?: Error): unknown
  once(event: "close", listener: () => void): unknown
  setTimeout(ms: number, callback: () => void): unknown
  readonly destroyed: boolean
}

/**
 * Writes a stream of pieces no faster than they are taken.
 *
 * @param stalledMs  how long nothing of them may be taken: the stream is broken off
 */
export function pacedSink(target: Target, pacer: Pacer, stalledMs: number): BodySink {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let inFlight = 0
  let isQueued = false
  let isEnding = false

  const hold = (bytes: number) => {
    waitingBytes += bytes
    pacer.waitingBytes += bytes
  }
  const count = (bytes: number) => {
    inFlight += bytes
    pacer.count(bytes)
  }
  const send = (piece: Uint8Array) => {
    const { length } = piece
    count(length)
    target.write(piece, () => {
      if (inFlight > 0) count(-length)
      if (waiting.length > 0) queue()
      else if (isEnding && inFlight === 0 && !target.destroyed) target.end()
    })
  }
  const queue = () => {
    if (isQueued || inFlight >= IN_FLIGHT_BYTES) return
    if (!pacer.isCrowded) return sendWaiting()
    isQueued = true
    pacer.wait(() => {
      isQueued = false
      sendWaiting()
    })
  }
  const sendWaiting = () => {
    if (target.destroyed) return
    let sent = 0
    target.cork()
    while (sent < waiting.length && inFlight < IN_FLIGHT_BYTES) {
      const next = waiting[sent]!
      const piece = next.subarray(0, IN_FLIGHT_BYTES - inFlight)
      if (piece.length === next.length) sent++
      else waiting[sent] = next.subarray(piece.length)
      hold(-piece.length)
      send(piece)
    }
    waiting = waiting.slice(sent)
    target.uncork()
  }
  target.once("close", () => {
    count(-inFlight)
    waiting = []
    hold(-waitingBytes)
  })
  // Node counts from when something was last written or taken.
  target.setTimeout(stalledMs, () => {
    if (inFlight + waitingBytes > 0) target.destroy()
  })

  return {
    write(chunk) {
      if (target.destroyed) return 0
      if (waiting.length === 0 && !pacer.isCrowded && inFlight + chunk.length <= IN_FLIGHT_BYTES) send(chunk)
      else {
        waiting.push(chunk)
        hold(chunk.length)
        queue()
      }
      return waitingBytes + inFlight
    },
    end(error) {
      if (target.destroyed) return
      if (error !== undefined) target.destroy()
      else if (inFlight + waitingBytes === 0) target.end()
      else isEnding = true
    },
  }
}
