import assert from "node:assert/strict"
import { test } from "node:test"
import type { KubeObject, ObjectMeta } from "#apimachinery/meta.ts"
import { describeWrite, writesOf } from "#runtime/apply-plan.ts"
import { newClusterRole, newClusterRoleBinding, newRegistrationBinding, newWorkBinding } from "./cluster-rbac.ts"
import { planOrphanedRights, type ObservedRights } from "./orphaned-rights.plan.ts"

const stored = <T extends KubeObject>(object: T, meta: ObjectMeta = {}): T => ({
  ...object,
  metadata: { ...object.metadata, uid: "stored", resourceVersion: "3", ...meta },
})
const work = { apiVersion: "work.open-cluster-management.io/v1", kind: "ManifestWork", metadata: {}, spec: {} }

const none: ObservedRights = {
  clusterRole: undefined,
  clusterRoleBinding: undefined,
  registrationBinding: undefined,
  workBinding: undefined,
  works: [],
}
const all: ObservedRights = {
  ...none,
  clusterRole: stored(newClusterRole("c1", true)),
  clusterRoleBinding: stored(newClusterRoleBinding("c1")),
  registrationBinding: stored(newRegistrationBinding("c1")),
  workBinding: stored(newWorkBinding("c1")),
}
const doomed = stored(newWorkBinding("c1"), { deletionTimestamp: "2026-01-01T00:00:00Z" })

for (const { name, observed, want } of [
  { name: "there are none", observed: none, want: [] },
  {
    name: "all of them",
    observed: all,
    want: [
      "delete open-cluster-management:managedcluster:c1",
      "delete open-cluster-management:managedcluster:c1",
      "delete c1/open-cluster-management:managedcluster:c1:registration",
      "delete c1/open-cluster-management:managedcluster:c1:work",
    ],
  },
  { name: "works are left", observed: { ...none, workBinding: all.workBinding, works: [work] }, want: [] },
  {
    name: "the work binding waits for its finalizer",
    observed: { ...none, workBinding: doomed },
    want: ["patch c1/open-cluster-management:managedcluster:c1:work"],
  },
  { name: "and for works", observed: { ...none, workBinding: doomed, works: [work] }, want: [] },
]) {
  test(`planOrphanedRights: ${name}`, () => {
    const writes = writesOf(planOrphanedRights(observed).actions)
    assert.deepEqual(
      writes.map((write) => `${write.do} ${describeWrite(write).key}`),
      want,
    )
    assert.ok(writes.every((write) => "uid" in write && write.uid === "stored"))
  })
}
