import assert from "node:assert/strict"
import { describe, test } from "node:test"
import type { Condition } from "#apimachinery/conditions.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import {
  aggregateDrift,
  describeDrift,
  driftCondition,
  driftModeOf,
  planDrift,
  planNoDrift,
  withRivals,
} from "./drift.plan.ts"
import type { Drift } from "./drift.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const MINUTE_MS = 60_000
const config: UnknownObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "x" } }
const secret: UnknownObject = { ...config, kind: "Secret" }
const seen = { state: "corrected", fields: ["data.k is 1, want 2"], fieldCount: 1 } as const
const drift: Drift = { ...seen, sinceMs: NOW_MS, lastMs: NOW_MS, count: 1 }

describe("driftModeOf", () => {
  for (const [said, want] of [
    [undefined, "correct"],
    ["report", "report"],
    ["pause", "pause"],
    ["Pause", "correct"],
    ["", "correct"],
  ] as const) {
    test(String(said), () => {
      const annotations = said === undefined ? {} : { "hawser.dev/drift": said }
      const work = { apiVersion: "", kind: "", metadata: { annotations }, spec: {} } as ManifestWork
      assert.equal(driftModeOf(work), want)
    })
  }
})

describe("describeDrift", () => {
  const long = "x".repeat(500)
  for (const { name, live, differences, want } of [
    {
      name: "changed",
      live: config,
      differences: [{ path: ["data", "k"], have: "1", want: 2 }],
      want: 'data.k is "1", want 2',
    },
    {
      name: "added",
      live: config,
      differences: [{ path: ["data", "k"], have: "1", want: undefined }],
      want: "data.k was added",
    },
    {
      name: "removed",
      live: config,
      differences: [{ path: ["data", "k"], have: undefined, want: "1" }],
      want: "data.k was removed",
    },
    {
      name: "a list",
      live: config,
      differences: [{ path: ["a", 0, "b"], have: [1], want: {} }],
      want: "a[0].b is 1 items, want an object",
    },
    {
      name: "a secret keeps its values",
      live: secret,
      differences: [{ path: ["data", "k"], have: "1", want: "2" }],
      want: "data.k differs",
    },
    { name: "deleted", live: null, differences: [], want: "the object was deleted" },
    {
      name: "long values are cut",
      live: config,
      differences: [{ path: ["data", "k"], have: long, want: "1" }],
      want: `data.k is "${"x".repeat(46)}…, want "1"`,
    },
  ]) {
    test(name, () => assert.deepEqual(describeDrift(live, differences, undefined), { fields: [want], fieldCount: 1 }))
  }

  test("the first six of many", () => {
    const differences = Array.from({ length: 100 }, (_, i) => ({ path: ["data", `k${i}`], have: 1, want: 2 }))
    const described = describeDrift(config, differences, undefined)
    assert.deepEqual([described.fields.length, described.fieldCount], [6, 100])
  })
})

describe("planDrift", () => {
  test("a row goes on while it is not calm for ten minutes", () => {
    const second = planDrift(drift, seen, NOW_MS + 9 * MINUTE_MS)
    assert.deepEqual([second.sinceMs, second.count], [NOW_MS, 2])
    const later = planDrift(second, seen, second.lastMs + 10 * MINUTE_MS)
    assert.deepEqual([later.sinceMs, later.count], [later.lastMs, 1])
  })

  test("drift that is left is one, however often it is looked at", () => {
    const left = planDrift(undefined, { ...seen, state: "left" }, NOW_MS)
    const again = planDrift(left, { ...seen, state: "left" }, NOW_MS + MINUTE_MS)
    assert.deepEqual(again, left)
  })

  test("what somebody else put right is over; what was corrected stays told", () => {
    const left = planDrift(undefined, { ...seen, state: "left" }, NOW_MS)
    assert.equal(planNoDrift(left, NOW_MS)?.state, "over")
    assert.equal(planNoDrift(drift, NOW_MS), drift)
    assert.equal(planNoDrift(undefined, NOW_MS), undefined)
  })
})

const known = (status: Condition["status"], observedGeneration = 2): Condition => ({
  type: "Drifted",
  status,
  reason: "R",
  message: "m",
  observedGeneration,
  lastTransitionTime: "2026-01-01T00:00:00Z",
})

describe("driftCondition", () => {
  for (const { name, given, before, want } of [
    { name: "never drifted", given: undefined, before: undefined, want: undefined },
    { name: "of another version of the work", given: undefined, before: known("True", 1), want: undefined },
    { name: "corrected by an earlier run", given: undefined, before: known("False"), want: ["False", "R", "m"] },
    {
      name: "there before a restart",
      given: undefined,
      before: known("True"),
      want: ["False", "DriftEnded", "As the manifest says"],
    },
    {
      name: "corrected once",
      given: drift,
      before: undefined,
      want: ["False", "DriftCorrected", "Corrected at 2026-01-02T03:04:05Z: data.k is 1, want 2"],
    },
    {
      name: "corrected again and again, more than is told",
      given: { ...drift, count: 3, fieldCount: 9, lastMs: NOW_MS + MINUTE_MS },
      before: undefined,
      want: [
        "False",
        "DriftCorrected",
        "Corrected at 2026-01-02T03:05:05Z, 3 times since 2026-01-02T03:04:05Z: data.k is 1, want 2, and 8 more",
      ],
    },
    {
      name: "fought over",
      given: { ...drift, state: "contested", count: 6 } as const,
      before: undefined,
      want: [
        "True",
        "DriftContested",
        "Changed back each time it is corrected, 6 times since 2026-01-02T03:04:05Z; corrections slow down: data.k is 1, want 2",
      ],
    },
    {
      name: "left",
      given: { ...drift, state: "left" } as const,
      before: undefined,
      want: ["True", "DriftReported", "Not corrected, as the work says: data.k is 1, want 2"],
    },
  ]) {
    test(name, () => {
      const condition = driftCondition(given, before, 2)
      assert.deepEqual(condition && [condition.status, condition.reason, condition.message], want)
    })
  }
})

describe("aggregateDrift", () => {
  const told = (status: Condition["status"], reason: string) => ({ ...known(status), reason })
  for (const { name, conditions, want } of [
    { name: "none", conditions: [], want: undefined },
    {
      name: "one drifts",
      conditions: [told("True", "DriftReported"), told("False", "DriftCorrected")],
      want: ["True", "DriftReported", "1 of 5 manifests drift"],
    },
    {
      name: "one is fought over",
      conditions: [told("True", "DriftReported"), told("True", "DriftContested")],
      want: ["True", "DriftContested", "2 of 5 manifests drift"],
    },
    {
      name: "corrected",
      conditions: [told("False", "DriftCorrected"), told("False", "DriftEnded")],
      want: ["False", "DriftCorrected", "1 of 5 manifests were corrected"],
    },
    { name: "over", conditions: [told("False", "DriftEnded")], want: ["False", "DriftEnded", "As the manifest says"] },
  ]) {
    test(name, () => {
      const condition = aggregateDrift(conditions, 5, 2)
      assert.deepEqual(condition && [condition.status, condition.reason, condition.message], want)
    })
  }
})

test("withRivals: other works that have the object are named, some of them", () => {
  const seen = { state: "contested" as const, fields: ["data.k differs"], fieldCount: 1 }
  assert.equal(withRivals(seen, ["own"], "own"), seen)
  const named = (...works: string[]) => withRivals(seen, works, "own").fields.at(-1)
  assert.equal(named("own", "b"), "also in ManifestWork b")
  assert.equal(named("e", "d", "own", "c", "b"), "also in ManifestWork b, c, d, and 1 more")
})
