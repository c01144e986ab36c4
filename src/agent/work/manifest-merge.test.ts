import assert from "node:assert/strict"
import { test } from "node:test"
import { mergeBody, mergePatchOf, withoutNulls } from "./manifest-merge.ts"

type Body = { [key: string]: unknown }
type Case = { name: string; want: Body; live: Body; previous?: Body; whole?: string[]; patch: Body }

const cases: Case[] = [
  { name: "equal", want: { spec: { a: 1 } }, live: { spec: { a: 1 } }, patch: {} },
  { name: "defaults of the server are no drift", want: { spec: { a: 1 } }, live: { spec: { a: 1, b: 2 } }, patch: {} },
  { name: "status and metadata are not compared", want: { status: { a: 1 } }, live: { status: { a: 2 } }, patch: {} },
  {
    name: "scalar changed by hand",
    want: { spec: { a: 1 } },
    live: { spec: { a: 9, b: 2 } },
    patch: { spec: { a: 1 } },
  },
  {
    name: "a selector is the manifest's as a whole",
    want: { spec: { selector: { app: "a" } } },
    previous: { spec: { selector: { app: "a", old: "o" } } },
    live: { spec: { selector: { app: "b", old: "o", added: "x" }, type: "ClusterIP" } },
    patch: { spec: { selector: { app: "a", old: null, added: null } } },
  },
  {
    name: "what a label selector consists of, too",
    want: { spec: { podSelector: { matchLabels: { a: "b" } } } },
    live: { spec: { podSelector: { matchLabels: { a: "b", c: "d" }, matchExpressions: [] } } },
    patch: { spec: { podSelector: { matchLabels: { c: null }, matchExpressions: null } } },
  },
  { name: "field missing", want: { spec: { a: 1 } }, live: {}, patch: { spec: { a: 1 } } },
  { name: "null says nothing", want: { spec: { a: null } }, live: { spec: { a: 9 } }, patch: {} },
  { name: "empty map and list against absent", want: { spec: { a: {}, b: [] } }, live: { spec: {} }, patch: {} },
  {
    name: "said before and no longer: removed",
    want: { spec: { a: 1 } },
    previous: { spec: { a: 1, b: 2 } },
    live: { spec: { a: 1, b: 7, c: 3 } },
    patch: { spec: { b: null } },
  },
  {
    name: "said before, gone already",
    want: { spec: {} },
    previous: { spec: { b: 2 } },
    live: { spec: { c: 3 } },
    patch: {},
  },
  {
    name: "scalar list is the manifest's as a whole",
    want: { args: ["a"] },
    live: { args: ["a", "b"] },
    patch: { args: ["a"] },
  },
  {
    name: "list items keep defaults",
    want: { spec: { containers: [{ name: "a", image: "x:1" }] } },
    live: { spec: { containers: [{ name: "a", image: "x:1", imagePullPolicy: "IfNotPresent" }] } },
    patch: {},
  },
  {
    name: "a difference in a list item patches the list and keeps its defaults",
    want: { spec: { containers: [{ name: "a", image: "x:2" }] } },
    live: { spec: { containers: [{ name: "a", image: "x:1", imagePullPolicy: "IfNotPresent" }], dns: 1 } },
    patch: { spec: { containers: [{ name: "a", image: "x:2", imagePullPolicy: "IfNotPresent" }] } },
  },
  {
    name: "an item added by hand goes",
    want: { containers: [{ name: "a" }] },
    live: {
      containers: [
        { name: "hacked", image: "y" },
        { name: "a", tty: true },
      ],
    },
    patch: { containers: [{ name: "a", tty: true }] },
  },
  {
    name: "an item's field said before and no longer",
    want: { containers: [{ name: "a" }] },
    previous: { containers: [{ name: "a", tty: true }] },
    live: { containers: [{ name: "a", tty: true, policy: "Always" }] },
    patch: { containers: [{ name: "a", policy: "Always" }] },
  },
  {
    name: "env from value to valueFrom",
    want: { env: [{ name: "A", valueFrom: { x: 1 } }] },
    previous: { env: [{ name: "A", value: "1" }] },
    live: { env: [{ name: "A", value: "1" }] },
    patch: { env: [{ name: "A", valueFrom: { x: 1 } }] },
  },
  {
    name: "order of named items is the manifest's",
    want: { env: [{ name: "A" }, { name: "B" }] },
    live: { env: [{ name: "B" }, { name: "A" }] },
    patch: { env: [{ name: "A" }, { name: "B" }] },
  },
  {
    name: "unnamed items by place keep allocated values",
    want: { ports: [{ port: 80 }] },
    live: { ports: [{ port: 80, nodePort: 30123, protocol: "TCP" }] },
    patch: {},
  },
  {
    name: "unnamed items, one more",
    want: { ports: [{ port: 80 }, { port: 81 }] },
    live: { ports: [{ port: 80, nodePort: 30123 }] },
    patch: { ports: [{ port: 80 }, { port: 81 }] },
  },
  {
    name: "whole map: a key added by hand goes",
    want: { data: { a: "1" } },
    live: { data: { a: "1", b: "2" } },
    whole: ["data", "binaryData"],
    patch: { data: { b: null } },
  },
  {
    name: "whole map that the manifest does not say stays",
    want: {},
    live: { data: { a: "1" } },
    whole: ["data"],
    patch: {},
  },
  { name: "map where the live object has a scalar", want: { a: { b: 1 } }, live: { a: 3 }, patch: { a: { b: 1 } } },
]

for (const { name, want, live, previous, whole, patch } of cases) {
  test(`mergeBody: ${name}`, () => {
    const before = structuredClone({ want, live, previous })
    const merged = mergeBody(want, live, previous, whole ?? [])
    assert.deepEqual(mergePatchOf(merged.value, merged.differences), patch)
    assert.deepEqual({ want, live, previous }, before, "inputs must stay as they were")
    const again = mergeBody(want, merged.value as Body, previous, whole ?? [])
    assert.deepEqual(again.differences, [], "what was merged must not differ any more")
  })
}

test("withoutNulls: same reference when there is none, deep removal otherwise", () => {
  const clean = { a: [{ b: 1 }], c: "" }
  assert.equal(withoutNulls(clean), clean)
  assert.deepEqual(withoutNulls({ a: [{ b: null, c: 1 }], d: null }), { a: [{ c: 1 }] })
})
