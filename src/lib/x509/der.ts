/**
 * DER, the strict binary form of ASN.1 that certificates and requests are written in (X.690). Only what X.509 needs:
 * definite minimal lengths and tag numbers up to 30.
 */

export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[n]` holding a primitive value. */
export const contextTag = (number: number): number => 0x80 | number
/** `[n]` holding other elements. */
export const contextConstructed = (number: number): number => 0xa0 | number

/** One element: `encoded` is tag, length and content together. Both are views of the input. */
export type DerElement = { readonly tag: number; readonly content: Uint8Array; readonly encoded: Uint8Array }

/** What was read is no DER, or not what was expected there. */
export class DerError extends Error {
  override readonly name = "DerError"
}

/** Reads elements one after the other from `bytes`. Every method throws {@link DerError} on malformed input. */
export class DerReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** The tag of the next element, undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at]
  }

  /** The next element. @throws DerError when there is none, or when it does not have the `tag` */
  read(tag?: number): DerElement {
    const start = this.#at
    const found = this.#byte()
    if ((found & 0x1f) === 0x1f) throw new DerError("Cannot read DER: tag number above 30")
    if (tag !== undefined && found !== tag) {
      throw new DerError(`Cannot read DER: found tag 0x${found.toString(16)}, want 0x${tag.toString(16)}`)
    }
    const length = this.#length()
    const contentStart = this.#at
    if (length > this.#bytes.length - contentStart)
      throw new DerError("Cannot read DER: an element ends after the input")
    this.#at = contentStart + length
    return {
      tag: found,
      content: this.#bytes.subarray(contentStart, this.#at),
      encoded: this.#bytes.subarray(start, this.#at),
    }
  }

  /** The next element if it has the `tag`. */
  optional(tag: number): DerElement | undefined {
    return this.nextTag === tag ? this.read(tag) : undefined
  }

  /** A reader of the elements inside the next one, which must have the `tag`. */
  enter(tag: number = Tag.sequence): DerReader {
    return new DerReader(this.read(tag).content)
  }

  /** @throws DerError when something is left */
  finish(): void {
    if (!this.done) throw new DerError("Cannot read DER: data after the last element")
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new DerError("Cannot read DER: the input ends too early")
    this.#at++
    return byte
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    // Four bytes are 4 GB, more than any input; zero would be BER's indefinite length.
    if (count === 0 || count > 4) throw new DerError("Cannot read DER: unsupported length")
    let length = 0
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte()
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new DerError("Cannot read DER: length is not minimal")
    return length
  }
}

/** The only element of `bytes`. @throws DerError when it is malformed or something follows it */
export function readDer(bytes: Uint8Array, tag?: number): DerElement {
  const reader = new DerReader(bytes)
  const element = reader.read(tag)
  reader.finish()
  return element
}

/** One element with `content`, or with the elements of `content` one after the other. */
export function writeDer(tag: number, content: Uint8Array | readonly Uint8Array[]): Uint8Array {
  const body = content instanceof Uint8Array ? content : Buffer.concat(content)
  const head = [tag]
  if (body.length < 0x80) head.push(body.length)
  else {
    const length: number[] = []
    for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
    head.push(0x80 | length.length, ...length)
  }
  return Buffer.concat([Uint8Array.from(head), body])
}

export const writeSequence = (...elements: readonly Uint8Array[]): Uint8Array => writeDer(Tag.sequence, elements)

/** SET OF: DER wants the elements in the order of their bytes. */
export const writeSet = (...elements: readonly Uint8Array[]): Uint8Array =>
  writeDer(Tag.set, [...elements].sort(Buffer.compare))

export const writeBoolean = (value: boolean): Uint8Array => writeDer(Tag.boolean, Uint8Array.of(value ? 0xff : 0))
export const writeNull = (): Uint8Array => writeDer(Tag.null, new Uint8Array())
export const writeOctetString = (bytes: Uint8Array): Uint8Array => writeDer(Tag.octetString, bytes)
export const writeUtf8 = (text: string): Uint8Array => writeDer(Tag.utf8String, Buffer.from(text, "utf8"))

/** Whole bytes, no unused bits. */
export const writeBitString = (bytes: Uint8Array): Uint8Array =>
  writeDer(Tag.bitString, Buffer.concat([Uint8Array.of(0), bytes]))

/** Bits that have names (KeyUsage): `bits` are the numbers of those that are set; trailing zero bits are left out. */
export function writeNamedBits(bits: readonly number[]): Uint8Array {
  const last = Math.max(-1, ...bits)
  const bytes = new Uint8Array(1 + Math.ceil((last + 1) / 8))
  bytes[0] = last < 0 ? 0 : 7 - (last % 8)
  for (const bit of bits) bytes[1 + (bit >> 3)]! |= 0x80 >> (bit & 7)
  return writeDer(Tag.bitString, bytes)
}

/** A number that is not negative, from its big-endian bytes. */
export function writeUnsigned(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = bytes.length === 0 ? Uint8Array.of(0) : bytes.subarray(start)
  return writeDer(Tag.integer, digits[0]! & 0x80 ? Buffer.concat([Uint8Array.of(0), digits]) : digits)
}

/** @param value  0 to 255 */
export const writeSmallInteger = (value: number): Uint8Array => writeUnsigned(Uint8Array.of(value))

/** @param oid  dotted: `2.5.4.3` */
export function writeOid(oid: string): Uint8Array {
  const arcs = oid.split(".").map(Number)
  const bytes: number[] = []
  for (const arc of [arcs[0]! * 40 + arcs[1]!, ...arcs.slice(2)]) {
    const groups = [arc % 128]
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) groups.unshift(0x80 | (rest % 128))
    bytes.push(...groups)
  }
  return writeDer(Tag.oid, Uint8Array.from(bytes))
}

/** X.509's time: UTCTime until 2049, GeneralizedTime from 2050. Milliseconds are cut off. */
export function writeTime(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")
  return digits < "2050"
    ? writeDer(Tag.utcTime, Buffer.from(digits.slice(2) + "Z"))
    : writeDer(Tag.generalizedTime, Buffer.from(digits + "Z"))
}

/** @returns the dotted form */
export function readOid(element: DerElement): string {
  const arcs: number[] = []
  let value = 0
  let open = false
  for (const byte of element.content) {
    value = value * 128 + (byte & 0x7f)
    if (value > Number.MAX_SAFE_INTEGER / 128) throw new DerError("Cannot read DER: object identifier is too large")
    open = (byte & 0x80) !== 0
    if (open) continue
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(value / 40))
      arcs.push(first, value - first * 40)
    } else arcs.push(value)
    value = 0
  }
  if (open || arcs.length === 0) throw new DerError("Cannot read DER: object identifier is cut off")
  return arcs.join(".")
}

export function readBoolean(element: DerElement): boolean {
  if (element.content.length !== 1) throw new DerError("Cannot read DER: boolean of a wrong length")
  return element.content[0] !== 0
}

/** The bytes of a bit string of whole bytes. */
export function readBitString(element: DerElement): Uint8Array {
  if (element.content[0] !== 0) throw new DerError("Cannot read DER: bit string is not made of whole bytes")
  return element.content.subarray(1)
}

/** The numbers of the bits that are set. */
export function readNamedBits(element: DerElement): number[] {
  const bits: number[] = []
  const bytes = element.content.subarray(1)
  for (let bit = 0; bit < bytes.length * 8; bit++) if (bytes[bit >> 3]! & (0x80 >> (bit & 7))) bits.push(bit)
  return bits
}

/** Hexadecimal digits of a number that is not negative, as openssl prints serial numbers but in lower case: `01ff`. */
export function readUnsignedHex(element: DerElement): string {
  const { content } = element
  if (content.length === 0) throw new DerError("Cannot read DER: integer without digits")
  if (content[0]! & 0x80) throw new DerError("Cannot read DER: integer is negative")
  return Buffer.from(content[0] === 0 && content.length > 1 ? content.subarray(1) : content).toString("hex")
}

const TIME_PATTERN = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/

/** @returns milliseconds since the epoch */
export function readTime(element: DerElement): number {
  let text = Buffer.from(element.content).toString("latin1")
  if (element.tag === Tag.utcTime) text = (text.slice(0, 2) < "50" ? "20" : "19") + text
  else if (element.tag !== Tag.generalizedTime) throw new DerError("Cannot read DER: time expected")
  const ms = Date.parse(text.replace(TIME_PATTERN, "$1-$2-$3T$4:$5:$6Z"))
  if (Number.isNaN(ms)) throw new DerError(`Cannot read DER: "${text}" is no time`)
  return ms
}

/** A string of any of the types that names are made of. */
export function readText(element: DerElement): string {
  const bytes = Buffer.from(element.content)
  switch (element.tag) {
    case Tag.utf8String:
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
      } catch (error) {
        throw new DerError("Cannot read DER: string is not UTF-8", { cause: error })
      }
    case Tag.printableString:
    case Tag.ia5String:
    case Tag.teletexString:
      return bytes.toString("latin1")
    case Tag.bmpString:
      if (bytes.length % 2 !== 0) throw new DerError("Cannot read DER: string is cut off")
      return bytes.swap16().toString("utf16le")
    default:
      throw new DerError(`Cannot read DER: found tag 0x${element.tag.toString(16)}, want a string`)
  }
}
