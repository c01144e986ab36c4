import type { UnknownObject } from "#apimachinery/meta.ts"
import { parseTimeMs } from "#lib/clock.ts"
import {
  conditionsOf,
  current,
  failed,
  inProgress,
  isTrue,
  part,
  textIn,
  type Fields,
  type Health,
  type HealthRule,
} from "./verdict.ts"

const always: HealthRule = () => current("Resource is always ready")

export const OTHER_KINDS: Readonly<Record<string, HealthRule>> = {
  Pod: pod,
  Service: service,
  PersistentVolumeClaim: claim,
  Secret: always,
  ConfigMap: always,
  "batch/CronJob": always,
  "policy/PodDisruptionBudget": () => current("AllowedDisruptions has been computed."),
  "apiextensions.k8s.io/CustomResourceDefinition": definition,
}

/** How long a pod may be without a node before it counts as failed. */
const SCHEDULE_WINDOW_MS = 15_000

function pod(object: UnknownObject, nowMs: number): Health {
  const status = part(object.status)
  const conditions = conditionsOf(object)
  switch (textIn(status, "phase")) {
    case "Succeeded":
      return current("Pod has completed successfully")
    case "Failed":
      return current("Pod has completed, but not successfully")
    case "Running": {
      if (conditions.some((condition) => condition.type === "Ready" && isTrue(condition)))
        return current("Pod is Ready")
      const crashing = crashingContainers(status)
      return crashing.length > 0
        ? failed(`Containers in CrashLoop state: ${crashing.join(",")}`)
        : inProgress("Pod is running but is not Ready")
    }
    case "Pending": {
      const scheduled = conditions.find(({ type, status: is }) => type === "PodScheduled" && is === "False")
      if (scheduled?.reason !== "Unschedulable") return inProgress("Pod is in the Pending phase")
      const sinceMs = parseTimeMs(object.metadata.creationTimestamp) ?? 0
      const againMs = sinceMs + SCHEDULE_WINDOW_MS - nowMs
      return againMs > 0
        ? { ...inProgress("Pod has not been scheduled"), againMs }
        : failed("Pod could not be scheduled")
    }
    default:
      return inProgress("Pod phase not available")
  }
}

function crashingContainers({ containerStatuses }: Fields): readonly string[] {
  if (!Array.isArray(containerStatuses)) return []
  return containerStatuses
    .map(part)
    .filter(({ state }) => part(part(state)["waiting"])["reason"] === "CrashLoopBackOff")
    .map((container) => textIn(container, "name"))
}

function service({ spec }: UnknownObject): Health {
  const { type, clusterIP } = part(spec)
  return type === "LoadBalancer" && !clusterIP
    ? inProgress("ClusterIP not set. Service type: LoadBalancer")
    : current("Service is ready")
}

function claim({ status }: UnknownObject): Health {
  const phase = textIn(part(status), "phase", "unknown")
  return phase === "Bound" ? current("PVC is Bound") : inProgress(`PVC is not Bound. phase: ${phase}`)
}

function definition(object: UnknownObject): Health {
  for (const { type, status, reason, message = "" } of conditionsOf(object)) {
    if (type === "NamesAccepted" && status === "False") return failed(message)
    if (type !== "Established") continue
    if (status === "False" && reason !== "Installing") return failed(message)
    if (status === "True") return current("CRD is established")
  }
  return inProgress("Install in progress")
}
