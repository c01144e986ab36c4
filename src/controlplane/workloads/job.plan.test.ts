import assert from "node:assert/strict"
import { test } from "node:test"
import type { Job } from "#api/kubernetes/batch.ts"
import type { Pod } from "#api/kubernetes/core.ts"
import { formatTime } from "#lib/clock.ts"
import { planJob } from "./job.plan.ts"
import { BEFORE, newPod, NOW, NOW_MS, statusIn, template, textsOf } from "./testing/objects.ts"

const newJob = (spec: Partial<Job["spec"]> = {}, status?: Job["status"], meta = {}): Job => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "j", namespace: "ns", uid: "u", ...meta },
  spec: { template: template(), completions: 1, parallelism: 1, ...spec },
  ...(status === undefined ? {} : { status }),
})
/** Pods named after their phase: `s` succeeded, `f` failed, `r` runs and is ready, `p` is pending, `l` leaves. */
const pods = (phases: string): Pod[] =>
  [...phases].map((letter, i) => {
    const phase = { s: "Succeeded", f: "Failed", p: "Pending" }[letter] ?? "Running"
    return newPod(`${letter}${i}`, { phase, leaving: letter === "l", node: letter === "p" ? "" : "n" })
  })
/** Without `completions`: any success is one. */
const anySuccess = (parallelism: number) => {
  const { completions: _, ...spec } = newJob({ parallelism }).spec
  return { ...newJob(), spec }
}
const CREATE = "create pods ns/j-…"
const remove = (name: string) => `delete pods ns/${name}`

for (const { name, job, given, want } of [
  { name: "the first pod", job: newJob(), given: "", want: [CREATE] },
  {
    name: "as many side by side as are allowed",
    job: newJob({ completions: 5, parallelism: 2 }),
    given: "",
    want: [CREATE, CREATE],
  },
  {
    name: "never more than are still wanted",
    job: newJob({ completions: 5, parallelism: 3 }),
    given: "sss",
    want: [CREATE, CREATE],
  },
  { name: "running pods count", job: newJob({ completions: 5, parallelism: 3 }), given: "srp", want: [CREATE] },
  {
    name: "one that leaves does not count",
    job: newJob({ completions: 2, parallelism: 1 }),
    given: "l",
    want: [CREATE],
  },
  { name: "one that failed is made up for", job: newJob(), given: "f", want: [CREATE] },
  { name: "parallelism of 0: none", job: newJob({ parallelism: 0 }), given: "", want: [] },
  {
    name: "less parallelism: who has no node goes first",
    job: newJob({ completions: 5, parallelism: 1 }),
    given: "rp",
    want: [remove("p1")],
  },
  { name: "complete: those that still run go", job: newJob(), given: "sr", want: [remove("r1")] },
  { name: "as many failures as are allowed", job: newJob({ backoffLimit: 2 }), given: "ff", want: [CREATE] },
  {
    name: "one more",
    job: newJob({ backoffLimit: 2, parallelism: 2, completions: 2 }),
    given: "fffr",
    want: [remove("r3")],
  },
  { name: "six are allowed when nothing is said", job: newJob(), given: "ffffff", want: [CREATE] },
  { name: "seven are too many", job: newJob(), given: "fffffff", want: [] },
  {
    name: "suspended: all stop",
    job: newJob({ suspend: true, parallelism: 2, completions: 2 }),
    given: "rp",
    want: [remove("r0"), remove("p1")],
  },
  { name: "any success: as many as run side by side", job: anySuccess(2), given: "", want: [CREATE, CREATE] },
  { name: "any success: after one no more are made, and none is stopped", job: anySuccess(3), given: "sr", want: [] },
  {
    name: "a success whose pod is gone stays counted",
    job: newJob({ completions: 2 }, { succeeded: 2 }),
    given: "",
    want: [],
  },
  { name: "being deleted: nothing", job: newJob({}, undefined, { deletionTimestamp: NOW }), given: "", want: [] },
] satisfies { name: string; job: Job; given: string; want: string[] }[]) {
  test(`planJob: ${name}`, () => {
    const texts = textsOf(planJob(job, pods(given), NOW_MS).actions)
    assert.deepEqual(
      texts.filter((text) => text !== "patch jobs.batch/status ns/j"),
      want,
    )
  })
}

const endings = (types: string[], reason: string, message: string) =>
  types.map((type) => ({ type, status: "True", reason, message, lastProbeTime: NOW, lastTransitionTime: NOW }))
