// The built-in kinds of batch, as far as we use them.
import type { KubeObject, ObjectMeta } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { ObjectReference } from "./events.ts"
import type { BuiltInCondition, LabelSelector, PodTemplate } from "./core.ts"

type JobSpec = {
  parallelism?: number
  completions?: number
  backoffLimit?: number
  activeDeadlineSeconds?: number
  ttlSecondsAfterFinished?: number
  completionMode?: string
  suspend?: boolean
  manualSelector?: boolean
  selector?: LabelSelector
  template: PodTemplate
}

export type Job = KubeObject & {
  spec: JobSpec
  status?: {
    active?: number
    succeeded?: number
    failed?: number
    ready?: number
    terminating?: number
    startTime?: string
    completionTime?: string
    uncountedTerminatedPods?: { succeeded?: string[]; failed?: string[] }
    conditions?: BuiltInCondition[]
  }
}
export const JOBS: ResourceType<Job> = {
  group: "batch",
  version: "v1",
  resource: "jobs",
  kind: "Job",
  namespaced: true,
}

export type CronJob = KubeObject & {
  spec: {
    schedule: string
    timeZone?: string | null
    startingDeadlineSeconds?: number
    concurrencyPolicy?: string
    suspend?: boolean
    successfulJobsHistoryLimit?: number
    failedJobsHistoryLimit?: number
    jobTemplate: { metadata?: ObjectMeta; spec: JobSpec }
  }
  status?: { active?: ObjectReference[]; lastScheduleTime?: string; lastSuccessfulTime?: string }
}
export const CRON_JOBS: ResourceType<CronJob> = {
  group: "batch",
  version: "v1",
  resource: "cronjobs",
  kind: "CronJob",
  namespaced: true,
}
