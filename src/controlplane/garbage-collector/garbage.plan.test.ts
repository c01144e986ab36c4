import assert from "node:assert/strict"
import { test } from "node:test"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import type { ObjectMeta, OwnerReference, UnknownObject } from "#apimachinery/meta.ts"
import { writesOf } from "#runtime/apply-plan.ts"
import { planGarbage, type Located, type OwnerState } from "./garbage.plan.ts"

const owner = (name: string, blockOwnerDeletion?: boolean): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name,
  uid: `uid-${name}`,
  ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
})
const newObject = (name: string, meta: ObjectMeta = {}): Located => {
  const metadata = { name, namespace: "ns", uid: `uid-${name}`, resourceVersion: "7", ...meta }
  return {
    type: CONFIG_MAPS as Located["type"],
    object: { apiVersion: "v1", kind: "ConfigMap", metadata } as UnknownObject,
  }
}
const NOW = "2026-01-02T03:04:05Z"
const foreground = { deletionTimestamp: NOW, finalizers: ["foregroundDeletion"] }
const child = (name: string, ...owners: OwnerReference[]) => newObject(name, { ownerReferences: owners })

/** Owners are what their names begin with: `solid-1`, `waiting`, `gone`, `unknown`. */
const stateOf = ({ name }: OwnerReference): OwnerState =>
  name.startsWith("gone") ? "dangling" : (/^(solid|waiting|unknown)/.exec(name)![1] as OwnerState)

for (const { name, item, dependents = [], want } of [
  { name: "no owner", item: newObject("x"), want: [] },
  { name: "one that lives", item: child("x", owner("solid")), want: [] },
  { name: "one that is gone", item: child("x", owner("gone")), want: ["delete x Background"] },
  { name: "all are gone", item: child("x", owner("gone-1"), owner("gone-2")), want: ["delete x Background"] },
  { name: "one lives, one is gone", item: child("x", owner("solid"), owner("gone")), want: ["x owned by solid"] },
  { name: "one lives, one waits", item: child("x", owner("waiting"), owner("solid")), want: ["x owned by solid"] },
  { name: "of one nobody knows the kind", item: child("x", owner("gone"), owner("unknown")), want: [] },
  { name: "one waits: it goes", item: child("x", owner("waiting")), want: ["delete x Background"] },
  {
    name: "one waits, and it has dependents: they go first",
    item: child("x", owner("waiting")),
    dependents: [child("y", owner("x"))],
    want: ["delete x Foreground"],
  },
  {
    name: "all are gone, and it has dependents: they follow",
    item: child("x", owner("gone")),
    dependents: [child("y", owner("x"))],
    want: ["delete x Background"],
  },
  {
    name: "a finalizer says how it goes: orphan",
    item: newObject("x", { ownerReferences: [owner("gone")], finalizers: ["orphan"] }),
    want: ["delete x Orphan"],
  },
  {
    name: "a finalizer says how it goes: foreground",
    item: newObject("x", { ownerReferences: [owner("gone")], finalizers: ["foregroundDeletion"] }),
    want: ["delete x Foreground"],
  },
  {
    name: "a ring: it first stops blocking its owner",
    item: child("x", owner("waiting", true)),
    dependents: [newObject("waiting", { ...foreground, ownerReferences: [owner("x", true)] })],
    want: ["x owned by waiting (free)"],
  },
  {
    name: "a ring that does not block",
    item: child("x", owner("waiting", false)),
    dependents: [newObject("waiting", { ...foreground, ownerReferences: [owner("x", true)] })],
    want: ["delete x Foreground"],
  },
  {
    name: "leaving by itself: nothing",
    item: newObject("x", { deletionTimestamp: NOW, finalizers: ["a/b"], ownerReferences: [owner("gone")] }),
    want: [],
  },
  {
    name: "leaving, orphans: they lose this owner, then it goes",
    item: newObject("x", { deletionTimestamp: NOW, finalizers: ["a/b", "orphan"] }),
    dependents: [child("y", owner("x")), child("z", owner("solid"), owner("x"))],
    want: ["y owned by nobody", "z owned by solid", "x held by a/b"],
  },
  {
    name: "leaving, orphans none",
    item: newObject("x", { deletionTimestamp: NOW, finalizers: ["orphan"] }),
    want: ["x held by nothing"],
  },
  {
    name: "leaving last: waits for dependents that block",
    item: newObject("x", foreground),
    dependents: [child("y", owner("x", true)), child("z", owner("x", false))],
    want: [],
  },
  {
    name: "leaving last: does not wait for those that do not",
    item: newObject("x", foreground),
    dependents: [child("y", owner("x", false)), child("z", owner("x")), child("w", owner("solid", true), owner("x"))],
    want: ["x held by nothing"],
  },
] satisfies { name: string; item: Located; dependents?: Located[]; want: string[] }[]) {
  test(`planGarbage: ${name}`, () => {
    const { actions } = planGarbage({ ...item, dependents, ownerState: stateOf })
    const texts = writesOf(actions).map((write) => {
      assert.ok(write.do === "delete" || write.do === "patch")
      assert.equal(write.resourceVersion, "7", "of what was seen")
      assert.equal(write.uid, `uid-${write.key.name}`)
      assert.equal(write.key.namespace, "ns")
      if (write.do === "delete") return `delete ${write.key.name} ${write.propagationPolicy}`
      const { ownerReferences, finalizers } = (
        write.patch as { metadata: Record<string, OwnerReference[] | string[] | null> }
      ).metadata
      if (finalizers !== undefined) return `${write.key.name} held by ${finalizers?.join() ?? "nothing"}`
      const owners = (ownerReferences as OwnerReference[] | null)?.map(
        (o) => o.name + (o.blockOwnerDeletion === false ? " (free)" : ""),
      )
      return `${write.key.name} owned by ${owners?.join() ?? "nobody"}`
    })
    assert.deepEqual(texts, want)
  })
}
