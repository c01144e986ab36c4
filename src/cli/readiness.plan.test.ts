import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { whatIsMissing } from "./readiness.plan.ts"

const condition = (type: string, status = "True", observedGeneration?: number) => ({
  type,
  status,
  reason: "Because",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
})
const object = (kind: string, status: object | undefined, generation = 2): UnknownObject => ({
  apiVersion: "v1",
  kind,
  metadata: { name: "a", generation },
  ...(status === undefined ? {} : { status }),
})
const rolledOut = [condition("PlacementVerified"), condition("ManifestworkApplied")]

for (const [what, given, missing] of [
  ["a kind without a word on readiness", object("ConfigMap", undefined), undefined],
  ["a work without status", object("ManifestWork", undefined), /Applied is not there yet/],
  [
    "a work that is available",
    object("ManifestWork", { conditions: [condition("Applied", "True", 2), condition("Available")] }),
    undefined,
  ],
  [
    "a work whose status is of its last generation",
    object("ManifestWork", { conditions: [condition("Applied", "True", 1), condition("Available", "True", 1)] }),
    /Applied is of generation 1, not 2/,
  ],
  [
    "a work that failed",
    object("ManifestWork", { conditions: [condition("Applied", "False")] }),
    /Applied is False: Because/,
  ],
  [
    "a replica set with works to come",
    object("ManifestWorkReplicaSet", { conditions: rolledOut, summary: { total: 3, applied: 3, available: 1 } }),
    /1 of 3 works are available/,
  ],
  [
    "a replica set that is done",
    object("ManifestWorkReplicaSet", { conditions: rolledOut, summary: { total: 3, applied: 3, available: 3 } }),
    undefined,
  ],
] as const) {
  test(`whatIsMissing: ${what}`, () => {
    const found = whatIsMissing(given)
    if (missing === undefined) assert.equal(found, undefined)
    else assert.match(found ?? "", missing)
  })
}
