/**
 * Writes the wire format of protocol buffers from the end to the beginning, as Go's generated encoders do: the length of
 * what is inside is then known before it is written, and nothing is measured twice.
 */
export class WireWriter {
  #buffer: Buffer
  /** Where the first byte that was written lies. */
  #at: number

  /** @param bytes  how many are expected */
  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(bytes)
    this.#at = bytes
  }

  /** Bytes written so far: the difference of two is the length of what came between. */
  get length(): number {
    return this.#buffer.length - this.#at
  }

  /** A field's number and wire type: written after its value. */
  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire)
  }

  /** Number and length of a field whose content was written since `length` was `before`. */
  close(field: number, before: number): void {
    this.varint(this.length - before)
    this.tag(field, 2)
  }

  /** A whole number; negative ones take ten bytes. */
  varint(value: number): void {
    if (value >= 0 && value < 128) {
      this.#reserve(1)
      this.#buffer[--this.#at] = value
      return
    }
    this.#reserve(10)
    const bytes: number[] = []
    if (value >= 0 && value <= 0x7fff_ffff) {
      for (let rest = value; ; rest >>>= 7) {
        if (rest < 128) {
          bytes.push(rest)
          break
        }
        bytes.push((rest & 127) | 128)
      }
    } else {
      for (let rest = BigInt.asUintN(64, BigInt(Math.trunc(value))); ; rest >>= 7n) {
        if (rest < 128n) {
          bytes.push(Number(rest))
          break
        }
        bytes.push(Number(rest & 127n) | 128)
      }
    }
    this.#at -= bytes.length
    for (let i = 0; i < bytes.length; i++) this.#buffer[this.#at + i] = bytes[i]!
  }

  double(value: number): void {
    this.#reserve(8)
    this.#at -= 8
    this.#buffer.writeDoubleLE(value, this.#at)
  }

  /** Bytes without a length. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#at -= bytes.length
    this.#buffer.set(bytes, this.#at)
  }

  /** Text without a length. */
  text(text: string): void {
    const bytes = Buffer.byteLength(text)
    this.#reserve(bytes)
    this.#at -= bytes
    this.#buffer.write(text, this.#at, bytes)
  }

  /** What was written: a view that is only good until nothing more is written. */
  bytes(): Buffer {
    return this.#buffer.subarray(this.#at)
  }

  #reserve(bytes: number): void {
    if (this.#at >= bytes) return
    const { length } = this
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, length + bytes))
    this.#buffer.copy(larger, larger.length - length, this.#at)
    this.#at = larger.length - length
    this.#buffer = larger
  }
}
