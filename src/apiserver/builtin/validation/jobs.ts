// Source: k8s.io/kubernetes pkg/apis/batch/validation.
import { invalidField, requiredField } from "#apimachinery/field-errors.ts"
import { clone, deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import type { LabelSelectorObject, Labels } from "#apimachinery/selectors.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, isAbsent, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { atLeast, immutable, nonNegative, oneOf } from "./checks.ts"
import { parseCron } from "#lib/cron.ts"
import { validatePodSpec } from "./pod-spec.ts"

const CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
/** A pod's name is the job's with eleven characters more, and a job's is the cron job's with as many. */
const CRON_JOB_NAME_LENGTH_MAX = 52
const JOB_NUMBERS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
]

function validateJobSpec(spec: Json, path: string): FieldError[] {
  const errors = nonNegative(spec, path, ...JOB_NUMBERS)
  errors.push(...oneOf(`${path}.completionMode`, spec["completionMode"], ["NonIndexed", "Indexed"]))
  if (spec["completionMode"] === "Indexed" && isAbsent(spec["completions"])) {
    errors.push(requiredField(`${path}.completions`, "when completion mode is Indexed"))
  }
  const podSpec = objectIn(objectIn(spec, "template"), "spec")
  errors.push(...validatePodSpec(podSpec, `${path}.template.spec`))
  const restart = textIn(podSpec, "restartPolicy")
  if (restart === "" || restart === "Always") {
    errors.push(requiredField(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'))
  } else errors.push(...oneOf(`${path}.template.spec.restartPolicy`, restart, ["OnFailure", "Never"]))
  return errors
}

const templateLabels = (spec: Json) =>
  findObject(objectIn(objectIn(spec, "template"), "metadata"), "labels") as Labels | undefined

/** A job finds its own pods. Told of every write, though nobody can change it after the first. */
function validateSelector(spec: Json): FieldError[] {
  const selector = findObject(spec, "selector")
  const errors: FieldError[] = selector === undefined ? [requiredField("spec.selector")] : []
  try {
    if (!labelSelectorOf(selector as LabelSelectorObject | undefined).matches(templateLabels(spec) ?? {})) {
      const why = "`selector` does not match template `labels`"
      errors.push(invalidField("spec.template.metadata.labels", templateLabels(spec) ?? null, why))
    }
  } catch {
    errors.push(invalidField("spec.selector", selector, "invalid label selector"))
  }
  return errors
}

export function validateJob(job: UnknownObject): FieldError[] {
  const spec = objectIn(job, "spec")
  const selector = findObject(spec, "selector")
  const errors = [...validateJobSpec(spec, "spec"), ...validateSelector(spec)]
  const generated = { matchLabels: { [CONTROLLER_UID]: job.metadata.uid } }
  if (spec["manualSelector"] !== true && selector !== undefined && !deepEqual(selector, generated)) {
    errors.push(invalidField("spec.selector", selector, "`selector` not auto-generated"))
  }
  return errors
}

const IMMUTABLE = [
  "selector",
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
]

export function validateJobUpdate(job: UnknownObject, before: UnknownObject): FieldError[] {
  const [spec, old] = [objectIn(job, "spec"), objectIn(before, "spec")]
  const errors = [...validateJobSpec(spec, "spec"), ...validateSelector(spec)]
  if (spec["completionMode"] !== "Indexed" || spec["completions"] !== spec["parallelism"]) {
    errors.push(...immutable("spec.completions", spec["completions"], old["completions"]))
  }
  // Where the pods of a job that has not begun may run can still be decided.
  const isSuspended = old["suspend"] === true && isAbsent(objectIn(before, "status")["startTime"])
  errors.push(
    ...immutable("spec.template", spec["template"], isSuspended ? withScheduling(old, spec) : old["template"]),
  )
  for (const field of IMMUTABLE) errors.push(...immutable(`spec.${field}`, spec[field], old[field]))
  return errors
}

function withScheduling(old: Json, spec: Json): unknown {
  const template = clone(objectIn(old, "template"))
  const now = objectIn(spec, "template")
  const podSpec = objectIn(template, "spec")
  for (const field of ["nodeSelector", "tolerations", "schedulingGates", "affinity"]) {
    if (objectIn(now, "spec")[field] === undefined) delete podSpec[field]
    else podSpec[field] = objectIn(now, "spec")[field]
  }
  template["metadata"] = now["metadata"]
  return template
}

export function validateCronJob(cronJob: UnknownObject): FieldError[] {
  const errors = validateCronJobUpdate(cronJob)
  const name = cronJob.metadata.name ?? ""
  if (name.length > CRON_JOB_NAME_LENGTH_MAX) {
    errors.push(invalidField("metadata.name", name, `must be no more than ${CRON_JOB_NAME_LENGTH_MAX} characters`))
  }
  return errors
}

export function validateCronJobUpdate(cronJob: UnknownObject): FieldError[] {
  const spec = objectIn(cronJob, "spec")
  const schedule = textIn(spec, "schedule")
  const errors: FieldError[] = []
  if (schedule === "") errors.push(requiredField("spec.schedule"))
  else {
    const { problem } = parseCron(schedule)
    if (problem !== undefined) errors.push(invalidField("spec.schedule", schedule, problem))
  }
  const zone = spec["timeZone"]
  if (typeof zone === "string" && !isTimeZone(zone))
    errors.push(invalidField("spec.timeZone", zone, `unknown time zone ${zone}`))
  return [
    ...errors,
    ...atLeast("spec.startingDeadlineSeconds", spec["startingDeadlineSeconds"], 0),
    ...oneOf("spec.concurrencyPolicy", spec["concurrencyPolicy"], ["Allow", "Forbid", "Replace"]),
    ...nonNegative(spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"),
    ...validateJobSpec(objectIn(objectIn(spec, "jobTemplate"), "spec"), "spec.jobTemplate.spec"),
  ]
}

function isTimeZone(name: string): boolean {
  try {
    // It throws for a zone that it does not know.
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== ""
  } catch {
    return false
  }
}
