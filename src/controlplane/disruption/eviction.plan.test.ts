import assert from "node:assert/strict"
import { test } from "node:test"
import type { PodDisruptionBudget } from "#api/kubernetes/policy.ts"
import { NOW, NOW_MS, newPod } from "#controlplane/workloads/testing/objects.ts"
import { judgeEviction } from "./eviction.plan.ts"

const newBudget = (
  disruptionsAllowed: number,
  parts: Partial<PodDisruptionBudget["status"]> = {},
): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "b", namespace: "ns", generation: 2 },
  spec: {},
  status: {
    observedGeneration: 2,
    disruptionsAllowed,
    currentHealthy: 2,
    desiredHealthy: 2,
    expectedPods: 3,
    ...parts,
  },
})

for (const { name, pod, budgets } of [
  { name: "without a budget", pod: newPod("a"), budgets: [] },
  { name: "that has ended", pod: newPod("a", { phase: "Failed" }), budgets: [newBudget(0)] },
  { name: "that leaves already", pod: newPod("a", { leaving: true }), budgets: [newBudget(0)] },
]) {
  test(`judgeEviction: a pod ${name} may go`, () => assert.deepEqual(judgeEviction(pod, budgets, NOW_MS), {}))
}

test("judgeEviction: a pod that serves nobody may go as it was seen, while enough others serve", () => {
  const unready = newPod("a", { ready: false })
  assert.deepEqual(judgeEviction(unready, [newBudget(0)], NOW_MS), { asSeen: true })
  assert.ok("refused" in judgeEviction(unready, [newBudget(0, { currentHealthy: 1 })], NOW_MS))
  const always = { ...newBudget(0, { currentHealthy: 1 }), spec: { unhealthyPodEvictionPolicy: "AlwaysAllow" } }
  assert.deepEqual(judgeEviction(unready, [always], NOW_MS), { asSeen: true })
})

test("judgeEviction: the budget is charged", () => {
  const verdict = judgeEviction(newPod("a"), [newBudget(1)], NOW_MS)
  const status = "charged" in verdict ? verdict.charged?.status : undefined
  assert.deepEqual([status?.disruptionsAllowed, status?.disruptedPods], [0, { a: NOW }])
  assert.deepEqual(
    status?.conditions?.map((c) => `${c.type}=${c.status} ${c.reason}`),
    ["DisruptionAllowed=False InsufficientPods"],
  )
})

for (const { name, budgets, want } of [
  {
    name: "nothing left",
    budgets: [newBudget(0)],
    want: "429 The disruption budget b needs 2 healthy pods and has 2 currently",
  },
  {
    name: "not counted yet",
    budgets: [newBudget(1, { observedGeneration: 1 })],
    want: "429 The disruption budget b is still being processed by the server.",
  },
  { name: "two budgets", budgets: [newBudget(1), newBudget(1)], want: "500 undefined" },
  { name: "a budget in debt", budgets: [newBudget(-1)], want: "403 undefined" },
]) {
  test(`judgeEviction: refused, ${name}`, () => {
    const verdict = judgeEviction(newPod("a"), budgets, NOW_MS)
    assert.ok("refused" in verdict)
    const { code, details } = verdict.refused.status
    assert.equal(`${code} ${details?.causes?.[0]?.message}`, want)
  })
}
