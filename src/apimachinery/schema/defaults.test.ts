import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { customKind, DEPLOYMENT } from "#apimachinery/testing/workload-schema.ts"
import { setSchemaDefaults } from "./defaults.ts"

const withDefault = (value: unknown): JsonSchema => ({ type: "string", default: value })
const TEXT: JsonSchema = { type: "string" }

for (const { name, schema, spec, want } of [
  {
    name: "fills in what is missing",
    schema: { type: "object", properties: { a: withDefault("x") } },
    spec: {},
    want: { a: "x" },
  },
  {
    name: "keeps what is there",
    schema: { type: "object", properties: { a: withDefault("x") } },
    spec: { a: "" },
    want: { a: "" },
  },
  {
    name: "goes into a default",
    schema: { type: "object", properties: { a: { type: "object", default: {}, properties: { b: withDefault("x") } } } },
    spec: {},
    want: { a: { b: "x" } },
  },
  {
    name: "does not make objects without a default",
    schema: { type: "object", properties: { a: { type: "object", properties: { b: withDefault("x") } } } },
    spec: {},
    want: {},
  },
  {
    name: "in lists",
    schema: { type: "array", items: { type: "object", properties: { a: withDefault("x") } } },
    spec: [{}, { a: "y" }],
    want: [{ a: "x" }, { a: "y" }],
  },
  {
    name: "in maps",
    schema: { type: "object", additionalProperties: { type: "object", properties: { a: withDefault("x") } } },
    spec: { k: {} },
    want: { k: { a: "x" } },
  },
  {
    name: "replaces a null that may be none",
    schema: { type: "object", properties: { a: withDefault("x") } },
    spec: { a: null },
    want: { a: "x" },
  },
  {
    name: "removes a null that may be none and has no default",
    schema: { type: "object", properties: { a: TEXT } },
    spec: { a: null },
    want: {},
  },
  {
    name: "keeps a null that may be one",
    schema: { type: "object", properties: { a: { ...withDefault("x"), nullable: true } } },
    spec: { a: null },
    want: { a: null },
  },
  {
    name: "keeps nulls of which nothing is known",
    schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    spec: { a: null },
    want: { a: null },
  },
  {
    name: "replaces null elements",
    schema: { type: "array", items: withDefault("x") },
    spec: [null, "y"],
    want: ["x", "y"],
  },
] as { name: string; schema: JsonSchema; spec: unknown; want: unknown }[]) {
  test(`setSchemaDefaults: ${name}`, () => {
    const object = { apiVersion: "x/v1", kind: "X", metadata: {}, spec: structuredClone(spec) } as UnknownObject
    setSchemaDefaults(object, customKind(schema))
    assert.deepEqual(object["spec"], want)
  })
}

test("setSchemaDefaults: keeps nulls for validation to refuse, but for those with a default", () => {
  const kind = customKind({ type: "object", properties: { a: withDefault("x"), b: TEXT } })
  const object = { apiVersion: "x/v1", kind: "X", metadata: {}, spec: { a: null, b: null } }
  setSchemaDefaults(object, kind, true)
  assert.deepEqual(object.spec, { a: "x", b: null })
})

test("setSchemaDefaults: objects do not share a default", () => {
  const kind = customKind({
    type: "object",
    properties: { a: { type: "object", default: { list: [1] }, "x-kubernetes-preserve-unknown-fields": true } },
  })
  const newObject = () => ({ apiVersion: "x/v1", kind: "X", metadata: {}, spec: {} as { a?: { list: number[] } } })
  const first = newObject()
  setSchemaDefaults(first, kind)
  first.spec.a?.list.push(2)
  const second = newObject()
  setSchemaDefaults(second, kind)
  assert.deepEqual(second.spec.a, { list: [1] })
})

test("setSchemaDefaults: through references", () => {
  const object = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {},
    spec: { template: { spec: { containers: [{ name: "a", ports: [{ containerPort: 80 }] }] } } },
  }
  setSchemaDefaults(object, DEPLOYMENT)
  assert.deepEqual(object, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {},
    spec: {
      strategy: {},
      template: {
        metadata: {},
        spec: { containers: [{ name: "a", ports: [{ containerPort: 80, protocol: "TCP" }], resources: {} }] },
      },
    },
    status: {},
  })
})
