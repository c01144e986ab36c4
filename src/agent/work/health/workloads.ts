// Kinds whose controllers run pods.
import type { UnknownObject } from "#apimachinery/meta.ts"
import {
  conditionsOf,
  current,
  failed,
  fewer,
  firstOf,
  inProgress,
  isTrue,
  leaving,
  numberIn,
  part,
  textIn,
  type Health,
  type HealthRule,
} from "./verdict.ts"

export const WORKLOADS: Readonly<Record<string, HealthRule>> = {
  "apps/Deployment": deployment,
  "apps/ReplicaSet": replicaSet,
  "apps/StatefulSet": statefulSet,
  "apps/DaemonSet": daemonSet,
  "batch/Job": job,
}

const waitsFor = (what: string | undefined): Health | undefined => (what === undefined ? undefined : inProgress(what))

/** What Deployments of old API versions have for it. */
const NO_DEADLINE = 2 ** 31 - 1

function deployment(object: UnknownObject): Health {
  const { spec, status } = { spec: part(object.spec), status: part(object.status) }
  const conditions = conditionsOf(object)
  const progress = conditions.find(({ type }) => type === "Progressing")
  if (progress?.reason === "ProgressDeadlineExceeded") return failed("Progress deadline exceeded")
  const want = numberIn(spec, "replicas", 1)
  const have = numberIn(status, "replicas")
  const updated = numberIn(status, "updatedReplicas")
  // Without a deadline the controller says nothing of progress.
  const hasProgressed =
    numberIn(spec, "progressDeadlineSeconds", NO_DEADLINE) === NO_DEADLINE ||
    (progress !== undefined && isTrue(progress) && progress.reason === "NewReplicaSetAvailable")
  const isAvailable = conditions.some((condition) => condition.type === "Available" && isTrue(condition))
  const waits = firstOf(
    fewer("Replicas", have, want),
    fewer("Updated", updated, want),
    leaving(have, want),
    fewer("Available", numberIn(status, "availableReplicas"), updated),
    fewer("Ready", numberIn(status, "readyReplicas"), want),
    !hasProgressed && "ReplicaSet not Available",
    !isAvailable && "Deployment not Available",
  )
  return waitsFor(waits) ?? current(`Deployment is available. Replicas: ${have}`)
}

function replicaSet(object: UnknownObject): Health {
  const status = part(object.status)
  const want = numberIn(part(object.spec), "replicas", 1)
  const have = numberIn(status, "replicas")
  const hasFailed = conditionsOf(object).some((condition) => condition.type === "ReplicaFailure" && isTrue(condition))
  const waits = firstOf(
    hasFailed && "Replica Failure condition. Check Pods",
    fewer("Labelled", numberIn(status, "fullyLabeledReplicas"), want),
    fewer("Available", numberIn(status, "availableReplicas"), want),
    fewer("Ready", numberIn(status, "readyReplicas"), want),
    leaving(have, want),
  )
  return waitsFor(waits) ?? current(`ReplicaSet is available. Replicas: ${have}`)
}

function statefulSet(object: UnknownObject): Health {
  const { spec, status } = { spec: part(object.spec), status: part(object.status) }
  const strategy = part(spec["updateStrategy"])
  // Its owner decides when pods are replaced.
  if (strategy["type"] === "OnDelete") return current("StatefulSet is using the ondelete update strategy")
  const want = numberIn(spec, "replicas", 1)
  const have = numberIn(status, "replicas")
  const scaled = firstOf(
    fewer("Replicas", have, want),
    fewer("Ready", numberIn(status, "readyReplicas"), want),
    leaving(have, want),
  )
  if (scaled !== undefined) return inProgress(scaled)
  const partition = numberIn(part(strategy["rollingUpdate"]), "partition", -1)
  const updated = numberIn(status, "updatedReplicas")
  if (partition !== -1) {
    const waits = fewer("updated", updated, want - partition)
    return waits === false ? current(`Partition rollout complete. updated: ${updated}`) : inProgress(waits)
  }
  const waits = firstOf(
    fewer("current", numberIn(status, "currentReplicas"), want),
    textIn(status, "currentRevision") !== textIn(status, "updateRevision") &&
      "Waiting for updated revision to match current",
  )
  return waitsFor(waits) ?? current(`All replicas scheduled as expected. Replicas: ${have}`)
}

function daemonSet(object: UnknownObject): Health {
  const status = part(object.status)
  // Its controller has looked at it once these are there; until then nothing else says so.
  if (object.metadata.generation === undefined) return inProgress("DaemonSet metadata.generation not found")
  if (typeof status["observedGeneration"] !== "number") {
    return inProgress("DaemonSet status.observedGeneration not found")
  }
  const want = numberIn(status, "desiredNumberScheduled", -1)
  const waits = firstOf(
    want === -1 && "Missing .status.desiredNumberScheduled",
    fewer("Current", numberIn(status, "currentNumberScheduled"), want),
    fewer("Updated", numberIn(status, "updatedNumberScheduled"), want),
    fewer("Available", numberIn(status, "numberAvailable"), want),
    fewer("Ready", numberIn(status, "numberReady"), want),
  )
  return waitsFor(waits) ?? current(`All replicas scheduled as expected. Replicas: ${want}`)
}

/** One that runs is well: how long it may take nobody knows. */
function job(object: UnknownObject): Health {
  const { spec, status } = { spec: part(object.spec), status: part(object.status) }
  const completions = numberIn(spec, "completions", numberIn(spec, "parallelism", 1))
  const succeeded = numberIn(status, "succeeded")
  const failures = numberIn(status, "failed")
  for (const condition of conditionsOf(object)) {
    if (!isTrue(condition)) continue
    if (condition.type === "Complete") return current(`Job Completed. succeeded: ${succeeded}/${completions}`)
    if (condition.type === "Failed") return failed(`Job Failed. failed: ${failures}/${completions}`)
    if (condition.type === "Suspended") return current("Job is suspended")
  }
  if (textIn(status, "startTime") === "") return inProgress("Job not started")
  const active = numberIn(status, "active")
  return current(`Job in progress. success:${succeeded}, active: ${active}, failed: ${failures}`)
}
