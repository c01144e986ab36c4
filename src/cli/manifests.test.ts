import assert from "node:assert/strict"
import { test } from "node:test"
import { parseManifests } from "./manifests.ts"

test("parseManifests: documents and lists become objects", () => {
  const text = `apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Secret, metadata: {name: b}}
  - {apiVersion: v1, kind: Secret, metadata: {name: c}}
`
  assert.deepEqual(
    parseManifests("x.yaml", text).map((o) => `${o.kind}/${o.metadata.name}`),
    ["ConfigMap/a", "Secret/b", "Secret/c"],
  )
})

for (const [text, message] of [
  ["a: [", "Cannot read x.yaml"],
  ["just text", "Cannot use x.yaml, document 1: it has no apiVersion and kind"],
  ["apiVersion: v1\nkind: Secret\n", "Cannot use x.yaml, document 1: Secret has no metadata.name"],
  [
    "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1}]",
    "Cannot use x.yaml, document 1, item 1: it has no apiVersion and kind",
  ],
] as const) {
  test(`parseManifests: ${message}`, () =>
    assert.throws(() => parseManifests("x.yaml", text), { name: "CommandError", message }))
}
