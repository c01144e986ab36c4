import assert from "node:assert/strict"
import { test } from "node:test"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { Correlation } from "./correlation.ts"

const schema: JsonSchema = {
  type: "object",
  properties: {
    a: { type: "integer" },
    atoms: { type: "array", items: { type: "string" } },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    parts: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { type: "object", properties: { name: { type: "string" }, size: { type: "integer" } } },
    },
  },
}

// As kube-apiserver tells what has changed.
for (const [after, before, want] of [
  [{ a: 1 }, { a: 1 }, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: 1 }, { a: 1, atoms: [] }, false],
  [{ atoms: ["x", "y"] }, { atoms: ["x", "y"] }, true],
  [{ atoms: ["x", "y"] }, { atoms: ["y", "x"] }, false],
  [{ parts: [{ name: "p" }, { name: "q" }] }, { parts: [{ name: "q" }, { name: "p" }] }, true],
  [{ parts: [{ name: "p" }] }, { parts: [{ name: "q" }] }, false],
  [{ parts: [{ name: "p", size: 1 }] }, { parts: [{ name: "p", size: 2 }] }, false],
  [{ free: {} }, { free: {} }, true],
  [{ free: { any: 1 } }, { free: { any: 1 } }, false],
] as const) {
  test(`Correlation: ${JSON.stringify(before)} to ${JSON.stringify(after)}`, () => {
    assert.equal(new Correlation(after, before, schema).unchanged, want)
  })
}
