/**
 * Collects a request's body up to a bound.
 *
 * @returns the bytes; `too large` beyond the bound (the rest is thrown away); `aborted` when the sender went away
 */
export function newBodyCollector(
  incoming: NodeJS.ReadableStream,
  bytesMax: number,
): Promise<Uint8Array | "too large" | "aborted"> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    incoming.on("data", (chunk: Buffer) => {
      length += chunk.length
      if (length <= bytesMax) chunks.push(chunk)
      else resolve("too large")
    })
    incoming.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    incoming.on("error", () => resolve("aborted"))
    incoming.on("close", () => resolve("aborted"))
  })
}
