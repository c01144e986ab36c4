import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { newLineSplitter } from "./line-splitter.ts"

test("newLineSplitter: the same lines however the bytes are cut", () => {
  const line = fc.string({ unit: "binary", minLength: 1 }).filter((text) => !text.includes("\n"))
  fc.assert(
    fc.property(fc.array(line), fc.string({ unit: "grapheme" }), fc.array(fc.nat(40)), (lines, rest, sizes) => {
      const tail = rest.replaceAll("\n", "")
      const bytes = Buffer.from(lines.map((text) => text + "\n").join("") + tail)
      const got: string[] = []
      const splitter = newLineSplitter((text) => got.push(text))
      let at = 0
      for (const size of [...sizes, bytes.length]) {
        splitter.push(bytes.subarray(at, at + size))
        at += size
      }
      assert.deepEqual(
        got,
        lines.map((text) => Buffer.from(text).toString()),
      )
      assert.equal(splitter.pendingLength, Buffer.byteLength(tail))
    }),
  )
})

test("newLineSplitter: a line without an end is refused at the bound", () => {
  const splitter = newLineSplitter(() => undefined, 10)
  splitter.push(Buffer.from("0123456789"))
  assert.throws(() => splitter.push(Buffer.from("x")), /longer than 10 bytes/)
})
