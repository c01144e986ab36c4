import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { Action } from "#runtime/plan.ts"
import type { PreparedManifest, Target } from "./manifests.ts"
import { isStatusOnly, planObject, planReplace, settle } from "./object.plan.ts"

const CONFIG_MAPS = { group: "", version: "v1", resource: "configmaps", kind: "ConfigMap", namespaced: true }
const owner = { apiVersion: "work.open-cluster-management.io/v1", kind: "AppliedManifestWork", name: "h-w", uid: "u1" }
const stranger = { apiVersion: "v1", kind: "ConfigMap", name: "parent", uid: "p1" }
const key = { namespace: "default", name: "cm" }

type Prepared = PreparedManifest & { readonly target: Target }

function prepared(change: Partial<Prepared> & { object?: UnknownObject } = {}): Prepared {
  return {
    ordinal: 0,
    rank: 3,
    meta: { ordinal: 0, group: "", version: "v1", kind: "ConfigMap", resource: "configmaps", ...key },
    target: { type: CONFIG_MAPS, ...key },
    object: object({ data: { a: "1" } }),
    strategy: { type: "Update" },
    feedbackRules: [],
    conditionRules: [],
    owned: true,
    ...change,
  }
}

function object(fields: Record<string, unknown>, metadata: UnknownObject["metadata"] = {}): UnknownObject {
  return { apiVersion: "v1", kind: "ConfigMap", ...fields, metadata: { ...key, ...metadata } }
}

function liveObject(fields: Record<string, unknown>, metadata: UnknownObject["metadata"] = {}): UnknownObject {
  return object(fields, { uid: "o1", resourceVersion: "7", ownerReferences: [owner], ...metadata })
}

const created: Action = {
  do: "create",
  type: CONFIG_MAPS,
  object: object({ data: { a: "1" } }, { ownerReferences: [owner] }),
}
const patched = (patch: Record<string, unknown>, resourceVersion?: string): Action => ({
  do: "patch",
  type: CONFIG_MAPS,
  key,
  patch,
  uid: "o1",
  ...(resourceVersion === undefined ? {} : { resourceVersion }),
})

type Case = { name: string; manifest?: Prepared; live?: UnknownObject | null; want: Action | undefined }

