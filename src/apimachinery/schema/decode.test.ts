import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { customKind, DEPLOYMENT } from "#apimachinery/testing/workload-schema.ts"
import { findDecodeError } from "./decode.ts"

const container = (value: object) => ({ spec: { template: { spec: { containers: [value] } } } })

// Expected texts are those of the API server of Kubernetes 1.35.
for (const { object, want } of [
  { object: { spec: { replicas: 1 } }, want: undefined },
  { object: { spec: { replicas: null } }, want: undefined },
  {
    object: { spec: { replicas: "x" } },
    want: "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
  },
  {
    object: { spec: { replicas: 1.5 } },
    want: "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
  },
  {
    object: { spec: { replicas: 2147483648 } },
    want: "json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
  },
  {
    object: { spec: { paused: "true" } },
    want: "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool",
  },
  {
    object: { spec: 1 },
    want: "json: cannot unmarshal number into Go struct field Deployment.spec of type v1.DeploymentSpec",
  },
  {
    object: { metadata: { labels: { a: 1 } } },
    want: "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
  },
  {
    object: { metadata: { labels: [] } },
    want: "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
  },
  {
    object: { spec: { template: { spec: { containers: {} } } } },
    want: "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
  },
  {
    object: container({ name: 1 }),
    want: "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.name of type string",
  },
  {
    object: container({ args: [1] }),
    want: "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.args of type string",
  },
  {
    object: container({ resources: { limits: { cpu: "1x" } } }),
    want: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  },
  { object: container({ resources: { limits: { cpu: 0.5 } } }), want: undefined },
  { object: { spec: { strategy: { rollingUpdate: { maxSurge: "25%" } } } }, want: undefined },
  {
    object: { spec: { strategy: { rollingUpdate: { maxSurge: true } } } },
    want: "json: cannot unmarshal bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32",
  },
  {
    object: { metadata: { creationTimestamp: "yesterday" } },
    want: 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
  },
  { object: { spec: { template: { spec: { overrides: { anything: [1, "x"] } } } } }, want: undefined },
]) {
  test(`findDecodeError: ${JSON.stringify(object)}`, () => {
    const full = { apiVersion: "apps/v1", kind: "Deployment", metadata: {}, ...object } as UnknownObject
    assert.equal(findDecodeError(full, DEPLOYMENT), want)
  })
}

test("findDecodeError: of a custom resource only the metadata is typed", () => {
  const kind = customKind({ type: "integer" })
  const object = {
    apiVersion: "x/v1",
    kind: "X",
    metadata: { labels: { a: 1 } },
    spec: "x",
  } as unknown as UnknownObject
  assert.equal(
    findDecodeError(object, kind, "metadata"),
    "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string",
  )
})

const SCHEMA_PROPS = "#/components/schemas/io.k8s.v1.JSONSchemaProps"
const either = (name: string) => ({ $ref: `#/components/schemas/io.k8s.v1.JSONSchemaPropsOr${name}` })
const definitions: Record<string, object> = {
  [SCHEMA_PROPS]: {
    type: "object",
    properties: {
      type: { type: "string" },
      items: either("Array"),
      additionalProperties: either("Bool"),
      dependencies: { type: "object", additionalProperties: either("StringArray") },
    },
  },
}
const resolve = (ref: string) => definitions[ref] ?? { description: "reads JSON by itself" }
const wrongType = (field: string) =>
  `json: cannot unmarshal number into Go struct field JSONSchemaProps.${field} of type string`

for (const { schema, want } of [
  { schema: { items: { type: "x" }, additionalProperties: false, dependencies: { a: ["b"] } }, want: undefined },
  { schema: { items: { type: 5 } }, want: wrongType("schema.items.type") },
  { schema: { items: [{ items: { type: 5 } }] }, want: wrongType("schema.items.items.type") },
  { schema: { additionalProperties: "x" }, want: "boolean or JSON schema expected" },
  { schema: { additionalProperties: { type: 5 } }, want: wrongType("schema.additionalProperties.type") },
  { schema: { dependencies: { a: { type: 5 } } }, want: wrongType("schema.dependencies.type") },
  { schema: { dependencies: { a: [5] } }, want: wrongType("schema.dependencies") },
]) {
  test(`findDecodeError: a schema or something else: ${JSON.stringify(schema)}`, () => {
    const kind = { schema: { type: "object", properties: { schema: { $ref: SCHEMA_PROPS } } }, resolve } as const
    assert.equal(findDecodeError({ apiVersion: "v1", kind: "K", metadata: {}, schema } as UnknownObject, kind), want)
  })
}
