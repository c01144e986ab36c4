import type { Clock } from "#lib/clock.ts"
import { SMALL_BYTES, type Ledger, type ListenerLimits } from "./limits.ts"

export type Collected = Uint8Array | "too large" | "too much" | "too slow" | "aborted"

/**
 * Collects a request's body up to a bound.
 *
 * @param ledger  where its bytes are counted, until {@link releaseBody}
 * @returns the bytes; `too large` beyond its own bound, `too much` beyond that of all together, `too slow` when it did not
 *   end in time (the rest is thrown away); `aborted` when the sender went away
 */
export function newBodyCollector(
  incoming: NodeJS.ReadableStream,
  clock: Clock,
  limits: ListenerLimits,
  ledger: Ledger,
): Promise<Collected> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = []
    let length = 0
    let isOver = false
    const end = (collected: Collected) => {
      if (isOver) return
      isOver = true
      timer.cancel()
      chunks = []
      if (!(collected instanceof Uint8Array)) ledger.arrivingBytes -= length
      resolve(collected)
    }
    const timer = clock.setTimer(limits.arrivalMs, () => end("too slow"))
    incoming.on("data", (chunk: Buffer) => {
      if (isOver) return
      length += chunk.length
      ledger.arrivingBytes += chunk.length
      chunks.push(chunk)
      const factor = length <= SMALL_BYTES ? 2 : 1
      if (length > limits.bodyBytesMax) end("too large")
      else if (ledger.arrivingBytes > limits.arrivingBytesMax * factor) end("too much")
    })
    incoming.on("end", () => end(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    incoming.on("error", () => end("aborted"))
    incoming.on("close", () => end("aborted"))
  })
}

/** To be called once for a body that was collected, when its request has been answered. */
export function releaseBody(body: Uint8Array, ledger: Ledger): void {
  ledger.arrivingBytes -= body.length
}