const cases: Case[] = [
  { name: "not known: creates", want: created },
  { name: "missing: creates", live: null, want: created },
  {
    name: "missing and orphaned: creates without owner",
    manifest: prepared({ owned: false }),
    live: null,
    want: { do: "create", type: CONFIG_MAPS, object: object({ data: { a: "1" } }) },
  },
  { name: "the same: nothing", live: liveObject({ data: { a: "1" } }), want: undefined },
  { name: "changed by hand", live: liveObject({ data: { a: "2" } }), want: patched({ data: { a: "1" } }) },
  { name: "key added by hand", live: liveObject({ data: { a: "1", b: "2" } }), want: patched({ data: { b: null } }) },
  {
    name: "adopted: owner added with the version as precondition",
    live: liveObject({ data: { a: "1" } }, { ownerReferences: [stranger] }),
    want: patched({ metadata: { ownerReferences: [stranger, owner] } }, "7"),
  },
  {
    name: "owner of an earlier AppliedManifestWork replaced",
    live: liveObject({ data: { a: "1" } }, { ownerReferences: [{ ...owner, uid: "old" }] }),
    want: patched({ metadata: { ownerReferences: [owner] } }, "7"),
  },
  {
    name: "orphaned: owner removed",
    manifest: prepared({ owned: false }),
    live: liveObject({ data: { a: "1" } }, { ownerReferences: [stranger, owner] }),
    want: patched({ metadata: { ownerReferences: [stranger] } }, "7"),
  },
  {
    name: "labels are merged, a key ending in - removes",
    manifest: prepared({ object: object({}, { labels: { a: "1", "gone-": "" }, annotations: { "absent-": "" } }) }),
    live: liveObject({}, { labels: { a: "0", gone: "x", other: "y" } }),
    want: patched({ metadata: { labels: { a: "1", gone: null } } }),
  },
  {
    name: "terminating: waits",
    live: liveObject({ data: { a: "2" } }, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    want: undefined,
  },
  {
    name: "read only: never writes",
    manifest: prepared({ strategy: { type: "ReadOnly" } }),
    live: null,
    want: undefined,
  },
  {
    name: "create only: left alone",
    manifest: prepared({ strategy: { type: "CreateOnly" } }),
    live: liveObject({ data: { a: "2" } }),
    want: undefined,
  },
  {
    name: "create only: created when missing",
    manifest: prepared({ strategy: { type: "CreateOnly" } }),
    live: null,
    want: created,
  },
  {
    name: "create only: owner added",
    manifest: prepared({ strategy: { type: "CreateOnly" } }),
    live: liveObject({ data: { a: "2" } }, { ownerReferences: [] }),
    want: patched({ metadata: { ownerReferences: [owner] } }, "7"),
  },
  {
    name: "server-side apply: applied with the owner",
    manifest: prepared({ strategy: { type: "ServerSideApply", serverSideApply: { force: true } } }),
    live: liveObject({ data: { a: "1" } }),
    want: {
      do: "apply",
      type: CONFIG_MAPS,
      object: object({ data: { a: "1" } }, { ownerReferences: [owner] }),
      fieldManager: "work-agent",
      force: true,
    },
  },
  {
    name: "server-side apply: own field manager, orphaned",
    manifest: prepared({
      owned: false,
      strategy: { type: "ServerSideApply", serverSideApply: { force: false, fieldManager: "work-agent-x" } },
    }),
    live: null,
    want: {
      do: "apply",
      type: CONFIG_MAPS,
      object: object({ data: { a: "1" } }),
      fieldManager: "work-agent-x",
      force: false,
    },
  },
]

for (const { name, manifest = prepared(), live, want } of cases) {
  test(`planObject: ${name}`, () => {
    assert.deepEqual(planObject({ manifest, live, owner, applied: undefined }).action, want)
  })
}

test("planObject: what the server made of our write is no drift, until it changes", () => {
  const manifest = prepared({ object: object({ spec: { cpu: "1000m", containers: [{ name: "a" }] } }) })
  const answer = liveObject({ spec: { cpu: "1", containers: [{ name: "a" }, { name: "injected" }] } })
  const applied = settle(manifest, undefined, answer)
  const at = (fields: Record<string, unknown>) =>
    planObject({ manifest, live: liveObject(fields, { resourceVersion: "8" }), owner, applied }).action
  assert.equal(at({ spec: answer.spec, status: { ready: 1 } }), undefined)
  assert.deepEqual(
    at({ spec: { cpu: "2", containers: [{ name: "a" }, { name: "injected" }] } }),
    patched({ spec: { cpu: "1000m" } }),
  )
  assert.deepEqual(
    at({ spec: { cpu: "1", containers: [{ name: "b" }] } }),
    patched({ spec: { containers: [{ name: "a" }] } }),
  )
})

test("planObject: server-side apply again only for a new manifest or drift", () => {
  const manifest = prepared({ strategy: { type: "ServerSideApply" } })
  const answer = liveObject({ data: { a: "1", others: "2" } })
  const applied = settle(manifest, undefined, answer)
  const at = (live: UnknownObject, next = manifest) => planObject({ manifest: next, live, owner, applied }).action?.do
  assert.equal(at(answer), undefined)
  assert.equal(at(liveObject({ data: { a: "9" } }, { resourceVersion: "8" })), "apply")
  assert.equal(at(answer, prepared({ strategy: { type: "ServerSideApply" }, object: object({ data: {} }) })), "apply")
})

test("planObject: server-side apply after another strategy or field manager, though nothing differs", () => {
  const answer = liveObject({ data: { a: "1" } })
  const asServerSide = (fieldManager: string) =>
    prepared({ strategy: { type: "ServerSideApply", serverSideApply: { force: true, fieldManager } } })
  const at = (before: Prepared, now: Prepared) =>
    planObject({
      manifest: { ...now, object: before.object },
      live: answer,
      owner,
      applied: settle(before, undefined, answer),
    })
  assert.equal(at(prepared(), asServerSide("work-agent")).action?.do, "apply")
  assert.equal(at(asServerSide("work-agent-a"), asServerSide("work-agent-b")).action?.do, "apply")
  assert.equal(at(asServerSide("work-agent-a"), asServerSide("work-agent-a")).action, undefined)
})

test("planObject: fields said by the last applied manifest and no longer are removed", () => {
  const before = prepared({ object: object({ spec: { a: 1, b: 2 } }) })
  const applied = settle(before, undefined, liveObject({ spec: { a: 1, b: 2, c: 3 } }))
  const plan = planObject({
    manifest: prepared({ object: object({ spec: { a: 1 } }) }),
    live: liveObject({ spec: { a: 1, b: 2, c: 3 } }),
    owner,
    applied,
  })
  assert.deepEqual(plan.action, patched({ spec: { b: null } }))
})

test("planReplace: body of the manifest, metadata merged, finalizers and status kept", () => {
  const manifest = prepared({ object: object({ spec: { a: 1 } }, { labels: { x: "1" } }) })
  const live = liveObject({ spec: { b: 2 }, status: { ok: true } }, { labels: { y: "2" }, finalizers: ["f"] })
  assert.deepEqual(planReplace({ manifest, live, owner, applied: undefined }, live), {
    do: "update",
    type: CONFIG_MAPS,
    object: liveObject(
      { spec: { a: 1 }, status: { ok: true } },
      { labels: { y: "2", x: "1" }, annotations: {}, finalizers: ["f"] },
    ),
  })
})

for (const { name, after, want } of [
  { name: "status", after: liveObject({ spec: { a: 1 }, status: { n: 2 } }, { resourceVersion: "8" }), want: true },
  { name: "spec", after: liveObject({ spec: { a: 2 }, status: { n: 1 } }), want: false },
  { name: "label", after: liveObject({ spec: { a: 1 }, status: { n: 1 } }, { labels: { a: "b" } }), want: false },
  { name: "recreated", after: liveObject({ spec: { a: 1 }, status: { n: 1 } }, { uid: "o2" }), want: false },
]) {
  test(`isStatusOnly: ${name}`, () => {
    assert.equal(isStatusOnly(liveObject({ spec: { a: 1 }, status: { n: 1 } }), after), want)
  })
}
