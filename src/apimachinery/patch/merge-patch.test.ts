import assert from "node:assert/strict"
import { test } from "node:test"
import { mergePatch } from "./merge-patch.ts"

// The first rows are the examples of RFC 7386.
for (const { doc, patch, want } of [
  { doc: { a: "b" }, patch: { a: "c" }, want: { a: "c" } },
  { doc: { a: "b" }, patch: { b: "c" }, want: { a: "b", b: "c" } },
  { doc: { a: "b" }, patch: { a: null }, want: {} },
  { doc: { a: "b", b: "c" }, patch: { a: null }, want: { b: "c" } },
  { doc: { a: ["b"] }, patch: { a: "c" }, want: { a: "c" } },
  { doc: { a: "c" }, patch: { a: ["b"] }, want: { a: ["b"] } },
  { doc: { a: { b: "c" } }, patch: { a: { b: "d", c: null } }, want: { a: { b: "d" } } },
  { doc: { a: [{ b: "c" }] }, patch: { a: [1] }, want: { a: [1] } },
  { doc: { e: null }, patch: { a: 1 }, want: { e: null, a: 1 } },
  { doc: {}, patch: { a: { bb: { ccc: null } } }, want: { a: { bb: {} } } },
  { doc: [1], patch: { a: { b: null } }, want: { a: {} } },
  { doc: {}, patch: { a: [null, { b: null }] }, want: { a: [null, {}] } },
]) {
  test(`mergePatch: ${JSON.stringify(doc)} and ${JSON.stringify(patch)}`, () => {
    const before = structuredClone({ doc, patch })
    assert.deepEqual(mergePatch(doc, patch), want)
    assert.deepEqual({ doc, patch }, before)
  })
}

for (const { patch, want } of [
  { patch: null, want: "Invalid JSON Patch" },
  {
    patch: [],
    want: "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
  },
  {
    patch: true,
    want: "error decoding patch: json: cannot unmarshal bool into Go value of type map[string]interface {}",
  },
]) {
  test(`mergePatch refuses ${JSON.stringify(patch)}`, () => {
    assert.throws(() => mergePatch({}, patch), { message: want, code: 400 })
  })
}

test("mergePatch: nothing of the document is in the result", () => {
  const doc = { kept: { deep: [1] } }
  const merged = mergePatch(doc, { a: 1 }) as typeof doc
  assert.notEqual(merged.kept, doc.kept)
  assert.notEqual(merged.kept.deep, doc.kept.deep)
})

test("mergePatch: __proto__ is a member like any other", () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__":{"polluted":1}}'))
  assert.equal(JSON.stringify(merged), '{"__proto__":{"polluted":1}}')
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})
