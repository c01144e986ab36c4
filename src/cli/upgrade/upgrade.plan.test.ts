import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManifestWork } from "#api/work/v1.ts"
import fc from "fast-check"
import { parseStage, stagesOf, standingOf, type Stage } from "./upgrade.plan.ts"

for (const [text, want] of [
  ["1", { count: 1 }],
  ["10%", { percent: 10 }],
  ["100%", { percent: 100 }],
  ["0", undefined],
  ["0%", undefined],
  ["101%", undefined],
  ["-1", undefined],
  ["ten", undefined],
  ["", undefined],
] as const) {
  test(`a stage written "${text}"`, () => assert.deepEqual(parseStage(text), want))
}

const names = (n: number) => Array.from({ length: n }, (_, i) => `c${i}`)
const sizes = (n: number, ...texts: string[]) =>
  stagesOf(
    names(n),
    texts.map((text) => parseStage(text)!),
  ).map((stage) => stage.length)

for (const { name, found, want } of [
  { name: "as they are said", found: sizes(20, "1", "10%", "50%"), want: [1, 1, 8, 10] },
  { name: "of one cluster there is one", found: sizes(1, "1", "10%", "50%"), want: [1] },
  { name: "none is one", found: sizes(3), want: [3] },
  { name: "of nobody there are none", found: sizes(0, "1"), want: [] },
  {
    name: "one that reaches less than the one before adds nobody",
    found: sizes(100, "30", "10%", "60%"),
    want: [30, 30, 40],
  },
]) {
  test(`stages: ${name}`, () => assert.deepEqual(found, want))
}

test("stages: everybody once, in order", () => {
  const stage: fc.Arbitrary<Stage> = fc.oneof(
    fc.integer({ min: 1, max: 300 }).map((count) => ({ count })),
    fc.integer({ min: 1, max: 100 }).map((percent) => ({ percent })),
  )
  fc.assert(
    fc.property(fc.nat(200), fc.array(stage, { maxLength: 5 }), (n, stages) => {
      const laid = stagesOf(names(n), stages)
      assert.deepEqual(laid.flat(), names(n))
      assert.ok(laid.every(({ length }) => length > 0))
    }),
  )
})

type Values = Readonly<Record<string, number | string>>

function work({ applied = "True", observedGeneration = 2, values = {} as Values, message = "" }): ManifestWork {
  const condition = { type: "Applied", status: applied, reason: "R", lastTransitionTime: "2026-01-01T00:00:00Z" }
  const told = Object.entries(values).map(([name, value]) => ({
    name,
    fieldValue: typeof value === "number" ? { type: "Integer", integer: value } : { type: "String", string: value },
  }))
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { name: "w", namespace: "c", generation: 2 },
    spec: {},
    status: {
      conditions: [{ ...condition, observedGeneration, message: "as a whole" }],
      resourceStatus: {
        manifests: [{ resourceMeta: {}, conditions: [{ ...condition, message }], statusFeedback: { values: told } }],
      },
    },
  } as unknown as ManifestWork
}

const rolledOut = { generation: 5, observed: 5, replicas: 1, updated: 1, ready: 1, progress: "NewReplicaSetAvailable" }

for (const { name, of, want } of [
  { name: "rolled out", of: work({ values: rolledOut }), want: { state: "done" } },
  {
    name: "told of what was before",
    of: work({ observedGeneration: 1, values: rolledOut }),
    want: { state: "waits", why: "its agent has not answered" },
  },
  {
    name: "the Deployment's controller has not looked",
    of: work({ values: { ...rolledOut, observed: 4 } }),
    want: { state: "waits", why: "1 of the new agent, 1 ready" },
  },
  {
    name: "both run",
    of: work({ values: { ...rolledOut, replicas: 2, ready: 2 } }),
    want: { state: "waits", why: "1 of the new agent, 2 ready" },
  },
  {
    name: "nothing is told yet",
    of: work({}),
    want: { state: "waits", why: "0 of the new agent, 0 ready" },
  },
  {
    name: "the new one does not come",
    of: work({ values: { ...rolledOut, updated: 0, progress: "ProgressDeadlineExceeded", message: "timed out" } }),
    want: { state: "failed", why: "timed out" },
  },
  {
    name: "no Deployment",
    of: work({ applied: "False", message: "spec.selector: Required value" }),
    want: { state: "failed", why: "spec.selector: Required value" },
  },
]) {
  test(`standing: ${name}`, () => assert.deepEqual(standingOf(of), want))
}
