// How an object fares, as kstatus defines it: what its controllers say of it, beside OCM's `Available`, which means that it is there.
// Source of the rules: sigs.k8s.io/cli-utils, pkg/kstatus/status.
import type { UnknownObject } from "#apimachinery/meta.ts"
import { conditionsOf, current, failed, inProgress, isTrue, type Health } from "./verdict.ts"
import { WORKLOADS } from "./workloads.ts"
import { OTHER_KINDS } from "./other-kinds.ts"

const KINDS = new Map([...Object.entries(WORKLOADS), ...Object.entries(OTHER_KINDS)])

/**
 * Judges a live object by what all kinds have in common, then by its kind, then by its condition Ready.
 *
 * @param nowMs  a pod may wait so long for a node before it counts as failed
 */
export function healthOf(object: UnknownObject, nowMs: number): Health {
  const general = generalHealth(object)
  if (general !== undefined) return general
  const group = object.apiVersion.includes("/") ? `${object.apiVersion.split("/")[0]}/` : ""
  const ofKind = KINDS.get(`${group}${object.kind}`)
  return ofKind?.(object, nowMs) ?? byReady(object)
}

/** What any object may say of itself; undefined when nothing of that decides. */
function generalHealth(object: UnknownObject): Health | undefined {
  const { deletionTimestamp, generation } = object.metadata
  if (deletionTimestamp !== undefined) return { state: "Terminating", message: "Resource scheduled for deletion" }
  const observed = (object.status as { observedGeneration?: unknown } | undefined)?.observedGeneration
  if (generation !== undefined && typeof observed === "number" && observed !== generation) {
    return inProgress(`${object.kind} generation is ${generation}, but latest observed generation is ${observed}`)
  }
  for (const condition of conditionsOf(object)) {
    if (!isTrue(condition)) continue
    if (condition.type === "Reconciling") return inProgress(condition.message ?? "")
    if (condition.type === "Stalled") return failed(condition.message ?? "")
  }
  return undefined
}

/** Of a kind that is not known, its controller's word; without one, that it is there is all there is to say. */
function byReady(object: UnknownObject): Health {
  const ready = conditionsOf(object).find(({ type }) => type === "Ready")
  if (ready === undefined) return current("Resource is current")
  return isTrue(ready) ? current("Resource is Ready") : inProgress(ready.message ?? "")
}
