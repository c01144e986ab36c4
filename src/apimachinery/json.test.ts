import assert from "node:assert/strict"
import { test } from "node:test"
import { canonicalJson, clone, deepEqual, isJsonObject, memberOf, setMember } from "./json.ts"

for (const { name, a, b, want } of [
  { name: "scalars", a: 1, b: 1, want: true },
  { name: "number and text", a: 1, b: "1", want: false },
  { name: "null and absent object", a: null, b: {}, want: false },
  { name: "members in another order", a: { x: 1, y: [2] }, b: { y: [2], x: 1 }, want: true },
  { name: "elements in another order", a: [1, 2], b: [2, 1], want: false },
  { name: "a list and an object with the same keys", a: ["x"], b: { 0: "x" }, want: false },
  { name: "one member more on the left", a: { x: 1, y: 2 }, b: { x: 1 }, want: false },
  { name: "one member more on the right", a: { x: 1 }, b: { x: 1, y: 2 }, want: false },
  { name: "undefined counts as absent", a: { x: 1, y: undefined }, b: { x: 1 }, want: true },
  { name: "undefined against another member", a: { x: 1, y: undefined }, b: { x: 1, z: 3 }, want: false },
  { name: "null is a value", a: { x: null }, b: {}, want: false },
  { name: "a member that objects inherit", a: { toString: 1 }, b: {}, want: false },
  { name: "nested difference", a: { x: [{ y: 1 }] }, b: { x: [{ y: 2 }] }, want: false },
] as const) {
  test(`deepEqual: ${name}`, () => {
    assert.equal(deepEqual(a, b), want)
    assert.equal(deepEqual(b, a), want)
  })
}

test("clone: equal, and nothing shared", () => {
  const original = { a: [{ b: 1 }, null], c: { d: "x" } }
  const copy = clone(original)
  assert.deepEqual(copy, original)
  assert.notEqual(copy.a, original.a)
  assert.notEqual(copy.a[0], original.a[0])
  assert.notEqual(copy.c, original.c)
})

test("clone: a member named __proto__ stays a member", () => {
  const original = JSON.parse('{"__proto__":{"polluted":true}}') as object
  const copy = clone(original)
  assert.equal(JSON.stringify(copy), '{"__proto__":{"polluted":true}}')
  assert.equal("polluted" in copy, false)
})

test("setMember and memberOf: only own members, whatever their names", () => {
  const object = {}
  assert.equal(memberOf(object, "constructor"), undefined)
  setMember(object, "__proto__", { a: 1 })
  assert.deepEqual(memberOf(object, "__proto__"), { a: 1 })
  assert.equal(Object.getPrototypeOf(object), Object.prototype)
})

test("canonicalJson: members sorted at every depth, undefined left out", () => {
  assert.equal(canonicalJson({ b: [{ y: 1, x: "q" }], a: null, c: undefined }), '{"a":null,"b":[{"x":"q","y":1}]}')
})

test("isJsonObject: neither null nor a list", () => {
  assert.deepEqual([{}, [], null, "x"].map(isJsonObject), [true, false, false, false])
})
