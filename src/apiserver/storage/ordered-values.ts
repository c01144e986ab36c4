import type { StoredValue } from "./storage.ts"

/** A chunk splits in two beyond this. Insertion moves at most this many references, whatever the size of the whole. */
const CHUNK_LENGTH_MAX = 512

/**
 * Stored values in key order: an array of sorted arrays. An empty one costs two objects, a large one about 9 bytes a
 * value beside the values; lookup is two binary searches.
 */
export class OrderedValues {
  readonly #chunks: StoredValue[][] = []

  get(key: string): StoredValue | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)]
    if (chunk === undefined) return undefined
    const value = chunk[lowerBound(chunk, key)]
    return value?.key === key ? value : undefined
  }

  set(value: StoredValue): void {
    const at = this.#chunkOf(value.key)
    const chunk = this.#chunks[at]
    if (chunk === undefined) {
      this.#chunks.push([value])
      return
    }
    const index = lowerBound(chunk, value.key)
    if (chunk[index]?.key === value.key) {
      chunk[index] = value
      return
    }
    if (index === chunk.length) chunk.push(value)
    else chunk.splice(index, 0, value)
    if (chunk.length <= CHUNK_LENGTH_MAX) return
    // Keys that arrive in order (a load, a counter in the name) leave full chunks behind instead of half-empty ones.
    const cut = index === chunk.length - 1 ? chunk.length - 1 : chunk.length >> 1
    this.#chunks.splice(at + 1, 0, chunk.splice(cut))
  }

  delete(key: string): void {
    const at = this.#chunkOf(key)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return
    const index = lowerBound(chunk, key)
    if (chunk[index]?.key !== key) return
    chunk.splice(index, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** Values whose key begins with `prefix` and is not below `startKey`, in key order, `limit` at most. */
  range(prefix: string, startKey = prefix, limit = Infinity): StoredValue[] {
    const from = startKey < prefix ? prefix : startKey
    const found: StoredValue[] = []
    let at = this.#chunkOf(from)
    let index = at < this.#chunks.length ? lowerBound(this.#chunks[at]!, from) : 0
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunks[at]!
      for (; index < chunk.length; index++) {
        const value = chunk[index]!
        if (found.length >= limit || !value.key.startsWith(prefix)) return found
        found.push(value)
      }
    }
    return found
  }

  count(prefix: string, startKey = prefix): number {
    const from = startKey < prefix ? prefix : startKey
    let count = 0
    let at = this.#chunkOf(from)
    let index = at < this.#chunks.length ? lowerBound(this.#chunks[at]!, from) : 0
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunks[at]!
      if (chunk.at(-1)!.key.startsWith(prefix)) {
        count += chunk.length - index
        continue
      }
      for (; index < chunk.length && chunk[index]!.key.startsWith(prefix); index++) count++
      return count
    }
    return count
  }

  /** The index of the last chunk whose first key is not above `key`; 0 when there is none. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#chunks[middle]![0]!.key <= key) low = middle + 1
      else high = middle
    }
    return Math.max(low - 1, 0)
  }
}

function lowerBound(values: readonly StoredValue[], key: string): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle]!.key < key) low = middle + 1
    else high = middle
  }
  return low
}
