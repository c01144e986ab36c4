import assert from "node:assert/strict"
import { test } from "node:test"
import type { CronJob, Job } from "#api/kubernetes/batch.ts"
import { writesOf } from "#runtime/apply-plan.ts"
import { planCronJob } from "./cronjob.plan.ts"
import { controllerReference } from "./pods.ts"
import { NOW_MS, statusIn, template, textsOf } from "./testing/objects.ts"

/** NOW is 03:04:05; this minute's number since the epoch names its job. */
const THIS_MINUTE = Math.floor(NOW_MS / 60_000)

const newCronJob = (spec: Partial<CronJob["spec"]> = {}, status: CronJob["status"] = {}): CronJob => ({
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: { name: "cj", namespace: "ns", uid: "u", creationTimestamp: "2026-01-02T03:03:30Z" },
  spec: {
    schedule: "* * * * *",
    jobTemplate: { metadata: { labels: { a: "b" } }, spec: { template: template() } },
    ...spec,
  },
  status,
})

const newJob = (name: string, status: Job["status"] = {}): Job => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name, namespace: "ns", uid: `uid-${name}`, ownerReferences: [controllerReference(newCronJob())] },
  spec: { template: template() },
  status,
})

const ended = (name: string, type: string, startTime: string) =>
  newJob(name, { startTime, completionTime: startTime, conditions: [{ type, status: "True" }] })

const CREATE = `create jobs.batch ns/cj-${THIS_MINUTE}`
const REPORT = "patch cronjobs.batch/status ns/cj"

for (const { name, cronJob, jobs = [], want } of [
  { name: "its time has come", cronJob: newCronJob(), want: [CREATE, REPORT] },
  { name: "the next time has not", cronJob: newCronJob({}, { lastScheduleTime: "2026-01-02T03:04:00Z" }), want: [] },
  { name: "suspended", cronJob: newCronJob({ suspend: true }), want: [] },
  { name: "too late", cronJob: newCronJob({ schedule: "0 3 * * *", startingDeadlineSeconds: 200 }), want: [] },
  {
    name: "only the last of many missed",
    cronJob: newCronJob({}, { lastScheduleTime: "2025-12-02T03:04:00Z" }),
    want: [CREATE, REPORT],
  },
  {
    name: "forbidden beside another",
    cronJob: newCronJob({ concurrencyPolicy: "Forbid" }),
    jobs: [newJob("cj-1")],
    want: [REPORT],
  },
  {
    name: "in the place of another",
    cronJob: newCronJob({ concurrencyPolicy: "Replace" }),
    jobs: [newJob("cj-1")],
    want: ["delete jobs.batch ns/cj-1", CREATE, REPORT],
  },
  {
    name: "keeps the last that ended",
    cronJob: newCronJob({ suspend: true, successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 }),
    jobs: [
      ended("new", "Complete", "2026-01-02T03:02:00Z"),
      ended("old", "Complete", "2026-01-02T03:01:00Z"),
      ended("bad", "Failed", "2026-01-02T03:03:00Z"),
    ],
    want: ["delete jobs.batch ns/old", "delete jobs.batch ns/bad", REPORT],
  },
]) {
  test(`planCronJob: ${name}`, () => assert.deepEqual(textsOf(planCronJob(cronJob, jobs, NOW_MS).actions), want))
}

test("planCronJob: the job has the template's labels, its time and its owner", () => {
  const { actions, requeueAfterMs } = planCronJob(newCronJob(), [], NOW_MS)
  const create = writesOf(actions).find((write) => write.do === "create")
  assert.deepEqual(create?.do === "create" && create.object.metadata, {
    name: `cj-${THIS_MINUTE}`,
    namespace: "ns",
    labels: { a: "b" },
    annotations: { "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-02T03:04:00Z" },
    ownerReferences: [controllerReference(newCronJob())],
  })
  assert.equal(requeueAfterMs, 55_000)
})

test("planCronJob: the status names what runs and when something last succeeded", () => {
  const jobs = [newJob("cj-1"), ended("cj-0", "Complete", "2026-01-02T03:02:00Z")]
  const status = statusIn<CronJob["status"]>(planCronJob(newCronJob({ suspend: true }), jobs, NOW_MS).actions)
  assert.deepEqual(status, {
    active: [{ kind: "Job", apiVersion: "batch/v1", name: "cj-1", namespace: "ns", uid: "uid-cj-1" }],
    lastSuccessfulTime: "2026-01-02T03:02:00Z",
  })
})
