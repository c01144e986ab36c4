// Source: k8s.io/kubernetes pkg/apis/{apps,batch,autoscaling,core}/*/defaults.go.
import { defaultTo, findObject, isAbsent, itemsIn, listIn, makeObject, objectIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { DefaultRule } from "#apiserver/builtin/typed-form.ts"

const REVISION_HISTORY_DEFAULT = 10
const PROGRESS_DEADLINE_SECONDS_DEFAULT = 600
const BACKOFF_LIMIT_DEFAULT = 6
const INT32_MAX = 0x7fff_ffff

function setDeployment(deployment: Json): void {
  const spec = makeObject(deployment, "spec")
  defaultTo(spec, "replicas", 1)
  const strategy = makeObject(spec, "strategy")
  if (!strategy["type"]) strategy["type"] = "RollingUpdate"
  if (strategy["type"] === "RollingUpdate") {
    const rollingUpdate = makeObject(strategy, "rollingUpdate")
    rollingUpdate["maxUnavailable"] ??= "25%"
    rollingUpdate["maxSurge"] ??= "25%"
  }
  spec["revisionHistoryLimit"] ??= REVISION_HISTORY_DEFAULT
  spec["progressDeadlineSeconds"] ??= PROGRESS_DEADLINE_SECONDS_DEFAULT
}

function setDaemonSet(daemonSet: Json): void {
  const spec = makeObject(daemonSet, "spec")
  const strategy = makeObject(spec, "updateStrategy")
  if (!strategy["type"]) strategy["type"] = "RollingUpdate"
  if (strategy["type"] === "RollingUpdate") {
    const rollingUpdate = makeObject(strategy, "rollingUpdate")
    rollingUpdate["maxUnavailable"] ??= 1
    rollingUpdate["maxSurge"] ??= 0
  }
  spec["revisionHistoryLimit"] ??= REVISION_HISTORY_DEFAULT
}

function setStatefulSet(statefulSet: Json): void {
  const spec = makeObject(statefulSet, "spec")
  if (!spec["podManagementPolicy"]) spec["podManagementPolicy"] = "OrderedReady"
  const strategy = makeObject(spec, "updateStrategy")
  if (!strategy["type"]) {
    strategy["type"] = "RollingUpdate"
    makeObject(strategy, "rollingUpdate")
  }
  const rollingUpdate = findObject(strategy, "rollingUpdate")
  if (strategy["type"] === "RollingUpdate" && rollingUpdate !== undefined) {
    rollingUpdate["partition"] ??= 0
  }
  for (const claim of itemsIn(spec, "volumeClaimTemplates")) {
    claim["apiVersion"] ??= "v1"
    claim["kind"] ??= "PersistentVolumeClaim"
  }
  const retention = makeObject(spec, "persistentVolumeClaimRetentionPolicy")
  retention["whenDeleted"] ||= "Retain"
  retention["whenScaled"] ||= "Retain"
  spec["replicas"] ??= 1
  spec["revisionHistoryLimit"] ??= REVISION_HISTORY_DEFAULT
}

function setJob(job: Json): void {
  const spec = makeObject(job, "spec")
  if (isAbsent(spec["completions"]) && isAbsent(spec["parallelism"])) spec["completions"] = 1
  spec["parallelism"] ??= 1
  spec["backoffLimit"] ??= isAbsent(spec["backoffLimitPerIndex"]) ? BACKOFF_LIMIT_DEFAULT : INT32_MAX
  const labels = objectIn(objectIn(objectIn(spec, "template"), "metadata"), "labels")
  const metadata = makeObject(job, "metadata")
  if (Object.keys(labels).length > 0 && Object.keys(objectIn(metadata, "labels")).length === 0) {
    // The same object on purpose: upstream's defaulting shares it too, so the job gets the labels that are given to
    // its pods when it is created.
    metadata["labels"] = labels
  }
  spec["completionMode"] ??= "NonIndexed"
  spec["suspend"] ??= false
  spec["podReplacementPolicy"] ??= isAbsent(spec["podFailurePolicy"]) ? "TerminatingOrFailed" : "Failed"
  spec["manualSelector"] ??= false
}

function setCronJob(cronJob: Json): void {
  const spec = makeObject(cronJob, "spec")
  spec["concurrencyPolicy"] ||= "Allow"
  spec["suspend"] ??= false
  spec["successfulJobsHistoryLimit"] ??= 3
  spec["failedJobsHistoryLimit"] ??= 1
}

function setReplicationController(controller: Json): void {
  const spec = makeObject(controller, "spec")
  const labels = objectIn(objectIn(objectIn(spec, "template"), "metadata"), "labels")
  if (Object.keys(labels).length === 0) return
  if (Object.keys(objectIn(spec, "selector")).length === 0) spec["selector"] = { ...labels }
  const metadata = makeObject(controller, "metadata")
  if (Object.keys(objectIn(metadata, "labels")).length === 0) metadata["labels"] = { ...labels }
}

const SCALE_UP_POLICIES = [
  { type: "Pods", value: 4, periodSeconds: 15 },
  { type: "Percent", value: 100, periodSeconds: 15 },
]
const SCALE_DOWN_POLICIES = [{ type: "Percent", value: 100, periodSeconds: 15 }]

function setHorizontalPodAutoscaler(autoscaler: Json): void {
  const spec = makeObject(autoscaler, "spec")
  spec["minReplicas"] ??= 1
  if (listIn(spec, "metrics").length === 0) {
    const target = { type: "Utilization", averageUtilization: 80 }
    spec["metrics"] = [{ type: "Resource", resource: { name: "cpu", target } }]
  }
  const behavior = findObject(spec, "behavior")
  if (behavior === undefined) return
  const up = makeObject(behavior, "scaleUp")
  up["stabilizationWindowSeconds"] ??= 0
  const down = makeObject(behavior, "scaleDown")
  for (const [rules, policies] of [
    [up, SCALE_UP_POLICIES],
    [down, SCALE_DOWN_POLICIES],
  ] as const) {
    rules["selectPolicy"] ??= "Max"
    if (itemsIn(rules, "policies").length === 0) rules["policies"] = policies.map((p) => ({ ...p }))
  }
}

export const WORKLOAD_DEFAULTS: readonly (readonly [schema: string, rule: DefaultRule])[] = [
  ["io.k8s.api.apps.v1.Deployment", setDeployment],
  ["io.k8s.api.apps.v1.DaemonSet", setDaemonSet],
  ["io.k8s.api.apps.v1.StatefulSet", setStatefulSet],
  ["io.k8s.api.apps.v1.ReplicaSet", (set) => defaultTo(makeObject(set, "spec"), "replicas", 1)],
  ["io.k8s.api.core.v1.ReplicationController", setReplicationController],
  ["io.k8s.api.batch.v1.Job", setJob],
  ["io.k8s.api.batch.v1.CronJob", setCronJob],
  [
    "io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern",
    (pattern) => {
      pattern["status"] ||= "True"
    },
  ],
  [
    "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
    (autoscaler) => {
      makeObject(autoscaler, "spec")["minReplicas"] ??= 1
    },
  ],
  ["io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler", setHorizontalPodAutoscaler],
]
