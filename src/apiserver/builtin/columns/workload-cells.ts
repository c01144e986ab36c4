import type { UnknownObject } from "#apimachinery/meta.ts"
import { at, itemsIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import { parseTimeMs } from "#lib/clock.ts"
import {
  containerCells,
  countAt,
  isConditionTrue,
  labelsAt,
  NONE,
  selectorAt,
  since,
  textAt,
  UNSET,
  valueAt,
} from "./cells.ts"
import type { Cell, Cells } from "./cells.ts"
import { humanDuration } from "./duration.ts"

const TEMPLATE = containerCells("spec.template.spec")

const readyOf: Cell = (object) =>
  `${numberIn(object["status"], "readyReplicas")}/${numberIn(object["spec"], "replicas")}`

const REPLICA_CELLS: Cells = {
  Desired: valueAt("spec.replicas", 0),
  Current: valueAt("status.replicas", 0),
  Ready: valueAt("status.readyReplicas", 0),
  ...TEMPLATE,
}

function completionsOf(job: UnknownObject): string {
  const succeeded = numberIn(job["status"], "succeeded")
  const completions = at(job, "spec", "completions")
  if (typeof completions === "number") return `${succeeded}/${completions}`
  const parallelism = numberIn(job["spec"], "parallelism")
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function jobStatusOf(job: UnknownObject): string {
  if (isConditionTrue(job, "Complete")) return "Complete"
  if (isConditionTrue(job, "Failed")) return "Failed"
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating"
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find((type) => isConditionTrue(job, type)) ?? "Running"
}

function jobDurationOf(job: UnknownObject, nowMs: number): string {
  const status = objectIn(job, "status")
  const startMs = parseTimeMs(textIn(status, "startTime"))
  if (startMs === undefined) return ""
  return humanDuration((parseTimeMs(textIn(status, "completionTime")) ?? nowMs) - startMs)
}

const booleanAt =
  (path: string): Cell =>
  (object) => {
    const value = at(object, ...path.split("."))
    return value === undefined ? UNSET : value === true ? "True" : "False"
  }

function controllerOf(revision: UnknownObject): string {
  const owner = revision.metadata.ownerReferences?.find((o) => o.controller === true)
  if (owner === undefined) return NONE
  const { group } = parseApiVersion(owner.apiVersion)
  return `${(group === "" ? owner.kind : `${owner.kind}.${group}`).toLowerCase()}/${owner.name}`
}

const METRICS_MAX = 2

/** One metric of an autoscaler as `current/target`. The four kinds of source differ in where they keep what. */
function metricText(spec: { readonly [field: string]: unknown }, status: unknown): string {
  const type = textIn(spec, "type")
  const field = type === "" ? "" : type[0]!.toLowerCase() + type.slice(1)
  const source = objectIn(spec, field)
  const target = objectIn(source, "target")
  const current = objectIn(objectIn(status, field), "current")
  const text = (value: unknown) => (value === undefined ? "<unknown>" : String(value))
  switch (type) {
    case "External":
    case "Object":
      return target["averageValue"] === undefined
        ? `${text(current["value"])}/${text(target["value"])}`
        : `${text(current["averageValue"])}/${text(target["averageValue"])} (avg)`
    case "Pods":
      return `${text(current["averageValue"])}/${text(target["averageValue"])}`
    case "Resource":
    case "ContainerResource": {
      const name = textIn(source, "name")
      if (target["averageValue"] !== undefined) {
        return `${name}: ${text(current["averageValue"])}/${text(target["averageValue"])}`
      }
      const percent = (value: unknown, absent: string) => (value === undefined ? absent : `${String(value)}%`)
      return `${name}: ${percent(current["averageUtilization"], "<unknown>")}/${percent(target["averageUtilization"], "<auto>")}`
    }
    default:
      return "<unknown type>"
  }
}

function metricsOf(autoscaler: UnknownObject): string {
  const spec = objectIn(autoscaler, "spec")
  const statuses = itemsIn(autoscaler["status"], "currentMetrics")
  const metrics = itemsIn(spec, "metrics").map((metric, i) => metricText(metric, statuses[i]))
  const percentage = spec["targetCPUUtilizationPercentage"]
  if (metrics.length === 0 && typeof percentage === "number") {
    // autoscaling/v1 knows this one metric only.
    const now = at(autoscaler, "status", "currentCPUUtilizationPercentage")
    return `cpu: ${typeof now === "number" ? `${now}%` : "<unknown>"}/${percentage}%`
  }
  if (metrics.length === 0) return NONE
  const shown = metrics.slice(0, METRICS_MAX).join(", ")
  return metrics.length > METRICS_MAX ? `${shown} + ${metrics.length - METRICS_MAX} more...` : shown
}

export const WORKLOAD_CELLS: { readonly [kind: string]: Cells } = {
  Deployment: {
    Ready: readyOf,
    "Up-to-date": valueAt("status.updatedReplicas", 0),
    Available: valueAt("status.availableReplicas", 0),
    ...TEMPLATE,
    Selector: selectorAt("spec.selector", ""),
  },
  ReplicaSet: { ...REPLICA_CELLS, Selector: selectorAt("spec.selector") },
  ReplicationController: { ...REPLICA_CELLS, Selector: labelsAt("spec.selector") },
  StatefulSet: { Ready: readyOf, ...TEMPLATE },
  DaemonSet: {
    Desired: valueAt("status.desiredNumberScheduled", 0),
    Current: valueAt("status.currentNumberScheduled", 0),
    Ready: valueAt("status.numberReady", 0),
    "Up-to-date": valueAt("status.updatedNumberScheduled", 0),
    Available: valueAt("status.numberAvailable", 0),
    "Node Selector": labelsAt("spec.template.spec.nodeSelector"),
    ...TEMPLATE,
    Selector: selectorAt("spec.selector"),
  },
  Job: {
    Status: jobStatusOf,
    Completions: completionsOf,
    Duration: jobDurationOf,
    ...TEMPLATE,
    Selector: selectorAt("spec.selector"),
  },
  CronJob: {
    Schedule: textAt("spec.schedule"),
    Timezone: textAt("spec.timeZone", NONE),
    Suspend: booleanAt("spec.suspend"),
    Active: countAt("status.active"),
    "Last Schedule": (job, nowMs) => {
      const time = textIn(job["status"], "lastScheduleTime")
      return time === "" ? NONE : since(time, nowMs)
    },
    ...containerCells("spec.jobTemplate.spec.template.spec"),
    Selector: selectorAt("spec.jobTemplate.spec.selector"),
  },
  ControllerRevision: { Controller: controllerOf, Revision: valueAt("revision", 0) },
  PodTemplate: { ...containerCells("template.spec"), "Pod Labels": labelsAt("template.metadata.labels") },
  HorizontalPodAutoscaler: {
    Reference: (a) => {
      const target = objectIn(a["spec"], "scaleTargetRef")
      return `${textIn(target, "kind")}/${textIn(target, "name")}`
    },
    Targets: metricsOf,
    MinPods: textAt("spec.minReplicas", UNSET),
    MaxPods: valueAt("spec.maxReplicas", 0),
    Replicas: valueAt("status.currentReplicas", 0),
  },
  PodDisruptionBudget: {
    "Min Available": textAt("spec.minAvailable", "N/A"),
    "Max Unavailable": textAt("spec.maxUnavailable", "N/A"),
    "Allowed Disruptions": valueAt("status.disruptionsAllowed", 0),
  },
  PriorityClass: {
    Value: valueAt("value", 0),
    "Global-Default": valueAt("globalDefault", false),
    PreemptionPolicy: textAt("preemptionPolicy"),
  },
  RuntimeClass: { Handler: textAt("handler") },
}
