import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import { OwnerGraph } from "./owner-graph.ts"

const resource = { group: "", version: "v1", resource: "pods", kind: "Pod", namespaced: true } as ResourceInfo
const resources = { findKind: () => resource, all: () => [resource] } as unknown as ResourceTable
const pod = (name: string, owner: string, blockOwnerDeletion: boolean): UnknownObject => {
  const ownerReferences = [{ apiVersion: "v1", kind: "Pod", name: owner, uid: owner, blockOwnerDeletion }]
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "ns", uid: name, ownerReferences } }
}

test("an owner is looked at when a dependent no longer blocks it", () => {
  const graph = new OwnerGraph({} as ObjectReader, resources)
  const before = pod("b", "a", true)
  graph.take({ resource, kind: "added", object: before })
  assert.deepEqual(graph.take({ resource, kind: "changed", object: pod("b", "a", false), before }), [
    "|pods|v1|ns|a",
    "|pods|v1|ns|b",
  ])
  assert.deepEqual(graph.take({ resource, kind: "changed", object: before, before }), ["|pods|v1|ns|b"])
})
