const NEWLINE = 10

/** The longest line that is kept while its end has not come: etcd's objects end at 1.5 MB, watch events with them. */
export const LINE_LENGTH_MAX = 64 * 1024 * 1024

export interface LineSplitter {
  /** Calls `line` for every line that this chunk completes. @throws Error for a line longer than the bound */
  push(chunk: Uint8Array): void
  /** Bytes of a line that has not ended. */
  readonly pendingLength: number
}

/**
 * Cuts a stream of bytes into lines. Bytes are decoded once per line: a character may be split over two chunks, and
 * joining text piece by piece costs quadratic time for a large object that arrives in many small frames.
 *
 * @param onLine  one line without its end; empty lines are left out
 */
export function newLineSplitter(onLine: (line: string) => void, lengthMax = LINE_LENGTH_MAX): LineSplitter {
  let pending: Uint8Array[] = []
  let pendingLength = 0
  const emit = (bytes: Uint8Array) => {
    if (bytes.length > 0) onLine(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"))
  }
  return {
    get pendingLength() {
      return pendingLength
    },
    push(chunk) {
      let start = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        const piece = chunk.subarray(start, end)
        start = end + 1
        if (pendingLength === 0) {
          emit(piece)
          continue
        }
        pending.push(piece)
        const whole = Buffer.concat(pending)
        pending = []
        pendingLength = 0
        emit(whole)
      }
      if (start === chunk.length) return
      const rest = start === 0 ? chunk : chunk.subarray(start)
      pending.push(rest)
      pendingLength += rest.length
      if (pendingLength > lengthMax) throw new Error(`Cannot read line: longer than ${lengthMax} bytes`)
    },
  }
}
