import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { goJsonError } from "./go-json-error.ts"

for (const [text, want] of [
  ["", "unexpected end of JSON input"],
  ["{", "unexpected end of JSON input"],
  ["not json", "invalid character 'o' in literal null (expecting 'u')"],
  ["data: 3", "invalid character 'd' looking for beginning of value"],
  ['{"a":1} x', "invalid character 'x' after top-level value"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
  ["[1 2]", "invalid character '2' after array element"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
  ["-x", "invalid character 'x' in numeric literal"],
  ["1.x", "invalid character 'x' after decimal point in numeric literal"],
  ["1ex", "invalid character 'x' in exponent of numeric literal"],
  ["01", "invalid character '1' after top-level value"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
] as const) {
  test(`goJsonError: ${JSON.stringify(text)}`, () => assert.equal(goJsonError(text), want))
}

test("goJsonError: text that nests deep is read without deep calls", () => {
  assert.equal(goJsonError("[".repeat(100_000)), "unexpected end of JSON input")
})

test("goJsonError refuses exactly what is no JSON", () => {
  const pieces = fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', "1", "-0.5e3", "true", "null", " ", "x", '"')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      const text = parts.join("")
      let isJson = true
      try {
        JSON.parse(text)
      } catch {
        isJson = false
      }
      assert.equal(goJsonError(text) === undefined, isJson, text)
    }),
    { numRuns: 500 },
  )
})
