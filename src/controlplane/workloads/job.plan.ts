import { JOBS, type Job } from "#api/kubernetes/batch.ts"
import type { BuiltInCondition, Pod } from "#api/kubernetes/core.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { formatTime } from "#lib/clock.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { isActive, isReady, podCreation, podDeletion } from "./pods.ts"

/** Runs pods until as many as wanted have succeeded, or too many have failed. */
export function planJob(job: Job, pods: readonly Pod[], nowMs: number): Plan {
  if (job.metadata.deletionTimestamp !== undefined || isFinished(job)) return NOTHING
  const now = formatTime(nowMs)
  const active = pods.filter(isActive)
  const succeeded = pods.filter((pod) => pod.status?.phase === "Succeeded").length
  const failed = pods.filter((pod) => pod.status?.phase === "Failed").length
  const completions = job.spec.completions ?? job.spec.parallelism ?? 1
  const complete = succeeded >= completions
  const broken = failed > (job.spec.backoffLimit ?? 6)
  const actions: Action[] = []
  if (complete || broken || job.spec.suspend) actions.push(...active.map(podDeletion))
  else {
    const missing = Math.min(job.spec.parallelism ?? 1, completions - succeeded) - active.length
    if (missing > 0) {
      const labels = { "batch.kubernetes.io/job-name": job.metadata.name ?? "", "job-name": job.metadata.name ?? "" }
      actions.push({
        do: "together",
        actions: Array.from({ length: missing }, () => podCreation(job, job.spec.template, { labels })),
      })
    }
  }
  const status = statusOf(job, { active, succeeded, failed, complete, broken }, now)
  if (!deepEqual(status, job.status)) {
    const { name = "", namespace = "" } = job.metadata
    actions.push({
      do: "patch",
      type: JOBS as never,
      key: { namespace, name },
      patch: { status },
      subresource: "status",
    })
  }
  return { actions }
}

const isFinished = (job: Job) =>
  (job.status?.conditions ?? []).some((c) => (c.type === "Complete" || c.type === "Failed") && c.status === "True")

type Progress = { active: readonly Pod[]; succeeded: number; failed: number; complete: boolean; broken: boolean }

function statusOf(
  job: Job,
  { active, succeeded, failed, complete, broken }: Progress,
  now: string,
): NonNullable<Job["status"]> {
  const ended = complete || broken
  return {
    active: ended ? 0 : active.length,
    ready: ended ? 0 : active.filter(isReady).length,
    succeeded,
    failed,
    terminating: 0,
    startTime: job.status?.startTime ?? now,
    uncountedTerminatedPods: {},
    ...(complete ? { completionTime: now } : {}),
    ...(ended ? { conditions: conditionsOf(complete, now) } : {}),
  }
}

function conditionsOf(complete: boolean, now: string): BuiltInCondition[] {
  const reason = complete ? "CompletionsReached" : "BackoffLimitExceeded"
  const message = complete ? "Reached expected number of succeeded pods" : "Job has reached the specified backoff limit"
  return (complete ? ["SuccessCriteriaMet", "Complete"] : ["FailureTarget", "Failed"]).map((type) => ({
    type,
    status: "True",
    reason,
    message,
    lastProbeTime: now,
    lastTransitionTime: now,
  }))
}
