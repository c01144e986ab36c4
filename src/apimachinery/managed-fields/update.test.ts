import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"
import { DEPLOYMENT } from "#apimachinery/testing/workload-schema.ts"
import { updateManagedFields } from "./update.ts"

const at = (minute: number) => Date.parse("2026-01-01T00:00:00Z") + minute * 60_000
const timeOf = (minute: number) => new Date(at(minute)).toISOString().replace(".000", "")

const stored = (content: object, managedFields?: ManagedFieldsEntry[]): UnknownObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "x", uid: "u", ...(managedFields === undefined ? {} : { managedFields }) },
  ...content,
})

function update(
  before: UnknownObject | undefined,
  after: UnknownObject,
  manager: string,
  minute = 0,
  subresource?: string,
) {
  const args = { before, after, schema: DEPLOYMENT, manager, nowMs: at(minute), apiVersion: "apps/v1" }
  return updateManagedFields(subresource === undefined ? args : { ...args, subresource })
}

const entry = (manager: string, fieldsV1: object, minute = 0): ManagedFieldsEntry => ({
  manager,
  operation: "Update",
  apiVersion: "apps/v1",
  time: timeOf(minute),
  fieldsType: "FieldsV1",
  fieldsV1: fieldsV1 as NonNullable<ManagedFieldsEntry["fieldsV1"]>,
})

const replicas = { "f:spec": { "f:replicas": {} } }
const created = [entry("m1", { "f:spec": { ".": {}, "f:replicas": {} } })]

test("updateManagedFields: a create books all that is there, structs included", () => {
  const after = stored({ spec: { replicas: 1, template: { spec: { containers: [{ name: "a" }] } } } })
  assert.deepEqual(update(undefined, after, "m1"), [
    entry("m1", {
      "f:spec": {
        ".": {},
        "f:replicas": {},
        "f:template": {
          ".": {},
          "f:spec": { ".": {}, "f:containers": { ".": {}, 'k:{"name":"a"}': { ".": {}, "f:name": {} } } },
        },
      },
    }),
  ])
})

test("updateManagedFields: who changes a field owns it, and nobody else", () => {
  const before = stored({ spec: { replicas: 1 } }, created)
  assert.deepEqual(update(before, stored({ spec: { replicas: 2 } }), "m2", 1), [
    entry("m1", { "f:spec": {} }),
    entry("m2", replicas, 1),
  ])
})

test("updateManagedFields: what is removed is nobody's", () => {
  const before = stored({ spec: { replicas: 1 } }, created)
  assert.deepEqual(update(before, stored({ spec: {} }), "m2", 1), [entry("m1", { "f:spec": {} })])
  assert.deepEqual(update(before, stored({}), "m2", 1), [])
})

test("updateManagedFields: nothing changed, nothing new", () => {
  const before = stored({ spec: { replicas: 1 } }, created)
  assert.deepEqual(update(before, stored({ spec: { replicas: 1 } }), "m2", 1), created)
  assert.deepEqual(update(before, stored({ spec: { replicas: 1 } }), "m1", 1), created)
})

test("updateManagedFields: a second change adds to what a manager owns", () => {
  const before = stored({ spec: { replicas: 1 } }, created)
  assert.deepEqual(update(before, stored({ spec: { replicas: 1, paused: true } }), "m1", 1), [
    entry("m1", { "f:spec": { ".": {}, "f:paused": {}, "f:replicas": {} } }, 1),
  ])
})

test("updateManagedFields: an object that is not tracked stays so", () => {
  assert.deepEqual(update(stored({ spec: { replicas: 1 } }), stored({ spec: { replicas: 2 } }), "m"), [])
})

test("updateManagedFields: [{}] and [] forget all owners", () => {
  const before = stored({ spec: { replicas: 1 } }, created)
  assert.deepEqual(update(before, stored({ spec: { replicas: 2 } }, [{}]), "m2"), [])
  assert.deepEqual(update(before, stored({ spec: { replicas: 2 } }, []), "m2"), [])
})

test("updateManagedFields: managed fields that a client sends replace those of the object", () => {
  const before = stored({ spec: { replicas: 1 } }, created)
  const sent = [entry("chosen", replicas)]
  assert.deepEqual(update(before, stored({ spec: { replicas: 1 } }, sent), "m2"), sent)
  assert.deepEqual(update(before, stored({ spec: { replicas: 1 } }, sent), "m2", 0, "status"), created)
  const unreadable = [{ ...entry("chosen", replicas), fieldsType: "FieldsV2" } as unknown as ManagedFieldsEntry]
  assert.deepEqual(update(before, stored({ spec: { replicas: 1 } }, unreadable), "m2"), created)
})

test("updateManagedFields: an unnamed manager is unknown; subresources are told apart", () => {
  const [unnamed] = update(undefined, stored({ spec: { replicas: 1 } }), "")
  assert.equal(unnamed?.manager, "unknown")
  const before = stored({ spec: { replicas: 1 } }, created)
  const entries = update(before, stored({ spec: { replicas: 1 }, status: { readyReplicas: 1 } }), "m1", 1, "status")
  assert.deepEqual(
    entries.map(({ manager, subresource }) => [manager, subresource]),
    [
      ["m1", undefined],
      ["m1", "status"],
    ],
  )
})

test("updateManagedFields: entries are sorted by operation, time and name", () => {
  const owned = (name: string, time: number, operation: "Apply" | "Update"): ManagedFieldsEntry => ({
    ...entry(name, { "f:metadata": { "f:labels": { [`f:${name}`]: {} } } }, time),
    operation,
  })
  const sent = [owned("d", 1, "Update"), owned("c", 0, "Update"), owned("b", 0, "Update"), owned("a", 5, "Apply")]
  const labels = { a: "", b: "", c: "", d: "" }
  const object = stored({})
  object.metadata.labels = labels
  const before = { ...object, metadata: { ...object.metadata, managedFields: sent } }
  assert.deepEqual(
    update(before, object, "m").map(({ manager }) => manager),
    ["a", "b", "c", "d"],
  )
})

test("updateManagedFields: beyond ten managers the oldest become one", () => {
  let object = stored({})
  object = {
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: [entry("m0", { "f:metadata": { "f:labels": { "f:l0": {} } } })],
      labels: { l0: "" },
    },
  }
  for (let i = 1; i <= 12; i++) {
    const after = { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [`l${i}`]: "" } } }
    const managedFields = update(object, after, `m${i}`, i)
    object = { ...after, metadata: { ...after.metadata, managedFields } }
  }
  const entries = object.metadata.managedFields ?? []
  assert.deepEqual(
    entries.map(({ manager }) => manager),
    ["ancient-changes", ...Array.from({ length: 9 }, (_, i) => `m${i + 4}`)],
  )
  assert.deepEqual(entries[0]?.fieldsV1, {
    "f:metadata": { "f:labels": { "f:l0": {}, "f:l1": {}, "f:l2": {}, "f:l3": {} } },
  })
})
