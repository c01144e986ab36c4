import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { PODS, type Pod } from "#api/kubernetes/core.ts"
import type { ObjectMeta } from "#apimachinery/meta.ts"
import { planPod } from "./pod-status.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const NOW = "2026-01-02T03:04:05Z"
const options: Parameters<typeof planPod>[1] = {
  nowMs: NOW_MS,
  startedMs: undefined,
  runsForMs: 5_000,
  podIp: "10.0.0.7",
  hostIp: "10.1.0.1",
}

type Parts = { meta?: ObjectMeta; spec?: Partial<Pod["spec"]>; status?: Pod["status"] }
const newPod = ({ meta, spec, status }: Parts = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u", ...meta },
  spec: { containers: [{ name: "a", image: "registry/a:1" }], ...spec } as Pod["spec"],
  ...(status === undefined ? {} : { status }),
})

/** The one status that is written. */
function statusOf(pod: Pod, more: Partial<typeof options> = {}): NonNullable<Pod["status"]> {
  const { actions } = planPod(pod, { ...options, ...more })
  assert.equal(actions.length, 1)
  const [write] = actions
  assert.ok(write?.do === "patch" && write.subresource === "status")
  assert.deepEqual([write.type, write.key], [PODS, { namespace: "ns", name: "p" }])
  return (write.patch as { status: NonNullable<Pod["status"]> }).status
}
const isReady = (status: NonNullable<Pod["status"]>) => status.conditions?.find((c) => c.type === "Ready")?.status

describe("planPod", () => {
  test("starts one that waits: every container ready, with its addresses", () => {
    const status = statusOf(newPod({ spec: { initContainers: [{ name: "i", image: "registry/i:1" }] as never } }))
    assert.deepEqual(
      [status.phase, isReady(status), status.podIP, status.hostIP, status.startTime],
      ["Running", "True", "10.0.0.7", "10.1.0.1", NOW],
    )
    assert.deepEqual(
      status.containerStatuses?.map((c) => [c.name, c.image, c.ready, c.started, c.state]),
      [["a", "registry/a:1", true, true, { running: { startedAt: NOW } }]],
    )
    const ended = { exitCode: 0, reason: "Completed", startedAt: NOW, finishedAt: NOW }
    assert.deepEqual(
      status.initContainerStatuses?.map((c) => [c.name, c.state]),
      [["i", { terminated: ended }]],
    )
  })

  for (const { name, pod } of [
    { name: "one that runs for ever is left alone", pod: newPod({ status: { phase: "Running" } }) },
    { name: "so is one that has succeeded", pod: newPod({ status: { phase: "Succeeded" } }) },
    { name: "and one that has failed", pod: newPod({ status: { phase: "Failed" } }) },
  ]) {
    test(name, () => assert.deepEqual(planPod(pod, options).actions, []))
  }

  const task = newPod({
    spec: { restartPolicy: "Never" },
    status: { ...statusOf(newPod()), startTime: "2026-01-02T03:04:00Z" },
  })

  test("one with a task runs for its time", () => {
    assert.deepEqual(planPod(task, { ...options, startedMs: NOW_MS - 2_000 }), { actions: [], requeueAfterMs: 3_000 })
    assert.deepEqual(planPod(task, options), { actions: [], requeueAfterMs: 5_000 })
  })

  test("one that sleeps says itself for how long", () => {
    const containers = [{ name: "a", command: ["sleep"], args: ["60"] }]
    const pod = newPod({ spec: { restartPolicy: "Never", containers }, status: { phase: "Running" } })
    assert.equal(planPod(pod, { ...options, startedMs: NOW_MS - 10_000 }).requeueAfterMs, 50_000)
  })

  test("and then has succeeded", () => {
    const status = statusOf(task, { startedMs: NOW_MS - 5_000 })
    assert.deepEqual([status.phase, isReady(status)], ["Succeeded", "False"])
    assert.equal(status.conditions?.find((c) => c.type === "PodScheduled")?.status, "True")
    const ended = { exitCode: 0, reason: "Completed", startedAt: "2026-01-02T03:04:00Z", finishedAt: NOW }
    assert.deepEqual(
      status.containerStatuses?.map((c) => [c.ready, c.state]),
      [[false, { terminated: ended }]],
    )
  })

  test("one that leaves is taken away at once, and only that one", () => {
    const pod = newPod({ meta: { deletionTimestamp: NOW }, status: { phase: "Running" } })
    assert.deepEqual(planPod(pod, options).actions, [
      { do: "delete", type: PODS, key: { namespace: "ns", name: "p" }, uid: "u", gracePeriodSeconds: 0 },
    ])
  })
})
