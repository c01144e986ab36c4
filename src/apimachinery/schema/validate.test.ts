import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { customKind } from "#apimachinery/testing/workload-schema.ts"
import { validateSchema } from "./validate.ts"

const errorsOf = (schema: JsonSchema, spec: unknown) => {
  const object = { apiVersion: "x/v1", kind: "X", metadata: { name: "x" }, spec } as UnknownObject
  return validateSchema(object, customKind(schema)).map(({ field, body }) => `${field}: ${body}`)
}

const INT: JsonSchema = { type: "integer" }
const TEXT: JsonSchema = { type: "string" }
const struct = (properties: { [name: string]: JsonSchema }, rest: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties,
  ...rest,
})
const INT_OR_STRING: JsonSchema = {
  "x-kubernetes-int-or-string": true,
  anyOf: [{ type: "integer" }, { type: "string" }],
}

// Expected texts are those of apiextensions-apiserver 0.35.
for (const { name, schema, spec, want } of [
  {
    name: "a valid object",
    schema: struct({ a: INT, b: { type: "array", items: TEXT } }),
    spec: { a: 1, b: ["x"] },
    want: [],
  },
  {
    name: "text for a number",
    schema: struct({ a: INT }),
    spec: { a: "1" },
    want: ['spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"'],
  },
  {
    name: "a fraction for an integer",
    schema: INT,
    spec: 1.5,
    want: ['spec: Invalid value: "number": spec in body must be of type integer: "number"'],
  },
  { name: "an integer for a number", schema: { type: "number" }, spec: 1, want: [] },
  {
    name: "null",
    schema: struct({ a: TEXT }),
    spec: { a: null },
    want: ['spec.a: Invalid value: "null": spec.a in body must be of type string: "null"'],
  },
  { name: "null that may be", schema: { ...TEXT, nullable: true }, spec: null, want: [] },
  {
    name: "a number for a date",
    schema: { ...TEXT, format: "date" },
    spec: 1,
    want: ['spec: Invalid value: "int64": spec in body must be of type date: "int64"'],
  },
  {
    name: "no date",
    schema: { ...TEXT, format: "date" },
    spec: "2026-02-30",
    want: ['spec: Invalid value: "2026-02-30": spec in body must be of type date: "2026-02-30"'],
  },
  {
    name: "maximum",
    schema: { ...INT, maximum: 10 },
    spec: 11,
    want: ["spec: Invalid value: 11: spec in body should be less than or equal to 10"],
  },
  { name: "at the maximum", schema: { ...INT, maximum: 10 }, spec: 10, want: [] },
  {
    name: "exclusive maximum",
    schema: { ...INT, maximum: 10, exclusiveMaximum: true },
    spec: 10,
    want: ["spec: Invalid value: 10: spec in body should be less than 10"],
  },
  {
    name: "minimum",
    schema: { ...INT, minimum: 1 },
    spec: 0,
    want: ["spec: Invalid value: 0: spec in body should be greater than or equal to 1"],
  },
  {
    name: "exclusive minimum",
    schema: { type: "number", minimum: 0.5, exclusiveMinimum: true },
    spec: 0.5,
    want: ["spec: Invalid value: 0.5: spec in body should be greater than 0.5"],
  },
  {
    name: "multipleOf",
    schema: { ...INT, multipleOf: 3 },
    spec: 4,
    want: ["spec: Invalid value: 4: spec in body should be a multiple of 3"],
  },
  {
    name: "maxLength",
    schema: { ...TEXT, maxLength: 2 },
    spec: "abc",
    want: ["spec: Too long: may not be more than 2 bytes"],
  },
  { name: "characters are counted, not code units", schema: { ...TEXT, maxLength: 2 }, spec: "😀😀", want: [] },
  {
    name: "minLength",
    schema: { ...TEXT, minLength: 2 },
    spec: "😀",
    want: ['spec: Invalid value: "😀": spec in body should be at least 2 chars long'],
  },
  {
    name: "pattern",
    schema: { ...TEXT, pattern: "^[a-z]+$" },
    spec: "A",
    want: ["spec: Invalid value: \"A\": spec in body should match '^[a-z]+$'"],
  },
  {
    name: "enum",
    schema: { ...TEXT, enum: ["a", "b"] },
    spec: "c",
    want: ['spec: Unsupported value: "c": supported values: "a", "b"'],
  },
  { name: "required", schema: struct({ a: TEXT }, { required: ["a"] }), spec: {}, want: ["spec.a: Required value"] },
  {
    name: "minItems",
    schema: { type: "array", items: TEXT, minItems: 1 },
    spec: [],
    want: ["spec: Invalid value: 0: spec in body should have at least 1 items"],
  },
  {
    name: "maxItems",
    schema: { type: "array", items: TEXT, maxItems: 1 },
    spec: ["a", "b"],
    want: ["spec: Too many: 2: must have at most 1 item"],
  },
  {
    name: "minProperties",
    schema: { type: "object", additionalProperties: TEXT, minProperties: 1 },
    spec: {},
    want: ["spec: Invalid value: 0: spec in body should have at least 1 properties"],
  },
  {
    name: "maxProperties",
    schema: { type: "object", additionalProperties: TEXT, maxProperties: 1 },
    spec: { a: "", b: "" },
    want: ["spec: Too many: 2: must have at most 1 items".replace("items", "item")],
  },
  {
    name: "elements",
    schema: { type: "array", items: struct({ a: INT }) },
    spec: [{ a: 1 }, { a: "x" }],
    want: ['spec[1].a: Invalid value: "string": spec[1].a in body must be of type integer: "string"'],
  },
  {
    name: "members of a map",
    schema: { type: "object", additionalProperties: INT },
    spec: { k: "x" },
    want: ['spec.k: Invalid value: "string": spec.k in body must be of type integer: "string"'],
  },
  {
    name: "int-or-string takes both",
    schema: struct({ a: INT_OR_STRING, b: INT_OR_STRING }),
    spec: { a: 1, b: "50%" },
    want: [],
  },
  {
    name: "not",
    schema: struct({ a: TEXT }, { not: { required: ["a"] } }),
    spec: { a: "" },
    want: ['<nil>: Invalid value: "": "spec" must not validate the schema (not)'],
  },
  {
    name: "oneOf, none",
    schema: struct({ a: TEXT, b: TEXT }, { oneOf: [{ required: ["a"] }, { required: ["b"] }] }),
    spec: {},
    want: [
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
      "spec.a: Required value",
    ],
  },
  {
    name: "oneOf, both",
    schema: struct({ a: TEXT, b: TEXT }, { oneOf: [{ required: ["a"] }, { required: ["b"] }] }),
    spec: { a: "", b: "" },
    want: [
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  },
  {
    name: "anyOf tells of the closest",
    schema: struct(
      { a: INT, b: INT },
      { anyOf: [{ properties: { a: { minimum: 5 } } }, { properties: { a: { minimum: 1 }, b: { minimum: 1 } } }] },
    ),
    spec: { a: 1, b: 0 },
    want: [
      '<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)',
      "spec.b: Invalid value: 0: spec.b in body should be greater than or equal to 1",
    ],
  },
  {
    name: "allOf",
    schema: struct({ a: INT }, { allOf: [{ required: ["a"] }, { required: ["b"] }] }),
    spec: { a: 1 },
    want: ["spec.b: Required value", '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf)'],
  },
  {
    name: "a set with an element twice",
    schema: { type: "array", items: TEXT, "x-kubernetes-list-type": "set" },
    spec: ["a", "b", "a", "a"],
    want: ['spec[2]: Duplicate value: "a"'],
  },
  {
    name: "a map with a key twice",
    schema: {
      type: "array",
      items: struct({ n: TEXT, v: TEXT }),
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["n"],
    },
    spec: [
      { n: "a", v: "1" },
      { n: "a", v: "2" },
    ],
    want: ['spec[1]: Duplicate value: {"n":"a"}'],
  },
  {
    name: "keys are compared one by one",
    schema: {
      type: "array",
      items: struct({ n: TEXT, p: TEXT }),
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["n", "p"],
    },
    spec: [{ n: "a" }, { n: "a", p: "1" }],
    want: [],
  },
  {
    name: "an embedded object",
    schema: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    spec: { apiVersion: "a/b/c" },
    want: [
      'spec.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      "spec.kind: Required value",
    ],
  },
  {
    name: "the same from a schema and a junctor is told once",
    schema: struct({ a: TEXT }, { required: ["a"], allOf: [{ required: ["a"] }] }),
    spec: {},
    want: [
      "spec.a: Required value",
      '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf). None validated',
    ],
  },
] as { name: string; schema: JsonSchema; spec: unknown; want: string[] }[]) {
  test(`validateSchema: ${name}`, () => assert.deepEqual(errorsOf(schema, spec).sort(), want.sort()))
}

test("validateSchema: problems of lists and embedded objects come after those of the schema", () => {
  const schema = struct({
    set: { type: "array", items: TEXT, "x-kubernetes-list-type": "set" },
    a: INT,
  })
  assert.deepEqual(errorsOf(schema, { set: ["x", "x"], a: "1" }), [
    'spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"',
    'spec.set[1]: Duplicate value: "x"',
  ])
})

test("validateSchema: a schema that holds itself", () => {
  const tree: { type: "object"; properties: { [name: string]: JsonSchema } } = {
    type: "object",
    properties: { n: INT },
  }
  tree.properties["child"] = tree
  assert.deepEqual(errorsOf(tree, { child: { child: { n: "x" } } }), [
    'spec.child.child.n: Invalid value: "string": spec.child.child.n in body must be of type integer: "string"',
  ])
})

test("validateSchema: reasons that clients may branch on", () => {
  const kind = customKind(struct({ a: INT }, { required: ["b"] }))
  const object = { apiVersion: "x/v1", kind: "X", metadata: {}, spec: { a: "x" } } as UnknownObject
  assert.deepEqual(
    validateSchema(object, kind).map(({ reason }) => reason),
    ["FieldValueTypeInvalid", "FieldValueRequired"],
  )
})
