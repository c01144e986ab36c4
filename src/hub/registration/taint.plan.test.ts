import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { wantedTaints, type Taints } from "./taint.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const UNREACHABLE = "cluster.open-cluster-management.io/unreachable"
const UNAVAILABLE = "cluster.open-cluster-management.io/unavailable"
const old = (key: string): Taints[number] => ({ key, effect: "NoSelect", timeAdded: "2025-01-01T00:00:00Z" })
const fresh = (key: string): Taints[number] => ({ key, effect: "NoSelect", timeAdded: "2026-01-02T03:04:05Z" })
const untimed: Taints[number] = { key: "team/maintenance", effect: "NoSelectIfNew" }
const mine: Taints[number] = { ...untimed, timeAdded: "2025-01-01T00:00:00Z" }

for (const { name, available, taints, want } of [
  { name: "never heard of: unreachable", available: undefined, taints: [], want: [fresh(UNREACHABLE)] },
  { name: "Unknown: unreachable", available: "Unknown", taints: [mine], want: [mine, fresh(UNREACHABLE)] },
  { name: "Unknown and tainted: since then", available: "Unknown", taints: [old(UNREACHABLE)], want: undefined },
  { name: "False: unavailable", available: "False", taints: [], want: [fresh(UNAVAILABLE)] },
  { name: "Unknown, then False", available: "False", taints: [old(UNREACHABLE)], want: [fresh(UNAVAILABLE)] },
  { name: "True: both go", available: "True", taints: [old(UNREACHABLE), mine, old(UNAVAILABLE)], want: [mine] },
  {
    name: "one that nobody timed is timed",
    available: "True",
    taints: [untimed],
    want: [{ ...untimed, timeAdded: "2026-01-02T03:04:05Z" }],
  },
  { name: "True and untainted: nothing", available: "True", taints: [mine], want: undefined },
] as const) {
  test(`wantedTaints: ${name}`, () => {
    const conditions =
      available === undefined
        ? []
        : [
            {
              type: "ManagedClusterConditionAvailable",
              status: available,
              reason: "R",
              message: "",
              lastTransitionTime: "",
            },
          ]
    const cluster: ManagedCluster = {
      apiVersion: "cluster.open-cluster-management.io/v1",
      kind: "ManagedCluster",
      metadata: { name: "c1" },
      spec: { taints: [...taints] },
      status: { conditions },
    }
    assert.deepEqual(wantedTaints(cluster, NOW_MS), want)
  })
}
