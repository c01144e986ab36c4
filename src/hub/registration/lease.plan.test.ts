import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import type { Condition } from "#api/schema/metav1.ts"
import type { ObjectMeta } from "#apimachinery/meta.ts"
import { formatMicroTime } from "#lib/clock.ts"
import { describeWrite, writesOf } from "#runtime/apply-plan.ts"
import { planClockSync, planLease } from "./lease.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const GRACE_MS = 300_000

const condition = (type: string, status: Condition["status"]): Condition => ({
  type,
  status,
  reason: "R",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
})
const ACCEPTED = condition("HubAcceptedManagedCluster", "True")
const SILENT = condition("ManagedClusterConditionAvailable", "Unknown")

const cluster = (conditions: Condition[], meta: ObjectMeta = {}, leaseDurationSeconds = 60): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name: "c1", uid: "u", resourceVersion: "1", ...meta },
  spec: { leaseDurationSeconds },
  status: { conditions },
})

const renewed = (agoMs: number): Lease => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "managed-cluster-lease", namespace: "c1" },
  spec: { renewTime: formatMicroTime(NOW_MS - agoMs) },
})

const base = { cluster: cluster([ACCEPTED]), hasNamespace: true, listeningSinceMs: 0, nowMs: NOW_MS }
const CREATE = "create leases.coordination.k8s.io c1/managed-cluster-lease"
const MARK = "patch managedclusters.cluster.open-cluster-management.io/status c1"

for (const { name, observed, want, wakeMs } of [
  { name: "not judged by the hub: nothing", observed: { ...base, cluster: cluster([]), lease: undefined }, want: [] },
  { name: "no lease: made", observed: { ...base, lease: undefined }, want: [CREATE] },
  { name: "no namespace yet: waits", observed: { ...base, hasNamespace: false, lease: undefined }, want: [] },
  {
    name: "deleted and without a lease: Unknown at once",
    observed: {
      ...base,
      cluster: cluster([ACCEPTED], { deletionTimestamp: "2026-01-02T03:04:00Z" }),
      lease: undefined,
    },
    want: [MARK],
  },
  {
    name: "one ms before expiry: wakes at expiry",
    observed: { ...base, lease: renewed(GRACE_MS - 1) },
    want: [],
    wakeMs: 1,
  },
  { name: "at expiry: Unknown, no timer", observed: { ...base, lease: renewed(GRACE_MS) }, want: [MARK] },
  {
    name: "expired and Unknown already: nothing",
    observed: { ...base, cluster: cluster([ACCEPTED, SILENT]), lease: renewed(GRACE_MS * 2) },
    want: [],
  },
  {
    name: "its own lease duration counts",
    observed: { ...base, cluster: cluster([ACCEPTED], {}, 10), lease: renewed(49_000) },
    want: [],
    wakeMs: 1_000,
  },
  {
    name: "a hub that has just come back believes nobody dead yet",
    observed: { ...base, listeningSinceMs: NOW_MS, lease: renewed(3_600_000) },
    want: [],
    wakeMs: GRACE_MS,
  },
  {
    name: "and does so when it has listened for as long as it takes",
    observed: { ...base, listeningSinceMs: NOW_MS - GRACE_MS, lease: renewed(3_600_000) },
    want: [MARK],
  },
]) {
  test(`planLease: ${name}`, () => {
    const plan = planLease(observed)
    const writes = writesOf(plan.actions).map((action) => {
      const { do: verb, resource, key } = describeWrite(action)
      return `${verb} ${resource} ${key}`
    })
    assert.deepEqual(writes, want)
    assert.equal(plan.requeueAfterMs, wakeMs)
  })
}

for (const { name, of, agoMs, want } of [
  { name: "just now", of: cluster([ACCEPTED]), agoMs: 0, want: "True" },
  { name: "one ms less than the grace ago", of: cluster([ACCEPTED]), agoMs: GRACE_MS - 1, want: "True" },
  { name: "the grace ago", of: cluster([ACCEPTED]), agoMs: GRACE_MS, want: "False" },
  { name: "as far in the future", of: cluster([ACCEPTED]), agoMs: -GRACE_MS, want: "False" },
  { name: "not judged by the hub", of: cluster([]), agoMs: 0, want: undefined },
  {
    name: "left out by annotation",
    of: cluster([ACCEPTED], {
      annotations: { "registration.open-cluster-management.io/skip-clock-sync-check": "true" },
    }),
    agoMs: GRACE_MS,
    want: undefined,
  },
]) {
  test(`planClockSync: renewed ${name}`, () => {
    const [action] = planClockSync({ cluster: of, lease: renewed(agoMs), nowMs: NOW_MS })
    const patch = action?.do === "patch" ? (action.patch as { status: { conditions: Condition[] } }) : undefined
    const found = patch?.status.conditions.find((c) => c.type === "ManagedClusterConditionClockSynced")
    assert.equal(found?.status, want)
    // A merge patch replaces the list: the conditions of others go along.
    if (patch !== undefined) assert.ok(patch.status.conditions.includes(ACCEPTED))
  })
}
