import assert from "node:assert/strict"
import { test } from "node:test"
import { exactFieldValue, parseFieldSelector } from "./field-selectors.ts"

const FIELDS: { readonly [field: string]: string } = { "metadata.name": "a,b", "status.phase": "Running" }
const valueOf = (field: string) => FIELDS[field] ?? ""

for (const { text, want, printed = text } of [
  { text: "", want: true },
  { text: "status.phase=Running", want: true },
  { text: "status.phase==Running", want: true, printed: "status.phase=Running" },
  { text: "status.phase!=Running", want: false },
  { text: "spec.nodeName=", want: true },
  { text: String.raw`metadata.name=a\,b`, want: true },
  {
    text: String.raw`status.phase=Running,metadata.name=a\,c`,
    want: false,
    printed: String.raw`metadata.name=a\,c,status.phase=Running`,
  },
  { text: ",status.phase=Running,", want: true, printed: "status.phase=Running" },
]) {
  test(`parseFieldSelector: ${JSON.stringify(text)}`, () => {
    const selector = parseFieldSelector(text)
    assert.equal(selector.matches(valueOf), want)
    assert.equal(selector.toString(), printed)
  })
}

for (const { text, want } of [
  { text: "a", want: "invalid selector: 'a'; can't understand 'a'" },
  { text: "a in (b)", want: "invalid selector: 'a in (b)'; can't understand 'a in (b)'" },
  { text: "a=b=c", want: "invalid field selector: unescaped character in value: 61" },
  { text: String.raw`a=\x`, want: String.raw`invalid field selector: invalid escape sequence: \x` },
  { text: "a=b\\", want: "invalid field selector: invalid escape sequence: \\" },
]) {
  test(`parseFieldSelector refuses ${text}`, () => {
    assert.throws(() => parseFieldSelector(text), { name: "StatusError", message: want, code: 400 })
  })
}

test("exactFieldValue: what a key may be looked up by", () => {
  const selector = parseFieldSelector("metadata.name=x,status.phase!=y")
  assert.equal(exactFieldValue(selector, "metadata.name"), "x")
  assert.equal(exactFieldValue(selector, "status.phase"), undefined)
})
