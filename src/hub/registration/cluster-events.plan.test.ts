import assert from "node:assert/strict"
import { test } from "node:test"
import { AVAILABLE, CLOCK_SYNCED, HUB_ACCEPTED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { eventsOf } from "./cluster-events.plan.ts"
import { conditionPatch } from "./cluster-status.ts"

type Condition = Parameters<typeof conditionPatch>[1]

const cluster = (...conditions: Condition[]): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name: "c1" },
  spec: {},
  status: { conditions: conditions.map((c) => ({ ...c, lastTransitionTime: "2026-01-01T00:00:00Z" })) },
})
const is = (type: string, status: Condition["status"], reason = "R", message = "M") => ({
  type,
  status,
  reason,
  message,
})

for (const { name, before, turned, want } of [
  { name: "let in", before: [], turned: is(HUB_ACCEPTED, "True"), want: "Normal ManagedClusterAccepted" },
  {
    name: "shut out",
    before: [is(HUB_ACCEPTED, "True")],
    turned: is(HUB_ACCEPTED, "False", "HubClusterAdminDenied"),
    want: "Warning ManagedClusterDenied",
  },
  {
    name: "not set up",
    before: [],
    turned: is(HUB_ACCEPTED, "False", "Error"),
    want: "Warning ManagedClusterSetUpFailed",
  },
  {
    name: "silent",
    before: [is(AVAILABLE, "True")],
    turned: is(AVAILABLE, "Unknown"),
    want: "Warning AvailableUnknown",
  },
  {
    name: "out of time",
    before: [],
    turned: is(CLOCK_SYNCED, "False"),
    want: "Warning ManagedClusterClockSyncedConditionUpdated",
  },
  { name: "in time", before: [], turned: is(CLOCK_SYNCED, "True"), want: undefined },
  {
    name: "another reason is no turn",
    before: [is(HUB_ACCEPTED, "True", "Former")],
    turned: is(HUB_ACCEPTED, "True"),
    want: undefined,
  },
]) {
  test(`eventsOf: ${name}`, () => {
    const observed = cluster(...before)
    const actions = conditionPatch(observed, turned, 0)
    assert.equal(actions.length, 1)
    const events = eventsOf(observed, { actions })
    assert.deepEqual(
      events.map(({ type, reason }) => `${type} ${reason}`),
      want === undefined ? [] : [want],
    )
  })
}
