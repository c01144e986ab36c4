import assert from "node:assert/strict"
import { test } from "node:test"
import { findUnknownJsonPatchFields, jsonPatch, JSON_PATCH_OPERATIONS_MAX } from "./json-patch.ts"

const doc = { a: { b: 1, "x/y": 2, "t~": 3 }, list: [1, 2, 3], nothing: null }

for (const { name, ops, want } of [
  { name: "add a member", ops: [{ op: "add", path: "/a/c", value: [1] }], want: { ...doc, a: { ...doc.a, c: [1] } } },
  { name: "add replaces a member", ops: [{ op: "add", path: "/a", value: 1 }], want: { ...doc, a: 1 } },
  { name: "add into a list", ops: [{ op: "add", path: "/list/1", value: 9 }], want: { ...doc, list: [1, 9, 2, 3] } },
  { name: "add at the end", ops: [{ op: "add", path: "/list/-", value: 9 }], want: { ...doc, list: [1, 2, 3, 9] } },
  {
    name: "add just behind the end",
    ops: [{ op: "add", path: "/list/3", value: 9 }],
    want: { ...doc, list: [1, 2, 3, 9] },
  },
  { name: "add without a value", ops: [{ op: "add", path: "/a" }], want: { ...doc, a: null } },
  { name: "remove", ops: [{ op: "remove", path: "/a" }], want: { list: doc.list, nothing: null } },
  { name: "remove counting from the end", ops: [{ op: "remove", path: "/list/-1" }], want: { ...doc, list: [1, 2] } },
  { name: "replace", ops: [{ op: "replace", path: "/list/0", value: 9 }], want: { ...doc, list: [9, 2, 3] } },
  { name: "replace what is missing", ops: [{ op: "replace", path: "/new", value: 9 }], want: { ...doc, new: 9 } },
  { name: "replace all", ops: [{ op: "replace", path: "", value: { z: 1 } }], want: { z: 1 } },
  {
    name: "escapes",
    ops: [
      { op: "replace", path: "/a/x~1y", value: 8 },
      { op: "replace", path: "/a/t~0", value: 9 },
    ],
    want: { ...doc, a: { b: 1, "x/y": 8, "t~": 9 } },
  },
  { name: "move", ops: [{ op: "move", from: "/a/b", path: "/b" }], want: { ...doc, a: { "x/y": 2, "t~": 3 }, b: 1 } },
  {
    name: "copy what is missing copies null",
    ops: [{ op: "copy", from: "/absent", path: "/b" }],
    want: { ...doc, b: null },
  },
  {
    name: "test passes",
    ops: [
      { op: "test", path: "/list", value: [1, 2, 3] },
      { op: "test", path: "/absent", value: null },
      { op: "test", path: "", value: doc },
    ],
    want: doc,
  },
  {
    name: "later operations see earlier ones",
    ops: [
      { op: "add", path: "/n", value: {} },
      { op: "add", path: "/n/m", value: 1 },
      { op: "test", path: "/n", value: { m: 1 } },
    ],
    want: { ...doc, n: { m: 1 } },
  },
  { name: "none", ops: [], want: doc },
]) {
  test(`jsonPatch: ${name}`, () => {
    const before = structuredClone(doc)
    assert.deepEqual(jsonPatch(doc, ops), want)
    assert.deepEqual(doc, before)
  })
}

for (const { name, ops } of [
  { name: "a failed test", ops: [{ op: "test", path: "/a/b", value: 2 }] },
  { name: "removal of what is missing", ops: [{ op: "remove", path: "/absent" }] },
  { name: "a missing parent", ops: [{ op: "add", path: "/absent/x", value: 1 }] },
  { name: "a path through null", ops: [{ op: "add", path: "/nothing/x", value: 1 }] },
  { name: "an index beyond the end", ops: [{ op: "add", path: "/list/4", value: 1 }] },
  { name: "an index that is none", ops: [{ op: "replace", path: "/list/-", value: 1 }] },
  { name: "a path without slash", ops: [{ op: "add", path: "a", value: 1 }] },
  { name: "an unknown operation", ops: [{ op: "frobnicate", path: "/a" }] },
  { name: "a move from nowhere", ops: [{ op: "move", from: "/absent", path: "/b" }] },
  { name: "a member that objects inherit", ops: [{ op: "remove", path: "/toString" }] },
]) {
  test(`jsonPatch refuses ${name}`, () => {
    assert.throws(() => jsonPatch(doc, ops), {
      message: "the server rejected our request due to an error in our request",
      code: 422,
      reason: "Invalid",
    })
  })
}

for (const { name, ops, code, message } of [
  {
    name: "what is no list",
    ops: {},
    code: 400,
    message: "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
  },
  {
    name: "a path that is no text",
    ops: [{ op: "add", path: 1 }],
    code: 400,
    message: "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string",
  },
  {
    name: "too many operations",
    ops: Array.from({ length: JSON_PATCH_OPERATIONS_MAX + 1 }, () => ({ op: "test", path: "/nothing" })),
    code: 413,
    message: "Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
  },
]) {
  test(`jsonPatch refuses ${name}`, () => {
    assert.throws(() => jsonPatch(doc, ops as unknown[]), { code, message })
  })
}

test("jsonPatch: a value is not shared between two places", () => {
  const ops = [
    { op: "add", path: "/x", value: { n: 1 } },
    { op: "copy", from: "/x", path: "/y" },
    { op: "replace", path: "/y/n", value: 2 },
  ]
  assert.deepEqual(jsonPatch({}, ops), { x: { n: 1 }, y: { n: 2 } })
  assert.deepEqual(ops[0]?.value, { n: 1 })
})

test("jsonPatch: __proto__ is a member like any other", () => {
  const patched = jsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: 1 } }])
  assert.equal(JSON.stringify(patched), '{"__proto__":{"polluted":1}}')
  assert.throws(() => jsonPatch({}, [{ op: "add", path: "/__proto__/polluted", value: 1 }]), { code: 422 })
})

test("findUnknownJsonPatchFields", () => {
  assert.deepEqual(
    findUnknownJsonPatchFields([
      { op: "add", path: "/a" },
      { op: "add", path: "/a", vlaue: 1 },
    ]),
    ['json patch unknown field "[1].vlaue"'],
  )
})
