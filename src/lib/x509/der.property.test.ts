import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import {
  DerError,
  DerReader,
  readBitString,
  readDer,
  readNamedBits,
  readOid,
  readText,
  readTime,
  readUnsignedHex,
  Tag,
  writeBitString,
  writeDer,
  writeNamedBits,
  writeOid,
  writeSequence,
  writeTime,
  writeUnsigned,
  writeUtf8,
} from "./der.ts"
import { formatIpAddress, ipAddressBytes } from "./ip-address.ts"

type Tree = { tag: number; content: Uint8Array | Tree[] }

const leaf = fc.record({ tag: fc.constantFrom(2, 4, 6, 12, 0x80, 0x82), content: fc.uint8Array({ maxLength: 300 }) })
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.record({ tag: fc.constantFrom(0x30, 0x31, 0xa0), content: fc.array(tie("tree"), { maxLength: 5 }) }),
  ),
}))

const encode = ({ tag, content }: Tree): Uint8Array =>
  writeDer(tag, content instanceof Uint8Array ? content : content.map(encode))

function decode(reader: DerReader): Tree[] {
  const trees: Tree[] = []
  while (!reader.done) {
    const { tag, content } = reader.read()
    trees.push({ tag, content: tag & 0x20 ? decode(new DerReader(content)) : Uint8Array.from(content) })
  }
  return trees
}

/** Without the null prototypes that fast-check likes to make. */
const plain = ({ tag, content }: Tree): Tree => ({
  tag,
  content: content instanceof Uint8Array ? content : content.map(plain),
})

test("DER: what was written reads back the same", () => {
  fc.assert(fc.property(tree, (value) => assert.deepEqual(decode(new DerReader(encode(value))), [plain(value)])))
})

test("DER: an input that is cut off is refused", () => {
  fc.assert(
    fc.property(tree, fc.nat(), (value, cut) => {
      const bytes = encode(value)
      assert.throws(() => readDer(bytes.subarray(0, cut % bytes.length)), DerError)
    }),
  )
})

test("DER: any bytes are read or refused with a DerError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        // Read again from what was understood: one value has one encoding.
        assert.deepEqual(Buffer.concat(flatten(new DerReader(bytes))), Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof DerError, String(error))
      }
    }),
  )
})

function flatten(reader: DerReader): Uint8Array[] {
  const encoded: Uint8Array[] = []
  while (!reader.done) {
    const element = reader.read()
    encoded.push(writeDer(element.tag, element.content))
  }
  return encoded
}

test("DER: numbers, bits, object identifiers, times and text come back", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1n << 200n }), (value) => {
      const hex = value.toString(16)
      const even = hex.length % 2 === 0 ? hex : "0" + hex
      assert.equal(BigInt("0x" + readUnsignedHex(readDer(writeUnsigned(Buffer.from(even, "hex"))))), value)
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) =>
      assert.deepEqual(Buffer.from(readBitString(readDer(writeBitString(bytes)))), Buffer.from(bytes)),
    ),
  )
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(8)), (bits) =>
      assert.deepEqual(
        readNamedBits(readDer(writeNamedBits(bits))),
        [...bits].sort((a, b) => a - b),
      ),
    ),
  )
  fc.assert(
    fc.property(fc.nat(2), fc.nat(39), fc.array(fc.nat(2 ** 31 - 1), { maxLength: 8 }), (first, second, rest) => {
      const oid = [first, second, ...rest].join(".")
      assert.equal(readOid(readDer(writeOid(oid))), oid)
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(1950, 0) / 1000, max: Date.UTC(9999, 11) / 1000 }), (seconds) =>
      assert.equal(readTime(readDer(writeTime(seconds * 1000))), seconds * 1000),
    ),
  )
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(readText(readDer(writeUtf8(text))), text)),
  )
})

test("IP addresses come back in their usual text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const bytes = ipAddressBytes(address)
      assert.deepEqual(ipAddressBytes(formatIpAddress(bytes)), bytes)
    }),
  )
  for (const [text, want] of [
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::", "::"],
    ["fe80:0:0:1:0:0:0:2", "fe80:0:0:1::2"],
    ["::ffff:1.2.3.4", "::ffff:102:304"],
    ["10.0.0.1", "10.0.0.1"],
  ] as const) {
    assert.equal(formatIpAddress(ipAddressBytes(text)), want)
  }
  for (const bad of ["", "1.2.3", "a::b::c", "host", "fe80::1%eth0"])
    assert.throws(() => ipAddressBytes(bad), /Cannot use/)
})

test("DER: what BER allows and DER does not is refused", () => {
  for (const [name, hex, want] of [
    ["indefinite length", "30800000", /unsupported length/],
    ["length in more bytes than needed", "04810100", /not minimal/],
    ["length with a leading zero", "0482008001", /not minimal|ends after/],
    ["tag number above 30", "1f8101", /tag number/],
    ["nothing", "", /ends too early/],
    ["length beyond the input", "0405aabb", /ends after/],
    ["data after the element", "0500ff", /after the last/],
  ] as const) {
    assert.throws(() => readDer(Buffer.from(hex, "hex")), want, name)
  }
  assert.throws(() => readDer(writeSequence(), Tag.set), /found tag 0x30, want 0x31/)
})
