/** Definitions of custom resources, the only ones that nest freely, have less than 50 levels of three messages. */
const MESSAGE_DEPTH_MAX = 500

/** Reads the wire format of protocol buffers. @throws ProtobufError for bytes that end early or make no sense */
export class WireReader {
  /** How many messages this one is inside of. */
  readonly depth: number
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, start = 0, depth = 0) {
    this.#bytes = bytes
    this.#at = start
    this.#end = bytes.length
    this.depth = depth
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  /** The next field's number and wire type. */
  tag(): { readonly field: number; readonly wire: number } {
    const tag = this.varint()
    return { field: Math.floor(tag / 8), wire: tag % 8 }
  }

  /** A varint as a signed 64-bit number; exact up to 2^53. */
  varint(): number {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw new ProtobufError("unexpected EOF")
      const byte = this.#bytes[this.#at++]!
      const bits = byte & 0x7f
      if (shift < 28) low += bits * 2 ** shift
      else high += bits * 2 ** (shift - 28)
      if (byte < 0x80) return signed(low, high)
    }
    throw new ProtobufError("integer overflow")
  }

  /** Eight bytes as a floating point number. */
  double(): number {
    const at = this.#take(8)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0, true)
  }

  /** Bytes after their length: a view. */
  bytes(): Uint8Array {
    const length = this.varint()
    if (length < 0) throw new ProtobufError("negative length")
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** A message after its length. Whoever reads it may call itself for it: the depth of messages is bounded. */
  message(): WireReader {
    if (this.depth >= MESSAGE_DEPTH_MAX) throw new ProtobufError("exceeded max depth")
    return new WireReader(this.bytes(), 0, this.depth + 1)
  }

  text(): string {
    const bytes = this.bytes()
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  }

  /** A field that nobody knows. */
  skip(wire: number): void {
    if (wire === 0) this.varint()
    else if (wire === 1) this.#take(8)
    else if (wire === 2) this.bytes()
    else if (wire === 5) this.#take(4)
    else throw new ProtobufError(`illegal wire type ${wire}`)
  }

  #take(length: number): number {
    const at = this.#at
    if (at + length > this.#end) throw new ProtobufError("unexpected EOF")
    this.#at += length
    return at
  }
}

/** 2^36 of the high part's units make up the 64 bits beside the 28 low ones. */
function signed(low: number, high: number): number {
  return high >= 2 ** 35 ? (high - 2 ** 36) * 2 ** 28 + low : high * 2 ** 28 + low
}

export class ProtobufError extends Error {
  override readonly name = "ProtobufError"
}