const COMPLETE = endings(
  ["SuccessCriteriaMet", "Complete"],
  "CompletionsReached",
  "Reached expected number of succeeded pods",
)
const suspended = (status: "True" | "False", at: string) => ({
  type: "Suspended",
  status,
  ...(status === "True"
    ? { reason: "JobSuspended", message: "Job suspended" }
    : { reason: "JobResumed", message: "Job resumed" }),
  lastProbeTime: at,
  lastTransitionTime: at,
})
const none = { active: 0, ready: 0, succeeded: 0, failed: 0, terminating: 0, uncountedTerminatedPods: {} }

for (const { name, job, given, want } of [
  {
    name: "it runs",
    job: newJob({ completions: 9, parallelism: 9 }),
    given: "sffrrpl",
    want: { ...none, active: 3, ready: 2, succeeded: 1, failed: 2, terminating: 1, startTime: NOW },
  },
  {
    name: "complete",
    job: newJob({}, { startTime: BEFORE }),
    given: "sr",
    want: { ...none, succeeded: 1, terminating: 1, startTime: BEFORE, completionTime: NOW, conditions: COMPLETE },
  },
  {
    name: "any success, and nobody runs: complete",
    job: anySuccess(2),
    given: "sf",
    want: { ...none, succeeded: 1, failed: 1, startTime: NOW, completionTime: NOW, conditions: COMPLETE },
  },
  {
    name: "too many failures",
    job: newJob({ backoffLimit: 0 }, { startTime: BEFORE }),
    given: "f",
    want: {
      ...none,
      failed: 1,
      startTime: BEFORE,
      conditions: endings(
        ["FailureTarget", "Failed"],
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
      ),
    },
  },
  {
    name: "its time is up",
    job: newJob({ activeDeadlineSeconds: 60 }, { startTime: formatTime(NOW_MS - 60_000) }),
    given: "r",
    want: {
      ...none,
      terminating: 1,
      startTime: formatTime(NOW_MS - 60_000),
      conditions: endings(
        ["FailureTarget", "Failed"],
        "DeadlineExceeded",
        "Job was active longer than specified deadline",
      ),
    },
  },
  {
    name: "suspended from the beginning: it has not started",
    job: newJob({ suspend: true }),
    given: "",
    want: { ...none, conditions: [suspended("True", NOW)] },
  },
  {
    name: "resumed: it starts anew",
    job: newJob({}, { startTime: BEFORE, conditions: [suspended("True", BEFORE)] }),
    given: "",
    want: { ...none, startTime: NOW, conditions: [suspended("False", NOW)] },
  },
] satisfies { name: string; job: Job; given: string; want: object }[]) {
  test(`planJob: status: ${name}`, () => assert.deepEqual(statusIn(planJob(job, pods(given), NOW_MS).actions), want))
}

for (const { name, spec, startTime, want } of [
  { name: "has no deadline", spec: {}, startTime: BEFORE, want: undefined },
  {
    name: "wakes at its deadline",
    spec: { activeDeadlineSeconds: 60 },
    startTime: formatTime(NOW_MS - 59_000),
    want: 1000,
  },
  {
    name: "counts from now when it starts now",
    spec: { activeDeadlineSeconds: 60 },
    startTime: undefined,
    want: 60_000,
  },
  {
    name: "does not count while suspended",
    spec: { activeDeadlineSeconds: 60, suspend: true },
    startTime: BEFORE,
    want: undefined,
  },
]) {
  test(`planJob: ${name}`, () => {
    const job = newJob(spec, startTime === undefined ? undefined : { startTime })
    assert.equal(planJob(job, [], NOW_MS).requeueAfterMs, want)
  })
}

test("planJob: what has ended stays as it is", () => {
  for (const type of ["Complete", "Failed"]) {
    const job = newJob({ completions: 3 }, { succeeded: 1, conditions: [{ type, status: "True" }] })
    assert.deepEqual(planJob(job, pods("r"), NOW_MS), { actions: [] })
  }
})

for (const { name, endedAgoMs, want } of [
  { name: "not yet", endedAgoMs: 59_000, want: { texts: [], requeueAfterMs: 1000 } },
  { name: "now", endedAgoMs: 60_000, want: { texts: ["delete jobs.batch ns/j"], requeueAfterMs: undefined } },
]) {
  test(`planJob: one with a time to live goes after it: ${name}`, () => {
    const lastTransitionTime = formatTime(NOW_MS - endedAgoMs)
    const conditions = [{ type: "Complete", status: "True" as const, lastTransitionTime }]
    const { actions, requeueAfterMs } = planJob(newJob({ ttlSecondsAfterFinished: 60 }, { conditions }), [], NOW_MS)
    assert.deepEqual({ texts: textsOf(actions), requeueAfterMs }, want)
  })
}
