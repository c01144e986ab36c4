import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"
import { managerOf } from "./field-manager.ts"

const live: UnknownObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: 3,
    strategy: { type: "Recreate" },
    template: {
      spec: {
        containers: [
          { name: "a", image: "a:1" },
          { name: "b", image: "b:1" },
        ],
      },
    },
  },
}
const entry = (manager: string, time: string, fieldsV1: unknown, more: Partial<ManagedFieldsEntry> = {}) =>
  ({
    manager,
    operation: "Update",
    apiVersion: "apps/v1",
    fieldsType: "FieldsV1",
    time,
    fieldsV1,
    ...more,
  }) as ManagedFieldsEntry
const container = (name: string, fields: object) => ({
  "f:spec": { "f:template": { "f:spec": { "f:containers": { [`k:{"name":"${name}"}`]: fields } } } },
})
const entries = [
  entry("work-agent", "2026-01-01T00:00:00Z", {
    "f:spec": {
      "f:replicas": {},
      "f:strategy": { "f:type": {} },
      ...container("a", { ".": {}, "f:image": {} })["f:spec"],
    },
  }),
  entry("kubectl-edit", "2026-01-02T00:00:00Z", { "f:spec": { "f:strategy": {} } }),
  entry("kubectl-set", "2026-01-03T00:00:00Z", container("b", { "f:image": {} })),
  entry("controller", "2026-01-09T00:00:00Z", { "f:spec": { "f:replicas": {} } }, { subresource: "status" }),
]

for (const { name, path, want } of [
  { name: "the only one that owns it", path: ["spec", "replicas"], want: "work-agent" },
  { name: "the last one, when two do", path: ["spec", "strategy", "type"], want: "kubectl-edit" },
  {
    name: "an item of a list by its key",
    path: ["spec", "template", "spec", "containers", 1, "image"],
    want: "kubectl-set",
  },
  { name: "what is owned below", path: ["spec", "template", "spec", "containers"], want: "kubectl-set" },
  { name: "whoever wrote last, of a field that is gone", path: ["spec", "paused"], want: "kubectl-set" },
]) {
  test(`managerOf: ${name}`, () => assert.equal(managerOf(entries, live, path), want))
}

for (const { name, books } of [
  { name: "no books", books: [] },
  { name: "books without a name", books: [entry("", "2026-01-01T00:00:00Z", {})] },
  { name: "status alone", books: [entries[3]!] },
]) {
  test(`managerOf: nobody, of ${name}`, () => assert.equal(managerOf(books, live, ["spec", "replicas"]), undefined))
}

test("managerOf: books that make no sense name somebody or nobody, and harm nothing", () => {
  const odd = [entry("odd", "2026-01-01T00:00:00Z", { "f:spec": { "k:{": {}, "f:template": 7 } })]
  assert.equal(managerOf(odd, live, ["spec", "template", "spec", "containers", 9, "image"]), "odd")
})
