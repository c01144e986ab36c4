import assert from "node:assert/strict"
import { test } from "node:test"
import { goJson, goNumber, goQuote, goText } from "./go-text.ts"

test("goText: as fmt prints with %v", () => {
  assert.equal(goText({ b: [1, "x", null], a: { c: true } }), "map[a:map[c:true] b:[1 x <nil>]]")
})

for (const { value, want } of [
  { value: 0, want: "0" },
  { value: 1.5, want: "1.5" },
  { value: 1e21, want: "1e+21" },
  { value: 1e-7, want: "1e-07" },
  { value: 0.00005, want: "5e-05" },
  { value: 0.0001, want: "0.0001" },
]) {
  test(`goNumber: ${value}`, () => assert.equal(goNumber(value), want))
}

test("goQuote: as fmt prints with %q", () => {
  assert.equal(goQuote('a"b\\c\n<é>'), '"a\\"b\\\\c\\n<é>"')
  assert.equal(goQuote("\u0000\u0007\u000b\u001b\u007f\u200b"), '"\\x00\\a\\v\\x1b\\x7f\\u200b"')
})

test("goJson: sorted, and safe to embed in HTML", () => {
  assert.equal(goJson({ b: "<&>", a: 1 }), '{"a":1,"b":"\\u003c\\u0026\\u003e"}')
})
