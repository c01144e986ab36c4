import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { planRemoval, sortResources, untracked } from "./removal.plan.ts"
import { targetOf } from "./removal.ts"

const resource = { group: "", version: "v1", resource: "configmaps", namespace: "ns", name: "a", uid: "o1" }
const owner = { apiVersion: "work.open-cluster-management.io/v1", kind: "AppliedManifestWork", name: "h-w", uid: "u1" }
const other = { ...owner, name: "h-x", uid: "u2" }
const parent = { apiVersion: "apps/v1", kind: "Deployment", name: "d", uid: "d1" }

function live(change: UnknownObject["metadata"] = {}): UnknownObject {
  const metadata = { name: "a", namespace: "ns", uid: "o1", resourceVersion: "5", ownerReferences: [owner], ...change }
  return { apiVersion: "v1", kind: "ConfigMap", metadata }
}
const target = targetOf(resource)
const key = { namespace: "ns", name: "a" }
const disowned = (ownerReferences: object[]) => ({
  step: "disown",
  action: {
    do: "patch",
    type: target.type,
    key,
    patch: { metadata: { ownerReferences } },
    uid: "o1",
    resourceVersion: "5",
  },
})

for (const { name, object, orphaned = false, want } of [
  { name: "absent", object: null, want: { step: "gone" } },
  { name: "not ours any more", object: live({ ownerReferences: [parent] }), want: { step: "gone" } },
  { name: "no owner at all", object: live({ ownerReferences: [] }), want: { step: "gone" } },
  {
    name: "ours",
    object: live(),
    want: {
      step: "delete",
      action: { do: "delete", type: target.type, key, uid: "o1", propagationPolicy: "Background" },
    },
  },
  {
    name: "another work owns it too: stays",
    object: live({ ownerReferences: [owner, other] }),
    want: disowned([other]),
  },
  {
    name: "an owner of another kind does not keep it",
    object: live({ ownerReferences: [owner, parent] }),
    want: {
      step: "delete",
      action: { do: "delete", type: target.type, key, uid: "o1", propagationPolicy: "Background" },
    },
  },
  { name: "orphaned: stays without us", object: live(), orphaned: true, want: disowned([]) },
  { name: "another object of that name", object: live({ uid: "o2" }), want: { step: "gone" } },
  {
    name: "on its way out",
    object: live({ deletionTimestamp: "2026-01-01T00:00:00Z" }),
    want: { step: "wait" },
  },
]) {
  test(`planRemoval: ${name}`, () => {
    assert.deepEqual(planRemoval({ resource, target, live: object, owner, orphaned }), want)
  })
}

test("untracked: what left the spec; another version of the same object did not", () => {
  const kept = { ...resource, version: "v1beta1" }
  const gone = { ...resource, name: "b" }
  assert.deepEqual(untracked([resource, gone], [kept]), [gone])
})

test("sortResources: group, version, resource, namespace, name", () => {
  const apps = { ...resource, group: "apps", resource: "deployments" }
  const b = { ...resource, name: "b" }
  const secrets = { ...resource, resource: "secrets", name: "0" }
  const inA = { ...b, namespace: "a" }
  assert.deepEqual(sortResources([apps, secrets, b, inA, resource]), [inA, resource, b, secrets, apps])
})
