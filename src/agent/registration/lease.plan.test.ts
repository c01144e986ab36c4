import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { planLease } from "./lease.plan.ts"

const NOW_MS = Date.parse("2026-01-01T00:10:00Z")

function cluster(accepted: boolean, leaseDurationSeconds?: number): ManagedCluster {
  const condition = { type: "HubAcceptedManagedCluster", reason: "R", message: "", lastTransitionTime: "" }
  return {
    apiVersion: "cluster.open-cluster-management.io/v1",
    kind: "ManagedCluster",
    metadata: { name: "c1" },
    spec: leaseDurationSeconds === undefined ? {} : { leaseDurationSeconds },
    status: { conditions: [{ ...condition, status: accepted ? "True" : "False" }] },
  }
}

for (const { name, accepted = true, seconds, renewedMs, draw = 0, want } of [
  { name: "not accepted", accepted: false, want: { renew: false } },
  { name: "never renewed", want: { renew: true } },
  { name: "just renewed, default duration", renewedMs: NOW_MS, want: { renew: false, waitMs: 60_000 } },
  { name: "the largest draw adds a quarter", renewedMs: NOW_MS, draw: 1, want: { renew: false, waitMs: 75_000 } },
  { name: "own duration", seconds: 10, renewedMs: NOW_MS, want: { renew: false, waitMs: 10_000 } },
  { name: "one ms before", renewedMs: NOW_MS - 59_999, want: { renew: false, waitMs: 1 } },
  { name: "due", renewedMs: NOW_MS - 60_000, want: { renew: true } },
]) {
  test(`planLease: ${name}`, () => {
    assert.deepEqual(planLease({ cluster: cluster(accepted, seconds), renewedMs, draw, nowMs: NOW_MS }), want)
  })
}
