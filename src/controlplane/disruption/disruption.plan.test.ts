import assert from "node:assert/strict"
import { test } from "node:test"
import type { ReplicaSet } from "#api/kubernetes/apps.ts"
import type { PodDisruptionBudget } from "#api/kubernetes/policy.ts"
import { NOW, NOW_MS, SELECTOR, newPod, template } from "#controlplane/workloads/testing/objects.ts"
import { planDisruption } from "./disruption.plan.ts"

const owner: ReplicaSet = {
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "rs", namespace: "ns", uid: "rs" },
  spec: { selector: SELECTOR, template: template() },
}
const newBudget = (spec: PodDisruptionBudget["spec"], status?: PodDisruptionBudget["status"]): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "b", namespace: "ns", generation: 2 },
  spec: { selector: SELECTOR, ...spec },
  ...(status === undefined ? {} : { status }),
})
const pods = [newPod("a", { owner }), newPod("b", { owner }), newPod("c", { owner, ready: false })]

const statusOf = (budget: PodDisruptionBudget, given = pods, scale: number | undefined = 4) => {
  const [write] = planDisruption(budget, given, () => scale, NOW_MS).actions
  return write?.do === "update" ? (write.object as PodDisruptionBudget).status : undefined
}
const counts = (status: PodDisruptionBudget["status"]) => [
  status?.disruptionsAllowed,
  status?.currentHealthy,
  status?.desiredHealthy,
  status?.expectedPods,
]

for (const { name, spec, want } of [
  { name: "a number that must be there", spec: { minAvailable: 1 }, want: [1, 2, 1, 3] },
  { name: "more than there are", spec: { minAvailable: 5 }, want: [0, 2, 5, 3] },
  { name: "a share of what is wanted", spec: { minAvailable: "50%" }, want: [0, 2, 2, 4] },
  { name: "a number that may be missing", spec: { maxUnavailable: 3 }, want: [1, 2, 1, 4] },
  { name: "a share that may be missing is rounded up", spec: { maxUnavailable: "51%" }, want: [1, 2, 1, 4] },
]) {
  test(`planDisruption: ${name}`, () => assert.deepEqual(counts(statusOf(newBudget(spec))), want))
}

test("planDisruption: an evicted pod does not count until it should long have gone", () => {
  const evicted = (ago: number) => {
    const status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
    const disruptedPods = { a: new Date(NOW_MS - ago).toISOString(), gone: NOW }
    return newBudget({ minAvailable: 1 }, { ...status, disruptedPods })
  }
  assert.deepEqual(counts(statusOf(evicted(60_000))), [0, 1, 1, 3])
  assert.deepEqual(Object.keys(statusOf(evicted(60_000))?.disruptedPods ?? {}), ["a"])
  assert.equal(planDisruption(evicted(60_000), pods, () => 4, NOW_MS).requeueAfterMs, 60_000)
  assert.deepEqual(counts(statusOf(evicted(121_000))), [1, 2, 1, 3])
})

test("planDisruption: pods of a controller that says no number", () => {
  const status = planDisruption(newBudget({ maxUnavailable: 1 }), pods, () => undefined, NOW_MS).actions[0]
  const condition = status?.do === "update" && (status.object as PodDisruptionBudget).status?.conditions?.[0]
  assert.deepEqual(condition, {
    type: "DisruptionAllowed",
    status: "False",
    observedGeneration: 2,
    lastTransitionTime: NOW,
    reason: "SyncFailed",
    message: 'found no controllers for pod "a"',
  })
})

test("planDisruption: nothing to write twice", () => {
  const budget = newBudget({ minAvailable: 1 })
  assert.deepEqual(planDisruption({ ...budget, status: statusOf(budget)! }, pods, () => 4, NOW_MS).actions, [])
})
