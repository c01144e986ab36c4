// Three custom resources that between them have what schemas can say about lists, defaults and unknown fields.
const GROUP = "random.example.com"

const definition = (plural: string, kind: string, schema: object, subresources: object = {}) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${GROUP}` },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: { plural, kind },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: schema } },
        subresources,
      },
    ],
  },
})

const text = { type: "string" }

export const LISTS = definition("lists", "List1", {
  spec: {
    type: "object",
    properties: {
      set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
      atoms: { type: "array", items: text, "x-kubernetes-list-type": "atomic" },
      parts: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name", "protocol"],
        items: {
          type: "object",
          required: ["name"],
          properties: {
            name: text,
            protocol: { type: "string", default: "TCP" },
            value: { type: "integer", default: 7 },
            tags: { type: "array", items: text, "x-kubernetes-list-type": "set" },
          },
        },
      },
      atom: { type: "object", properties: { a: text, b: text }, "x-kubernetes-map-type": "atomic" },
      labels: { type: "object", additionalProperties: text },
      tree: { type: "object", additionalProperties: { type: "object", properties: { a: text, b: text } } },
    },
  },
})

export const FREES = definition("frees", "Free", {
  spec: {
    type: "object",
    properties: {
      free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      half: { type: "object", properties: { a: text }, "x-kubernetes-preserve-unknown-fields": true },
      any: { "x-kubernetes-preserve-unknown-fields": true },
      port: { "x-kubernetes-int-or-string": true },
      nullable: { type: "string", nullable: true },
      nullableDefault: { type: "string", nullable: true, default: "d" },
      nested: {
        type: "object",
        default: {},
        properties: { deep: { type: "string", default: "x" }, other: { type: "integer" } },
      },
    },
  },
})

export const CHECKS = definition(
  "checks",
  "Check",
  {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1, maximum: 5 },
        mode: { type: "string", enum: ["a", "b"], default: "a" },
        name: { type: "string", pattern: "^[a-z]+$", minLength: 2, maxLength: 4 },
        ratio: { type: "number", multipleOf: 0.5 },
        list: { type: "array", minItems: 1, maxItems: 2, items: { type: "integer", minimum: 0 } },
        map: { type: "object", maxProperties: 2, additionalProperties: { type: "boolean" } },
      },
    },
    status: { type: "object", properties: { phase: text, count: { type: "integer", default: 0 } } },
  },
  { status: {} },
)

export const DEFINITIONS = [LISTS, FREES, CHECKS]
export const CUSTOM_API = { apiVersion: `${GROUP}/v1`, base: `/apis/${GROUP}/v1` }
