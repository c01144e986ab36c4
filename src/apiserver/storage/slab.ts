const SLAB_BYTES = 64 * 1024
/** Larger values get memory of their own. */
const SHARED_BYTES_MAX = 8 * 1024

/**
 * Copies of values that were read together share memory: a piece for each of 100,000 would cost more than what is in it. A value
 * that is replaced keeps its part until its neighbours go too, so at most as much is wasted as was read.
 */
export class Slabs {
  #slab = Buffer.alloc(0)
  #at = 0

  copy(value: Uint8Array): Uint8Array {
    if (value.length > SHARED_BYTES_MAX) {
      const own = Buffer.allocUnsafeSlow(value.length)
      own.set(value)
      return own
    }
    if (this.#at + value.length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#at = 0
    }
    const copy = this.#slab.subarray(this.#at, this.#at + value.length)
    copy.set(value)
    this.#at += value.length
    return copy
  }
}
