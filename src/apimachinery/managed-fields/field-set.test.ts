import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { FieldsV1 } from "#apimachinery/meta.ts"
import { FieldSet, parseFieldsV1 } from "./field-set.ts"
import { comparePathElements, formatPath, keyElement, parsePathElement, valueElement } from "./path-element.ts"

const FIELDS: FieldsV1 = {
  "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
  "f:spec": {
    "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:image": {} } },
    "f:finalizers": { 'v:"x"': {} },
    "f:replicas": {},
  },
}

test("parseFieldsV1 and toFieldsV1 are inverse", () => {
  assert.deepEqual(parseFieldsV1(FIELDS).toFieldsV1(), FIELDS)
})

test("toFieldsV1: sorted, numbers by value, members before keys before values", () => {
  const set = FieldSet.of(["v:2"], ["v:10"], ['k:{"port":443}'], ['k:{"port":80}'], ["f:b"], ["f:a"], ["f:a", "f:z"])
  assert.equal(
    JSON.stringify(set.toFieldsV1()),
    '{"f:a":{".":{},"f:z":{}},"f:b":{},"k:{\\"port\\":80}":{},"k:{\\"port\\":443}":{},"v:2":{},"v:10":{}}',
  )
})

test("paths: a field before those below it", () => {
  const set = FieldSet.of(["f:a", "f:b"], ["f:a"], ["f:c"])
  assert.deepEqual([...set.paths()], [["f:a"], ["f:c"], ["f:a", "f:b"]])
})

test("parseFieldsV1: keys however they are spelled, what is unknown left out", () => {
  const set = parseFieldsV1({ 'k:{"b":1, "a":"x"}': {}, "z:later": {}, ".": {} })
  assert.deepEqual([...set.members], ['k:{"a":"x","b":1}'])
  assert.throws(() => parseFieldsV1({ nonsense: {} }), /missing colon/)
  assert.throws(() => parseFieldsV1({ "k:{": {} }), SyntaxError)
})

test("difference keeps what is below, recursiveDifference does not", () => {
  const set = FieldSet.of(["f:a"], ["f:a", "f:b"], ["f:c"])
  const minus = FieldSet.of(["f:a"])
  assert.deepEqual(set.difference(minus).toFieldsV1(), { "f:a": { "f:b": {} }, "f:c": {} })
  assert.deepEqual(set.recursiveDifference(minus).toFieldsV1(), { "f:c": {} })
})

test("has: the field itself, not those around it", () => {
  const set = FieldSet.of(["f:a", "f:b"])
  assert.deepEqual(
    [set.has(["f:a", "f:b"]), set.has(["f:a"]), set.has(["f:a", "f:b", "f:c"]), set.has([])],
    [true, false, false, false],
  )
})

test("formatPath: as conflicts name fields", () => {
  const path = ["f:spec", "f:ports", keyElement({ proto: "TCP", port: 80 }), "f:name"]
  assert.equal(formatPath(path), '.spec.ports[port=80,proto="TCP"].name')
  assert.equal(formatPath(["f:set", valueElement("x")]), '.set[="x"]')
  assert.equal(formatPath(["f:list", "i:3"]), ".list[3]")
})

test("comparePathElements: a key with fewer members comes first", () => {
  assert.ok(comparePathElements('k:{"a":1}', 'k:{"a":1,"b":1}') < 0)
  assert.ok(comparePathElements('k:{"a":"x"}', 'k:{"a":2}') > 0)
  assert.equal(parsePathElement("i:07"), "i:7")
})

const element = fc.constantFrom("f:a", "f:b", "f:c", 'k:{"name":"x"}', 'v:"y"', "i:0")
const path = fc.array(element, { minLength: 1, maxLength: 4 })
const set = fc.array(path, { maxLength: 12 }).map((paths) => FieldSet.of(...paths))
const keysOf = (fields: FieldSet) => [...fields.paths()].map((steps) => steps.join("/")).sort()
const law = (name: string, check: (a: FieldSet, b: FieldSet, c: FieldSet) => void) =>
  test(`FieldSet: ${name}`, () => fc.assert(fc.property(set, set, set, check)))

law("what is written is read", (a) => assert.ok(parseFieldsV1(a.toFieldsV1()).equals(a)))
law("union is that of the paths", (a, b) => {
  assert.deepEqual(keysOf(a.union(b)), [...new Set([...keysOf(a), ...keysOf(b)])].sort())
})
law("intersection is that of the paths", (a, b) => {
  assert.deepEqual(
    keysOf(a.intersection(b)),
    keysOf(a).filter((key) => keysOf(b).includes(key)),
  )
})
law("difference is that of the paths", (a, b) => {
  assert.deepEqual(
    keysOf(a.difference(b)),
    keysOf(a).filter((key) => !keysOf(b).includes(key)),
  )
})
law("recursive difference drops all below", (a, b) => {
  const dropped = keysOf(b)
  const survives = (key: string) => !dropped.some((prefix) => key === prefix || key.startsWith(`${prefix}/`))
  assert.deepEqual(keysOf(a.recursiveDifference(b)), keysOf(a).filter(survives))
})
law("union and intersection commute", (a, b) => {
  assert.ok(a.union(b).equals(b.union(a)))
  assert.ok(a.intersection(b).equals(b.intersection(a)))
})
law("union is associative", (a, b, c) =>
  assert.ok(
    a
      .union(b)
      .union(c)
      .equals(a.union(b.union(c))),
  ),
)
law("difference and intersection make the whole", (a, b) => {
  assert.ok(a.difference(b).union(a.intersection(b)).equals(a))
})
law("with itself", (a) => {
  assert.ok(a.difference(a).isEmpty)
  assert.ok(a.union(a).equals(a))
  assert.ok(a.intersection(a).equals(a))
})
law("paths and has agree", (a) => {
  for (const steps of a.paths()) assert.ok(a.has(steps))
})
