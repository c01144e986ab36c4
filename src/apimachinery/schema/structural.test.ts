import assert from "node:assert/strict"
import { test } from "node:test"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { validateStructuralSchema } from "./structural.ts"

const errorsOf = (spec: unknown, root: object = {}) =>
  validateStructuralSchema({ type: "object", properties: { spec }, ...root } as JsonSchema, "s").map(
    ({ field, body }) => `${field}: ${body}`,
  )
const SPEC = "s.properties[spec]"
const TEXT = { type: "string" }

// Expected texts are those of apiextensions-apiserver 0.35.
for (const { name, spec, want } of [
  {
    name: "a structural one",
    spec: { type: "object", properties: { a: TEXT }, anyOf: [{ required: ["a"] }] },
    want: [],
  },
  {
    name: "no type",
    spec: { properties: {} },
    want: [`${SPEC}.type: Required value: must not be empty for specified object fields`],
  },
  {
    name: "no type of elements",
    spec: { type: "array", items: {} },
    want: [`${SPEC}.items.type: Required value: must not be empty for specified array items`],
  },
  { name: "no elements", spec: { type: "array" }, want: [`${SPEC}.items: Required value: must be specified`] },
  {
    name: "an unknown type",
    spec: { type: "str" },
    want: [
      `${SPEC}.type: Unsupported value: "str": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    ],
  },
  { name: "preserved fields need no type", spec: { "x-kubernetes-preserve-unknown-fields": true }, want: [] },
  {
    name: "int-or-string with its types repeated",
    spec: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
    want: [],
  },
  {
    name: "int-or-string with its types repeated and more",
    spec: {
      "x-kubernetes-int-or-string": true,
      allOf: [{ anyOf: [{ type: "integer" }, { type: "string" }] }, { pattern: "x" }],
    },
    want: [],
  },
  {
    name: "a type in a junctor",
    spec: { type: "object", oneOf: [{ type: "object" }] },
    want: [`${SPEC}.oneOf[0].type: Forbidden: must be empty to be structural`],
  },
  {
    name: "a default deep in a junctor",
    spec: { type: "object", properties: { a: TEXT }, allOf: [{ properties: { a: { default: "x" } } }] },
    want: [`${SPEC}.allOf[0].properties[a].default: Forbidden: must be undefined to be structural`],
  },
  {
    name: "an invalid pattern",
    spec: { type: "string", pattern: "(" },
    want: [/^s\.properties\[spec\]\.pattern: Invalid value: "\(": must be a valid regular expression, but isn't: /],
  },
  {
    name: "properties and additionalProperties",
    spec: { type: "object", properties: { a: TEXT }, additionalProperties: TEXT },
    want: [`${SPEC}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
  },
  {
    name: "uniqueItems",
    spec: { type: "array", items: TEXT, uniqueItems: true },
    want: [
      `${SPEC}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
  },
  {
    name: "a reference",
    spec: { type: "object", $ref: "#/x" },
    want: [`${SPEC}.$ref: Forbidden: $ref is not supported`],
  },
  {
    name: "an embedded object without type",
    spec: { "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    want: [`${SPEC}.type: Required value: must be object if x-kubernetes-embedded-resource is true`],
  },
  {
    name: "an embedded object without fields",
    spec: { type: "object", "x-kubernetes-embedded-resource": true },
    want: [
      `${SPEC}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
    ],
  },
  {
    name: "a list map without keys",
    spec: { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "map" },
    want: [`${SPEC}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`],
  },
  {
    name: "a key that may be missing",
    spec: {
      type: "array",
      items: { type: "object", properties: { n: TEXT } },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["n"],
    },
    want: [
      `${SPEC}.items.properties[n].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
  },
  {
    name: "a key that is no field",
    spec: {
      type: "array",
      items: { type: "object", properties: {} },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["n"],
    },
    want: [`${SPEC}.x-kubernetes-list-map-keys: Invalid value: ["n"]: entries must all be names of item properties`],
  },
  {
    name: "a list type of no list",
    spec: { type: "object", "x-kubernetes-list-type": "set" },
    want: [`${SPEC}.type: Invalid value: "object": must be array if x-kubernetes-list-type is specified`],
  },
  {
    name: "a set of granular objects",
    spec: { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "set" },
    want: [
      `${SPEC}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
  },
  {
    name: "a default of the wrong type",
    spec: { type: "integer", default: "x" },
    want: [`${SPEC}.default: Invalid value: "string":  in body must be of type integer: "string"`],
  },
  {
    name: "a default with an unknown field",
    spec: { type: "object", default: { b: 1 }, properties: { a: TEXT } },
    want: [`${SPEC}.default: Invalid value: {"b":1}: must not have unknown fields`],
  },
] as { name: string; spec: object; want: (string | RegExp)[] }[]) {
  test(`validateStructuralSchema: ${name}`, () => {
    const errors = errorsOf(spec)
    assert.equal(errors.length, want.length, errors.join("\n"))
    errors.forEach((error, i) => {
      const expected = want[i]!
      if (typeof expected === "string") assert.equal(error, expected)
      else assert.match(error, expected)
    })
  })
}

for (const { name, root, want } of [
  {
    name: "another type at the root",
    root: { type: "string" },
    want: ['s.type: Invalid value: "string": must be object at the root'],
  },
  {
    name: "additionalProperties at the root",
    root: { properties: undefined, additionalProperties: TEXT },
    want: ["s.additionalProperties: Forbidden: must not be used at the root"],
  },
  {
    name: "nullable at the root",
    root: { nullable: true },
    want: ["s.nullable: Forbidden: nullable cannot be true at the root"],
  },
  {
    name: "metadata may narrow names",
    root: { properties: { metadata: { type: "object", properties: { name: { type: "string", maxLength: 5 } } } } },
    want: [],
  },
  {
    name: "metadata may not be described",
    root: { properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } } },
    want: [
      "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
    ],
  },
  {
    name: "a field that only a junctor knows",
    root: { anyOf: [{ properties: { other: { minimum: 1 } } }] },
    want: ["s.properties[other]: Required value: because it is defined in s.anyOf[0].properties[other]"],
  },
]) {
  test(`validateStructuralSchema: ${name}`, () => assert.deepEqual(errorsOf({ type: "object" }, root), want))
}
