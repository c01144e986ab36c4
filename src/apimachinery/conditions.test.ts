import assert from "node:assert/strict"
import { test } from "node:test"
import { findCondition, isConditionFalse, isConditionTrue, removeCondition, setCondition } from "./conditions.ts"

const BEFORE = "2026-01-01T00:00:00Z"
const NOW = "2026-01-02T03:04:05Z"
const nowMs = Date.parse(NOW)
const ready = { type: "Ready", status: "True", reason: "R", message: "m", lastTransitionTime: BEFORE } as const
const all = [{ ...ready, type: "First" }, ready]

for (const { name, change, want } of [
  {
    name: "another status: a new time",
    change: { status: "False" },
    want: { status: "False", lastTransitionTime: NOW },
  },
  { name: "another reason: the old time", change: { reason: "S" }, want: { reason: "S", lastTransitionTime: BEFORE } },
  {
    name: "another message: the old time",
    change: { message: "n" },
    want: { message: "n", lastTransitionTime: BEFORE },
  },
  {
    name: "another generation: the old time",
    change: { observedGeneration: 2 },
    want: { observedGeneration: 2, lastTransitionTime: BEFORE },
  },
  {
    name: "a status with a time of its own",
    change: { status: "Unknown", lastTransitionTime: "2020-01-01T00:00:00Z" },
    want: { status: "Unknown", lastTransitionTime: "2020-01-01T00:00:00Z" },
  },
] as const) {
  test(`setCondition: ${name}`, () => {
    const { lastTransitionTime: _, ...base } = ready
    const next = setCondition(all, { ...base, ...change }, nowMs)
    assert.deepEqual(next[1], { ...ready, ...want })
    assert.equal(next[0], all[0])
    assert.equal(all[1], ready)
  })
}

test("setCondition: nothing changed, the same array", () => {
  assert.equal(setCondition(all, { type: "Ready", status: "True", reason: "R", message: "m" }, nowMs), all)
})

test("setCondition: a new one comes last, with the time of now", () => {
  const next = setCondition(undefined, { type: "Ready", status: "True", reason: "R" }, nowMs)
  assert.deepEqual(next, [{ type: "Ready", status: "True", reason: "R", message: "", lastTransitionTime: NOW }])
})

test("findCondition, isConditionTrue, isConditionFalse, removeCondition", () => {
  assert.equal(findCondition(all, "Ready"), ready)
  assert.equal(findCondition(undefined, "Ready"), undefined)
  assert.equal(isConditionTrue(all, "Ready"), true)
  assert.equal(isConditionTrue(all, "Absent"), false)
  assert.equal(isConditionFalse(all, "Ready"), false)
  assert.deepEqual(removeCondition(all, "First"), [ready])
  assert.equal(removeCondition(all, "Absent"), all)
})
