import assert from "node:assert/strict"
import { test } from "node:test"
import type { KubeObject, ObjectMeta } from "#apimachinery/meta.ts"
import { addFinalizer, hasFinalizer, removeFinalizer } from "./finalizers.ts"
import {
  addOwnerReference,
  controllerOf,
  controllerReferenceTo,
  isOwnedBy,
  ownerReferenceTo,
  removeOwnerReference,
} from "./owner-references.ts"

const object = (metadata: ObjectMeta): KubeObject => ({
  apiVersion: "v1",
  kind: "X",
  metadata: { name: "x", ...metadata },
})
const owner: KubeObject = { apiVersion: "a/v1", kind: "Owner", metadata: { name: "o", uid: "u1" } }
const reference = { apiVersion: "a/v1", kind: "Owner", name: "o", uid: "u1" }
const other = { ...reference, name: "other", uid: "u2" }

for (const { name, metadata, want } of [
  {
    name: "none yet",
    metadata: { resourceVersion: "5" },
    want: { metadata: { finalizers: ["f"], resourceVersion: "5" } },
  },
  { name: "beside others", metadata: { finalizers: ["a"] }, want: { metadata: { finalizers: ["a", "f"] } } },
  { name: "there already", metadata: { finalizers: ["f"] }, want: undefined },
  { name: "being deleted", metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, want: undefined },
] as { name: string; metadata: ObjectMeta; want: unknown }[]) {
  test(`addFinalizer: ${name}`, () => assert.deepEqual(addFinalizer(object(metadata), "f"), want))
}

test("removeFinalizer: only its own, and nothing when it is not there", () => {
  const held = object({ finalizers: ["a", "f", "b"], resourceVersion: "5", deletionTimestamp: "2026-01-01T00:00:00Z" })
  assert.deepEqual(removeFinalizer(held, "f"), { metadata: { finalizers: ["a", "b"], resourceVersion: "5" } })
  assert.equal(removeFinalizer(held, "x"), undefined)
  assert.deepEqual(
    [hasFinalizer(held, "f"), hasFinalizer(held, "x"), hasFinalizer(object({}), "f")],
    [true, false, false],
  )
})

test("owner references: made and found by uid", () => {
  assert.deepEqual(ownerReferenceTo(owner), reference)
  assert.deepEqual(controllerReferenceTo(owner), { ...reference, controller: true, blockOwnerDeletion: true })
  const owned = object({ ownerReferences: [other, controllerReferenceTo(owner)] })
  assert.equal(isOwnedBy(owned, owner), true)
  assert.equal(isOwnedBy(object({ ownerReferences: [{ ...reference, uid: "u9" }] }), owner), false)
  assert.equal(controllerOf(owned)?.uid, "u1")
  assert.equal(controllerOf(object({ ownerReferences: [other] })), undefined)
})

for (const { name, held, want } of [
  { name: "none yet", held: undefined, want: [reference] },
  { name: "beside another", held: [other], want: [other, reference] },
  { name: "there already, absent and false being equal", held: [{ ...reference, controller: false }], want: undefined },
  {
    name: "in the place of one that says something else",
    held: [{ ...reference, name: "old" }, other],
    want: [reference, other],
  },
]) {
  test(`addOwnerReference: ${name}`, () => {
    const patch = addOwnerReference(object(held === undefined ? {} : { ownerReferences: held }), reference)
    assert.deepEqual(patch, want === undefined ? undefined : { metadata: { ownerReferences: want } })
  })
}

test("removeOwnerReference: by uid, and nothing when it is not there", () => {
  const held = object({ ownerReferences: [other, reference], resourceVersion: "5" })
  assert.deepEqual(removeOwnerReference(held, "u1"), { metadata: { ownerReferences: [other], resourceVersion: "5" } })
  assert.equal(removeOwnerReference(held, "u9"), undefined)
})
