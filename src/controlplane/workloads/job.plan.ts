import { JOBS, type Job } from "#api/kubernetes/batch.ts"
import type { BuiltInCondition, Pod } from "#api/kubernetes/core.ts"
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { bySparability, isActive, isReady, podCreation, podDeletion, statusWrite } from "./pods.ts"

/** Runs pods until as many as wanted have succeeded, too many have failed, or its time is up. */
export function planJob(job: Job, pods: readonly Pod[], nowMs: number): Plan {
  if (job.metadata.deletionTimestamp !== undefined) return NOTHING
  if (isFinished(job)) return planExpiry(job, nowMs)
  const progress = progressOf(job, pods)
  const end = endOf(job, progress, nowMs)
  const status = statusOf(job, progress, end, formatTime(nowMs))
  const writes = end !== undefined || job.spec.suspend ? progress.active.map(podDeletion) : podWrites(job, progress)
  const dueMs = end === undefined ? deadlineMs(job, status.startTime) : undefined
  return {
    actions: [
      ...(writes.length === 0 ? [] : [{ do: "together" as const, actions: writes }]),
      ...statusWrite(JOBS, job, status),
    ],
    ...(dueMs === undefined ? {} : { requeueAfterMs: Math.max(0, dueMs - nowMs) }),
  }
}

/** The condition with which a job ended; undefined while it runs. */
export const endingOf = ({ status }: Job): BuiltInCondition | undefined =>
  (status?.conditions ?? []).find((c) => (c.type === "Complete" || c.type === "Failed") && c.status === "True")

const isFinished = (job: Job) => endingOf(job) !== undefined

/** One that has ended goes when its time to live is over. */
function planExpiry(job: Job, nowMs: number): Plan {
  const { ttlSecondsAfterFinished } = job.spec
  const endedMs = parseTimeMs(endingOf(job)?.lastTransitionTime)
  if (ttlSecondsAfterFinished === undefined || endedMs === undefined) return NOTHING
  const dueMs = endedMs + ttlSecondsAfterFinished * 1000
  return nowMs < dueMs ? { actions: [], requeueAfterMs: dueMs - nowMs } : { actions: [jobDeletion(job, "Foreground")] }
}

export function jobDeletion({ metadata }: Job, propagationPolicy: "Background" | "Foreground"): Action {
  const { name = "", namespace = "", uid } = metadata
  const key = { namespace, name }
  return { do: "delete", type: JOBS as never, key, propagationPolicy, ...(uid === undefined ? {} : { uid }) }
}

type Progress = {
  readonly active: readonly Pod[]
  readonly terminating: number
  readonly succeeded: number
  readonly failed: number
}

/** What was counted once stays counted, whoever takes the pod away. */
function progressOf(job: Job, pods: readonly Pod[]): Progress {
  const inPhase = (phase: string) => pods.filter((pod) => pod.status?.phase === phase)
  const succeeded = inPhase("Succeeded").length
  const failed = inPhase("Failed").length
  const active = pods.filter(isActive)
  return {
    active,
    terminating: pods.length - active.length - succeeded - failed,
    succeeded: Math.max(succeeded, job.status?.succeeded ?? 0),
    failed: Math.max(failed, job.status?.failed ?? 0),
  }
}

/** Without `completions` one success ends the job, when the pods that still run have ended too. */
function isComplete(job: Job, { active, succeeded }: Progress): boolean {
  const { completions } = job.spec
  if (completions !== undefined) return succeeded >= completions
  return succeeded > 0 && (active.length === 0 || job.spec.suspend === true)
}

function podWrites(job: Job, { active, succeeded }: Progress): Action[] {
  const { parallelism = 1, completions } = job.spec
  const open = completions === undefined ? (succeeded > 0 ? active.length : parallelism) : completions - succeeded
  const missing = Math.min(parallelism, open) - active.length
  if (missing < 0) return active.toSorted(bySparability).slice(0, -missing).map(podDeletion)
  const name = job.metadata.name ?? ""
  const labels = { "batch.kubernetes.io/job-name": name, "job-name": name }
  return Array.from({ length: missing }, () => podCreation(job, job.spec.template, { labels }))
}

type End = { readonly well: boolean; readonly reason: string; readonly message: string }

function endOf(job: Job, progress: Progress, nowMs: number): End | undefined {
  if (progress.failed > (job.spec.backoffLimit ?? 6)) {
    return { well: false, reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" }
  }
  if ((deadlineMs(job, job.status?.startTime) ?? Infinity) <= nowMs) {
    return { well: false, reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" }
  }
  if (!isComplete(job, progress)) return undefined
  return { well: true, reason: "CompletionsReached", message: "Reached expected number of succeeded pods" }
}

/** When the job has run for too long; time in which it is suspended does not count. */
function deadlineMs(job: Job, startTime: string | undefined): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec
  const startMs = parseTimeMs(startTime)
  if (activeDeadlineSeconds === undefined || suspend || startMs === undefined) return undefined
  return startMs + activeDeadlineSeconds * 1000
}

function statusOf(job: Job, progress: Progress, end: End | undefined, now: string): NonNullable<Job["status"]> {
  const idle = end !== undefined || job.spec.suspend === true
  const { active, terminating, succeeded, failed } = progress
  const resumed = isSuspended(job) && !job.spec.suspend
  const startTime = resumed ? now : (job.status?.startTime ?? (job.spec.suspend ? undefined : now))
  const conditions = [...suspension(job, now), ...(end === undefined ? [] : ending(end, now))]
  return {
    active: idle ? 0 : active.length,
    ready: idle ? 0 : active.filter(isReady).length,
    succeeded,
    failed,
    terminating: terminating + (idle ? active.length : 0),
    ...(startTime === undefined ? {} : { startTime }),
    uncountedTerminatedPods: {},
    ...(end?.well ? { completionTime: now } : {}),
    ...(conditions.length === 0 ? {} : { conditions }),
  }
}

const isSuspended = (job: Job) =>
  (job.status?.conditions ?? []).some((c) => c.type === "Suspended" && c.status === "True")

/** The conditions as they are, with what is to be said of being suspended: nothing for a job that never was. */
function suspension(job: Job, now: string): BuiltInCondition[] {
  const before = job.status?.conditions ?? []
  if (isSuspended(job) === (job.spec.suspend === true)) return before
  const condition: BuiltInCondition = {
    type: "Suspended",
    ...(job.spec.suspend
      ? { status: "True", reason: "JobSuspended", message: "Job suspended" }
      : { status: "False", reason: "JobResumed", message: "Job resumed" }),
    lastProbeTime: now,
    lastTransitionTime: now,
  }
  return [...before.filter((c) => c.type !== condition.type), condition]
}

function ending({ well, reason, message }: End, now: string): BuiltInCondition[] {
  return (well ? ["SuccessCriteriaMet", "Complete"] : ["FailureTarget", "Failed"]).map((type) => ({
    type,
    status: "True",
    reason,
    message,
    lastProbeTime: now,
    lastTransitionTime: now,
  }))
}
