import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { JSON_DEPTH_MAX, parseJson } from "./json-text.ts"

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels)

test("parseJson: the deepest text that is read, and the next", () => {
  assert.ok(Array.isArray(parseJson(nested(JSON_DEPTH_MAX))))
  assert.throws(() => parseJson(nested(JSON_DEPTH_MAX + 1)), new SyntaxError("exceeded max depth"))
  assert.throws(() => parseJson('{"a":'.repeat(100_000)), new SyntaxError("exceeded max depth"))
})

test("parseJson: brackets in strings do not count, whatever is before their quotes", () => {
  for (const text of ["[".repeat(2000), '\\"'.repeat(900) + "{".repeat(900), "\\".repeat(1001), '"]}'.repeat(600)]) {
    assert.deepEqual(parseJson(JSON.stringify([text, text])), [text, text])
  }
})

test("parseJson: a text that ends within a string is no JSON", () => {
  assert.throws(() => parseJson(`["${"\\".repeat(2001)}`), SyntaxError)
})

test("parseJson: reads what JSON.parse reads", () => {
  const padding = fc.constantFrom("", "x".repeat(1100))
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), padding, (value, pad) => {
      const text = JSON.stringify([value, pad])
      assert.deepEqual(parseJson(text), JSON.parse(text))
    }),
  )
})
