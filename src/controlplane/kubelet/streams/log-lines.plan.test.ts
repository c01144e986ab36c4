import assert from "node:assert/strict"
import { test } from "node:test"
import type { Pod } from "#api/kubernetes/core.ts"
import { NOW, NOW_MS, newPod } from "#controlplane/workloads/testing/objects.ts"
import { logLines, logText, nextLineMs } from "./log-lines.plan.ts"

const START = "2026-01-02T03:01:00Z"
const podWith = (state: Record<string, unknown>): Pod => {
  const pod = newPod("a")
  const status = { name: "c", image: "nginx", ready: true, restartCount: 0, state }
  return { ...pod, status: { ...pod.status, containerStatuses: [status] } }
}
const running = podWith({ running: { startedAt: START } })
const textsOf = (pod: Pod) => logLines(pod, "c", NOW_MS)?.map(({ text }) => text)

test("logLines: what a container that runs has said", () => {
  assert.deepEqual(textsOf(running), [
    "container c of pod ns/a started on node-1",
    "it is simulated: nothing runs in it, image nginx",
    "container c has been running for 1 min",
    "container c has been running for 2 min",
    "container c has been running for 3 min",
  ])
  assert.equal(nextLineMs(running, "c", NOW_MS), Date.parse("2026-01-02T03:05:00Z"))
})

test("logLines: one that has ended says so, and nothing more", () => {
  const ended = podWith({ terminated: { startedAt: START, finishedAt: "2026-01-02T03:01:30Z", exitCode: 0 } })
  assert.equal(textsOf(ended)?.at(-1), "container c ended with exit code 0")
  assert.equal(nextLineMs(ended, "c", NOW_MS), undefined)
})

test("logLines: one that has not started, or is not there, says nothing", () => {
  assert.equal(textsOf(podWith({ waiting: {} })), undefined)
  assert.equal(logLines(running, "other", NOW_MS), undefined)
})

test("logLines: only so many of one that has run for long", () => {
  const old = podWith({ running: { startedAt: "2020-01-01T00:00:00Z" } })
  assert.ok(textsOf(old)!.length <= 1003)
})

test("logText: since, tail and timestamps", () => {
  const lines = [
    { timeMs: NOW_MS - 60_000, text: "one" },
    { timeMs: NOW_MS, text: "two" },
    { timeMs: NOW_MS, text: "three" },
  ]
  assert.equal(logText(lines, {}), "one\ntwo\nthree\n")
  assert.equal(logText(lines, { sinceMs: NOW_MS }), "two\nthree\n")
  assert.equal(logText(lines, { tailLines: 1, timestamps: true }), `${NOW.replace("Z", ".000000000Z")} three\n`)
  assert.equal(logText(lines, { tailLines: 0 }), "")
})
