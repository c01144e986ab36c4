import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { customKind, DEPLOYMENT } from "#apimachinery/testing/workload-schema.ts"
import { findUnknownFields, findUnknownInValue, prune } from "./prune.ts"

const TEXT: JsonSchema = { type: "string" }
const PRESERVE = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const

for (const { name, schema, spec, want, removed } of [
  {
    name: "unknown members go",
    schema: { type: "object", properties: { a: TEXT } },
    spec: { a: "1", b: "2" },
    want: { a: "1" },
    removed: ["spec.b"],
  },
  {
    name: "in lists too",
    schema: {
      type: "object",
      properties: { l: { type: "array", items: { type: "object", properties: { a: TEXT } } } },
    },
    spec: { l: [{ a: "1" }, { x: 1 }] },
    want: { l: [{ a: "1" }, {}] },
    removed: ["spec.l[1].x"],
  },
  {
    name: "members of maps are known, theirs are not",
    schema: { type: "object", additionalProperties: { type: "object", properties: { a: TEXT } } },
    spec: { k: { a: "1", b: 1 } },
    want: { k: { a: "1" } },
    removed: ["spec.k.b"],
  },
  {
    name: "below additionalProperties: true nothing is described",
    schema: { type: "object", additionalProperties: true },
    spec: { k: { b: 1 }, t: 1 },
    want: { k: {}, t: 1 },
    removed: ["spec.k.b"],
  },
  {
    name: "preserved members stay with all that is in them",
    schema: PRESERVE,
    spec: { a: { b: [{ c: 1 }] } },
    want: { a: { b: [{ c: 1 }] } },
    removed: [],
  },
  {
    name: "what is described under preserved members is pruned",
    schema: { ...PRESERVE, properties: { a: { type: "object", properties: { b: TEXT } } } },
    spec: { a: { x: 1 }, y: 1 },
    want: { a: {}, y: 1 },
    removed: ["spec.a.x"],
  },
  {
    name: "elements of a preserved list keep what is unknown",
    schema: {
      ...PRESERVE,
      type: "array",
      items: { type: "object", properties: { a: { type: "object", properties: {} } } },
    },
    spec: [{ x: 1, a: { y: 1 } }],
    want: [{ x: 1, a: {} }],
    removed: ["spec[0].a.y"],
  },
  {
    name: "an embedded object keeps its metadata, but only what metadata has",
    schema: { type: "object", "x-kubernetes-embedded-resource": true, properties: { spec: TEXT } },
    spec: { apiVersion: "v1", kind: "K", metadata: { name: "n", bogus: 1 }, other: 1 },
    want: { apiVersion: "v1", kind: "K", metadata: { name: "n" } },
    removed: ["spec.metadata.bogus", "spec.other"],
  },
  {
    name: "a scalar where an object is expected stays",
    schema: { type: "object", properties: {} },
    spec: "x",
    want: "x",
    removed: [],
  },
  {
    name: "a member that objects inherit is unknown",
    schema: { type: "object", properties: {} },
    spec: { constructor: 1 },
    want: {},
    removed: ["spec.constructor"],
  },
] as { name: string; schema: JsonSchema; spec: unknown; want: unknown; removed: string[] }[]) {
  test(`prune: ${name}`, () => {
    const kind = customKind(schema)
    const object = {
      apiVersion: "x/v1",
      kind: "X",
      metadata: { name: "x" },
      spec: structuredClone(spec),
    } as UnknownObject
    assert.deepEqual(findUnknownFields(object, kind), removed)
    assert.deepEqual(object["spec"], spec)
    assert.deepEqual(prune(object, kind), removed)
    assert.deepEqual(object, { apiVersion: "x/v1", kind: "X", metadata: { name: "x" }, spec: want })
  })
}

test("prune: a custom resource keeps its metadata without being told what that is", () => {
  const metadata = { name: "x", labels: { a: "b" }, managedFields: [{ fieldsV1: { "f:spec": {} } }], bogus: 1 }
  const object = { apiVersion: "x/v1", kind: "X", metadata, top: 1 } as unknown as UnknownObject
  assert.deepEqual(prune(object, customKind({ type: "object" })), ["metadata.bogus", "top"])
  assert.deepEqual(object.metadata, { name: "x", labels: { a: "b" }, managedFields: [{ fieldsV1: { "f:spec": {} } }] })
})

test("prune: references are followed, and what no schema describes stays", () => {
  const object: UnknownObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {},
    spec: { template: { spec: { containers: [{ name: "a", imgae: "x" }], overrides: { any: { thing: 1 } } } } },
  }
  assert.deepEqual(prune(object, DEPLOYMENT), ["spec.template.spec.containers[0].imgae"])
  assert.deepEqual(object["spec"], {
    template: { spec: { containers: [{ name: "a" }], overrides: { any: { thing: 1 } } } },
  })
})

test("findUnknownInValue: a value that is no object of its own", () => {
  assert.deepEqual(
    findUnknownInValue({ a: 1, metadata: 2 }, { ...DEPLOYMENT, schema: { type: "object", properties: { a: TEXT } } }),
    ["metadata"],
  )
})
