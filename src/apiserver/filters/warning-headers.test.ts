import assert from "node:assert/strict"
import { test } from "node:test"
import { warningHeaders } from "./warning-headers.ts"

for (const { name, texts, want } of [
  { name: "each text once", texts: ["a", "b", "a"], want: ['299 - "a"', '299 - "b"'] },
  { name: "quotes and backslashes", texts: ['unknown field "a\\"'], want: ['299 - "unknown field \\"a\\\\\\""'] },
  { name: "control characters can't be told", texts: ["a\nb", "c", ""], want: ['299 - "c"'] },
  { name: "UTF-8, byte by byte", texts: ["☃"], want: ['299 - "\u00e2\u0098\u0083"'] },
  { name: "half a character", texts: ["\ud800"], want: ['299 - "\u00ef\u00bf\u00bd"'] },
  {
    name: "too much in all: all are cut",
    texts: ["x".repeat(4096), "y".repeat(300), "z"],
    want: [`299 - "${"x".repeat(256)}"`, `299 - "${"y".repeat(256)}"`, '299 - "z"'],
  },
  { name: "just enough", texts: ["x".repeat(4096)], want: [`299 - "${"x".repeat(4096)}"`] },
]) {
  test(`warningHeaders: ${name}`, () => assert.deepEqual(warningHeaders(texts), want))
}

test("warningHeaders: an end to them", () => {
  const texts = Array.from({ length: 100 }, (_, i) => `${i} ${"x".repeat(400)}`)
  assert.equal(warningHeaders(texts).length, 16)
})
