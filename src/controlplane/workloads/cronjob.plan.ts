// Source: k8s.io/kubernetes pkg/controller/cronjob.
import { CRON_JOBS, JOBS, type CronJob, type Job } from "#api/kubernetes/batch.ts"
import type { ObjectReference } from "#api/kubernetes/events.ts"
import { compareText, deepEqual } from "#apimachinery/json.ts"
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import { parseCron, type CronSchedule } from "#lib/cron.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { endingOf, jobDeletion } from "./job.plan.ts"
import { controllerReference } from "./pods.ts"

const SUCCESSFUL_KEPT = 3
const FAILED_KEPT = 1
const DAY_MS = 86_400_000
/** How far back a missed time is looked for, the nearest first: then few times lie between it and now. */
const LOOK_BACK_MS = [3_600_000, DAY_MS, 32 * DAY_MS, 5 * 366 * DAY_MS]

/** Starts a job when its time has come, unless too late or another still runs, and keeps only the last ones that have ended. */
export function planCronJob(cronJob: CronJob, jobs: readonly Job[], nowMs: number): Plan {
  const running = jobs.filter((job) => endingOf(job) === undefined)
  const old = surplusOf(cronJob, jobs).map((job) => jobDeletion(job, "Background"))
  const { schedule } = parseCron(cronJob.spec.schedule, cronJob.spec.timeZone ?? undefined)
  const start =
    cronJob.metadata.deletionTimestamp === undefined && cronJob.spec.suspend !== true && schedule !== undefined
      ? planStart(cronJob, { running, jobs, schedule, nowMs })
      : undefined
  const replaced = new Set(start?.replaces ?? [])
  const active = [...running.filter((job) => !replaced.has(job)), ...(start?.job === undefined ? [] : [start.job])]
  return {
    actions: [
      ...(old.length === 0 ? [] : [{ do: "together" as const, actions: old }]),
      ...[...replaced].map((job) => jobDeletion(job, "Background")),
      ...(start?.job === undefined ? [] : [{ do: "create" as const, type: JOBS as never, object: start.job }]),
      ...statusWrite(cronJob, { jobs, active, scheduledMs: start?.scheduledMs }),
    ],
    ...(start?.nextMs === undefined ? {} : { requeueAfterMs: Math.max(start.nextMs - nowMs, 0) }),
  }
}

type Start = {
  /** To be created now. */
  readonly job?: Job
  /** Running jobs that it takes the place of. */
  readonly replaces?: readonly Job[]
  /** The time that the job is for. */
  readonly scheduledMs?: number
  /** When to look again. */
  readonly nextMs?: number | undefined
}

function planStart(
  cronJob: CronJob,
  seen: {
    readonly running: readonly Job[]
    readonly jobs: readonly Job[]
    readonly schedule: CronSchedule
    readonly nowMs: number
  },
): Start {
  const { running, jobs, schedule, nowMs } = seen
  const { concurrencyPolicy, startingDeadlineSeconds } = cronJob.spec
  const nextMs = schedule.nextMs(nowMs)
  const scheduledMs = lastDue(schedule, earliestMs(cronJob, nowMs), nowMs)
  if (scheduledMs === undefined) return { nextMs }
  const isTooLate = startingDeadlineSeconds !== undefined && scheduledMs + startingDeadlineSeconds * 1000 < nowMs
  const job = newJob(cronJob, scheduledMs)
  const isThere = jobs.some(({ metadata }) => metadata.name === job.metadata.name)
  if (isTooLate || isThere || (concurrencyPolicy === "Forbid" && running.length > 0)) return { nextMs }
  return { job, scheduledMs, nextMs, ...(concurrencyPolicy === "Replace" ? { replaces: running } : {}) }
}

/** Times before this are no longer asked after. */
function earliestMs({ metadata, status, spec }: CronJob, nowMs: number): number {
  const lastMs = parseTimeMs(status?.lastScheduleTime) ?? parseTimeMs(metadata.creationTimestamp) ?? nowMs
  if (spec.startingDeadlineSeconds === undefined) return lastMs
  return Math.max(lastMs, nowMs - spec.startingDeadlineSeconds * 1000)
}

/** The last time of the schedule after `afterMs` that is not in the future. */
function lastDue(schedule: CronSchedule, afterMs: number, nowMs: number): number | undefined {
  for (const back of LOOK_BACK_MS) {
    const fromMs = Math.max(afterMs, nowMs - back)
    let found: number | undefined
    for (let ms = schedule.nextMs(fromMs); ms !== undefined && ms <= nowMs; ms = schedule.nextMs(ms)) found = ms
    if (found !== undefined || fromMs === afterMs) return found
  }
  return undefined
}

/** Named after its minute, so that one time never makes two. */
function newJob(cronJob: CronJob, scheduledMs: number): Job {
  const { metadata, spec } = cronJob.spec.jobTemplate
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${cronJob.metadata.name}-${Math.floor(scheduledMs / 60_000)}`,
      ...(cronJob.metadata.namespace === undefined ? {} : { namespace: cronJob.metadata.namespace }),
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: {
        ...metadata?.annotations,
        "batch.kubernetes.io/cronjob-scheduled-timestamp": formatTime(scheduledMs),
      },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec,
  }
}

/** The ended jobs that are too many, the oldest ones. */
function surplusOf({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const ended = (type: string) =>
    jobs.filter((job) => endingOf(job)?.type === type && job.metadata.deletionTimestamp === undefined)
  const beyond = (list: readonly Job[], kept: number) =>
    list.toSorted((a, b) => compareText(startOf(b), startOf(a))).slice(kept)
  return [
    ...beyond(ended("Complete"), spec.successfulJobsHistoryLimit ?? SUCCESSFUL_KEPT),
    ...beyond(ended("Failed"), spec.failedJobsHistoryLimit ?? FAILED_KEPT),
  ]
}

const startOf = ({ metadata, status }: Job) => `${status?.startTime ?? metadata.creationTimestamp} ${metadata.name}`

function statusWrite(
  cronJob: CronJob,
  seen: { readonly jobs: readonly Job[]; readonly active: readonly Job[]; readonly scheduledMs: number | undefined },
): Action[] {
  const before = cronJob.status ?? {}
  const references = seen.active.map(({ apiVersion, kind, metadata }): ObjectReference => ({
    kind,
    apiVersion,
    name: metadata.name ?? "",
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
  }))
  const active = references.toSorted((a, b) => compareText(a.name ?? "", b.name ?? ""))
  const succeeded = seen.jobs
    .map(({ status }) => status?.completionTime ?? "")
    .toSorted(compareText)
    .at(-1)
  const lastSuccess = [succeeded ?? "", before.lastSuccessfulTime ?? ""].toSorted(compareText).at(-1)
  const status = {
    ...(active.length === 0 ? {} : { active }),
    ...(lastSuccess ? { lastSuccessfulTime: lastSuccess } : {}),
    ...(seen.scheduledMs !== undefined
      ? { lastScheduleTime: formatTime(seen.scheduledMs) }
      : before.lastScheduleTime === undefined
        ? {}
        : { lastScheduleTime: before.lastScheduleTime }),
  }
  if (deepEqual(status, before)) return []
  const { name = "", namespace = "" } = cronJob.metadata
  const patch = { status: { ...status, active: active.length === 0 ? null : active } }
  return [{ do: "patch", type: CRON_JOBS as never, key: { namespace, name }, patch, subresource: "status" }]
}
