import type { Condition } from "#apimachinery/conditions.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { WORK_HEALTHY } from "#api/work/names.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { ManifestCondition, ManifestWorkStatus } from "#api/work/parts.ts"
import { healthOf } from "./health.ts"

type Verdict = Omit<Condition, "lastTransitionTime">

/** What a condition says at most of one object, and a work of how many. */
const MESSAGE_LENGTH_MAX = 256
const NAMED_MAX = 3

/**
 * How one object fares, as a condition: the reason is kstatus' word for it.
 *
 * @param live  null: it is not there. undefined: nobody knows
 */
export function healthCondition(live: UnknownObject | null | undefined, nowMs: number): Verdict {
  const type = WORK_HEALTHY
  if (live === undefined) return { type, status: "Unknown", reason: "Unknown", message: "Resource was not read" }
  if (live === null) return { type, status: "False", reason: "NotFound", message: "Resource not found" }
  const { state, message } = healthOf(live, nowMs)
  return { type, status: state === "Current" ? "True" : "False", reason: state, message: cut(message) }
}

const cut = (text: string) => (text.length <= MESSAGE_LENGTH_MAX ? text : `${text.slice(0, MESSAGE_LENGTH_MAX - 1)}…`)

/** Of several objects the work is as the worst of them. */
const WORST_FIRST = ["Failed", "NotFound", "Terminating", "InProgress", "Unknown"]

/** How a work fares: names the first objects that are not well. */
export function aggregateHealth(manifests: readonly ManifestCondition[], observedGeneration: number): Verdict {
  const unwell = manifests
    .flatMap((manifest) => {
      const health = findCondition(manifest.conditions, WORK_HEALTHY)
      return health === undefined || health.status === "True" ? [] : [{ ...health, object: nameOf(manifest) }]
    })
    .toSorted((a, b) => WORST_FIRST.indexOf(a.reason) - WORST_FIRST.indexOf(b.reason))
  const [worst] = unwell
  const common = { type: WORK_HEALTHY, observedGeneration }
  if (worst === undefined) {
    return { ...common, status: "True", reason: "Current", message: "All resources are healthy" }
  }
  const named = unwell.slice(0, NAMED_MAX).map(({ object, message }) => `${object}: ${message}`)
  const more = unwell.length > NAMED_MAX ? `; and ${unwell.length - NAMED_MAX} more` : ""
  return {
    ...common,
    status: unwell.every(({ status }) => status === "Unknown") ? "Unknown" : "False",
    reason: worst.reason,
    message: `${unwell.length} of ${manifests.length} resources are not healthy: ${named.join("; ")}${more}`,
  }
}

function nameOf({ resourceMeta: { kind = "", namespace, name = "", ordinal } }: ManifestCondition): string {
  if (name === "") return `manifest ${ordinal}`
  return `${kind} "${namespace ? `${namespace}/` : ""}${name}"`
}

/** Milliseconds until one of them fares otherwise without any news of it: a pod that no node has taken. */
export function healthAgainMs(lives: readonly (UnknownObject | null | undefined)[], nowMs: number): number | undefined {
  const waits = lives.flatMap((live) => (live?.kind === "Pod" ? (healthOf(live, nowMs).againMs ?? []) : []))
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/**
 * Whether `after` differs from `before` in what conditions of health say, and in nothing else: the counts of a rollout,
 * of which each would be a write to the hub.
 */
export function isHealthDetail(before: ManifestWorkStatus | undefined, after: ManifestWorkStatus): boolean {
  return !deepEqual(before ?? {}, after) && deepEqual(withoutDetail(before ?? {}), withoutDetail(after))
}

function withoutDetail(status: ManifestWorkStatus): unknown {
  const plain = (conditions: readonly Condition[] | undefined) =>
    conditions?.map((condition) => (condition.type === WORK_HEALTHY ? { ...condition, message: "" } : condition))
  const manifests = status.resourceStatus?.manifests?.map((manifest) => ({
    ...manifest,
    conditions: plain(manifest.conditions),
  }))
  return { ...status, conditions: plain(status.conditions), resourceStatus: { ...status.resourceStatus, manifests } }
}
