import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { readFeedback } from "./feedback.ts"

const deployment: UnknownObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { paused: true, strategy: { type: "Recreate" }, ratio: 0.5 },
  status: { readyReplicas: 2, replicas: 3 },
}
const integer = (name: string, value: number) => ({ name, fieldValue: { type: "Integer", integer: value } })

test("readFeedback: well-known status leaves out what is not there yet", () => {
  assert.deepEqual(readFeedback(deployment, [{ type: "WellKnownStatus" }], false), {
    values: [integer("ReadyReplicas", 2), integer("Replicas", 3)],
    errors: [],
  })
})

test("readFeedback: a kind without well-known status is an error", () => {
  const configMap: UnknownObject = { apiVersion: "v1", kind: "ConfigMap", metadata: {} }
  assert.deepEqual(readFeedback(configMap, [{ type: "WellKnownStatus" }], false), {
    values: [],
    errors: ["cannot find the wellknown statuses for resource with gvk /v1, Kind=ConfigMap"],
  })
})

test("readFeedback: the condition of a Job", () => {
  const job: UnknownObject = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {},
    status: { conditions: [{ type: "Complete", status: "True" }], succeeded: 1 },
  }
  assert.deepEqual(readFeedback(job, [{ type: "WellKnownStatus" }], false).values, [
    { name: "JobComplete", fieldValue: { type: "String", string: "True" } },
    integer("JobSucceeded", 1),
  ])
})

for (const { path, version, rawJson, value, error } of [
  { path: ".spec.paused", value: { type: "Boolean", boolean: true } },
  { path: ".spec.strategy.type", value: { type: "String", string: "Recreate" } },
  { path: ".spec.missing" },
  { path: ".spec.strategy", error: "the type map[string]interface {} of the value for x is not found" },
  { path: ".spec.ratio", error: "the type float64 of the value for x is not found" },
  { path: ".spec.strategy", rawJson: true, value: { type: "JsonRaw", jsonRaw: '{"type":"Recreate"}' } },
  { path: ".status.*", value: { type: "Integer", integer: 2 } },
  { path: ".status.*", rawJson: true, value: { type: "JsonRaw", jsonRaw: "[2,3]" } },
  {
    path: ".spec.paused",
    version: "v1beta1",
    error: "version set in the path x is not matched for the related resource",
  },
]) {
  test(`readFeedback: ${path} ${version ?? ""} raw ${rawJson ?? false}`, () => {
    const jsonPaths = [{ name: "x", path, ...(version === undefined ? {} : { version }) }]
    assert.deepEqual(readFeedback(deployment, [{ type: "JSONPaths", jsonPaths }], rawJson ?? false), {
      values: value === undefined ? [] : [{ name: "x", fieldValue: value }],
      errors: error === undefined ? [] : [error],
    })
  })
}

test("readFeedback: a path that cannot be parsed does not hide the others", () => {
  const jsonPaths = [
    { name: "bad", path: "status" },
    { name: "good", path: ".status.replicas" },
  ]
  const feedback = readFeedback(deployment, [{ type: "JSONPaths", jsonPaths }], false)
  assert.deepEqual(feedback.values, [integer("good", 3)])
  assert.match(feedback.errors[0]!, /^failed to parse json path status of bad with error: /)
})

test("readFeedback: what is too long to be reported is left out, and said", () => {
  const at = (length: number) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a" },
    data: { long: "é".repeat(length / 2), list: ["x".repeat(1_025)] },
  })
  const rules = [{ type: "JSONPaths" as const, jsonPaths: [{ name: "long", path: ".data.long" }] }]
  assert.equal(readFeedback(at(16_384), rules, false).values.length, 1)
  assert.deepEqual(readFeedback(at(16_386), rules, false), {
    values: [],
    errors: ["the length of the string for name long is larger than the maximum length 16384"],
  })
  const raw = [{ type: "JSONPaths" as const, jsonPaths: [{ name: "list", path: ".data.list" }] }]
  assert.deepEqual(readFeedback(at(2), raw, true), {
    values: [],
    errors: ["the length of returned json raw string for name list is larger than the maximum length 1024"],
  })
})
