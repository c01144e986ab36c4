import { deepEqual } from "#apimachinery/json.ts"
import type { Condition } from "#apimachinery/conditions.ts"
import { findCondition, setCondition } from "#apimachinery/conditions.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ManifestCondition, ManifestResourceMeta, ManifestWorkStatus } from "#api/work/parts.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { DRIFTED, WORK_HEALTHY } from "#api/work/names.ts"
import { aggregateDrift, driftCondition, type Drift } from "./drift.plan.ts"
import { evaluateRules } from "./condition-rules.ts"
import { readFeedback } from "./feedback.ts"
import { aggregateHealth, healthCondition } from "./health/health.plan.ts"
import type { PreparedManifest } from "./manifests.ts"

/** What came of one manifest in this pass. */
export type ManifestResult = {
  readonly manifest: PreparedManifest
  /** Why it could not be applied; undefined when it was, or when there was nothing to do. */
  readonly error?: string
  /** null: does not exist. undefined: not known, `fetchError` says why. */
  readonly live: UnknownObject | null | undefined
  readonly fetchError?: string
  /** What is known of its drift, since this version of the work. */
  readonly drift?: Drift
}

export type WorkStatusOptions = { readonly nowMs: number; readonly rawFeedbackJson: boolean }

/** Reasons and messages are OCM's: people and programs look for them. */
const APPLIED = "Applied"
const AVAILABLE = "Available"
/** The CRD takes 32,768; nobody reads as much. */
const MESSAGE_LENGTH_MAX = 4_096
const FEEDBACK_SYNCED = "StatusFeedbackSynced"

/**
 * The status that a work should have after a pass. Pure; equal to the work's own status when nothing is to be written.
 * Source: OCM pkg/work/spoke/controllers/manifestcontroller and statuscontroller.
 */
export function planWorkStatus(
  work: ManifestWork,
  results: readonly ManifestResult[],
  options: WorkStatusOptions,
): ManifestWorkStatus {
  const generation = work.metadata.generation ?? 0
  const before = indexManifests(work.status?.resourceStatus?.manifests ?? [])
  // A rule of that name is the user's own word on it.
  const judges = !results.some(({ manifest }) =>
    manifest.conditionRules.some(({ condition }) => condition === WORK_HEALTHY),
  )
  const manifests = results.map((result) => {
    const planned = planManifest(result, before(result.manifest.meta), generation, options)
    const { conditions } = planned
    return judges
      ? {
          ...planned,
          conditions: [...setCondition(conditions, healthCondition(result.live, options.nowMs), options.nowMs)],
        }
      : { ...planned, conditions: conditions.filter((condition) => !isOwnHealth(condition)) }
  })
  let conditions: readonly Condition[] = work.status?.conditions ?? []
  const applied = aggregateApplied(results, generation)
  if (applied !== undefined) conditions = setCondition(conditions, applied, options.nowMs)
  for (const condition of aggregateManifests(manifests, generation)) {
    conditions = setCondition(conditions, condition, options.nowMs)
  }
  if (judges && manifests.length > 0) {
    conditions = setCondition(conditions, aggregateHealth(manifests, generation), options.nowMs)
  }
  conditions = conditions.filter(
    (condition) => !isStaleRule(condition, generation) && (judges || !isOwnHealth(condition)),
  )
  const drifts = manifests.flatMap((manifest) => findCondition(manifest.conditions, DRIFTED) ?? [])
  const drifted = aggregateDrift(drifts, manifests.length, generation)
  conditions =
    drifted === undefined
      ? conditions.filter(({ type }) => type !== DRIFTED)
      : setCondition(conditions, drifted, options.nowMs)
  return { ...work.status, conditions: [...conditions], resourceStatus: { manifests } }
}

/** @returns whether writing `status` would change anything on the hub */
export function isStatusChanged(work: ManifestWork, status: ManifestWorkStatus): boolean {
  return !deepEqual(work.status ?? {}, status)
}

type Conditions = readonly Condition[]

function planManifest(
  { manifest, error, live, fetchError, drift }: ManifestResult,
  before: ManifestCondition | undefined,
  generation: number,
  { nowMs, rawFeedbackJson }: WorkStatusOptions,
): ManifestCondition {
  const set = (conditions: Conditions, condition: Omit<Condition, "lastTransitionTime">): Conditions => {
    // A condition of another generation is a new one, whatever it says: its time is when this generation got there.
    const last = findCondition(conditions, condition.type)
    const kept =
      condition.observedGeneration !== undefined && last?.observedGeneration !== condition.observedGeneration
        ? conditions.filter((c) => c !== last)
        : conditions
    return setCondition(kept, condition, nowMs)
  }
  let conditions: Conditions = before?.conditions ?? []
  conditions = set(conditions, { ...appliedCondition(error, manifest.errorReason), observedGeneration: generation })
  conditions = setCondition(conditions, availableCondition(manifest.meta, live, fetchError), nowMs)
  const drifted = driftCondition(drift, findCondition(conditions, DRIFTED), generation)
  conditions =
    drifted === undefined ? conditions.filter(({ type }) => type !== DRIFTED) : setCondition(conditions, drifted, nowMs)
  let values = before?.statusFeedback?.values ?? []
  if (live) {
    const feedback = readFeedback(live, manifest.feedbackRules, rawFeedbackJson)
    if (!deepEqual(values, feedback.values)) conditions = conditions.filter((c) => c.type !== FEEDBACK_SYNCED)
    values = [...feedback.values]
    conditions = setCondition(conditions, feedbackCondition(manifest, feedback.errors), nowMs)
    for (const condition of evaluateRules(live, manifest.conditionRules)) {
      conditions = setCondition(conditions, { ...condition, observedGeneration: generation }, nowMs)
    }
    conditions = conditions.filter((condition) => !isStaleRule(condition, generation))
  }
  const statusFeedback = values.length === 0 ? {} : { values }
  return { resourceMeta: manifest.meta, statusFeedback, conditions: conditions.map(withinBounds) }
}

/** What servers, controllers and rules of works say may be of any length; the hub would refuse the whole report. */
function withinBounds(condition: Condition): Condition {
  const { message } = condition
  if (message.length <= MESSAGE_LENGTH_MAX) return condition
  return { ...condition, message: `${message.slice(0, MESSAGE_LENGTH_MAX - 1)}…` }
}

function appliedCondition(
  error: string | undefined,
  reason = "AppliedManifestFailed",
): Omit<Condition, "lastTransitionTime"> {
  return error === undefined
    ? { type: APPLIED, status: "True", reason: "AppliedManifestComplete", message: "Apply manifest complete" }
    : {
        type: APPLIED,
        status: "False",
        reason,
        message: `Failed to apply manifest: ${error}`,
      }
}

function availableCondition(
  meta: ManifestResourceMeta,
  live: UnknownObject | null | undefined,
  fetchError: string | undefined,
): Omit<Condition, "lastTransitionTime"> {
  if (!meta.resource || !meta.version || !meta.name) {
    return {
      type: AVAILABLE,
      status: "Unknown",
      reason: "IncompleteResourceMeta",
      message: "Resource meta is incomplete",
    }
  }
  if (live === null) {
    return { type: AVAILABLE, status: "False", reason: "ResourceNotAvailable", message: "Resource is not available" }
  }
  if (live === undefined) {
    const message = `Failed to fetch resource: ${fetchError ?? "not read yet"}`
    return { type: AVAILABLE, status: "Unknown", reason: "FetchingResourceFailed", message }
  }
  return { type: AVAILABLE, status: "True", reason: "ResourceAvailable", message: "Resource is available" }
}

function feedbackCondition(
  manifest: PreparedManifest,
  errors: readonly string[],
): Omit<Condition, "lastTransitionTime"> {
  const type = FEEDBACK_SYNCED
  if (manifest.feedbackRules.length === 0) {
    return { type, status: "True", reason: "NoStatusFeedbackSynced", message: "" }
  }
  if (errors.length === 0) return { type, status: "True", reason: "StatusFeedbackSynced", message: "" }
  const joined = errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`
  const message = `Sync status feedback failed with error ${joined}`
  return { type, status: "False", reason: "StatusFeedbackSyncFailed", message }
}

function aggregateApplied(
  results: readonly ManifestResult[],
  observedGeneration: number,
): Omit<Condition, "lastTransitionTime"> | undefined {
  if (results.length === 0) return undefined
  return results.every(({ error }) => error === undefined)
    ? {
        type: APPLIED,
        status: "True",
        reason: "AppliedManifestWorkComplete",
        message: "Apply manifest work complete",
        observedGeneration,
      }
    : {
        type: APPLIED,
        status: "False",
        reason: "AppliedManifestWorkFailed",
        message: "Failed to apply manifest work",
        observedGeneration,
      }
}

type Tally = { True: number; False: number; Unknown: number; message: string }

/** Available always, and every condition that rules made. Source: OCM pkg/work/spoke/conditions/helpers.go. */
function aggregateManifests(
  manifests: readonly ManifestCondition[],
  observedGeneration: number,
): readonly Omit<Condition, "lastTransitionTime">[] {
  const tallies = new Map<string, Tally>([[AVAILABLE, { True: 0, False: 0, Unknown: 0, message: "" }]])
  for (const condition of manifests.flatMap((manifest) => manifest.conditions)) {
    if (condition.type !== AVAILABLE && !isByRule(condition)) continue
    const tally = tallies.get(condition.type) ?? { True: 0, False: 0, Unknown: 0, message: "" }
    tally[condition.status as "True" | "False" | "Unknown"]++
    if (condition.message !== "") tally.message = condition.message
    tallies.set(condition.type, tally)
  }
  return [...tallies]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, tally]) => ({
      type,
      ...(type === AVAILABLE ? aggregateAvailable(tally, manifests.length) : aggregateRule(type, tally)),
      observedGeneration,
    }))
}

type Verdict = Pick<Condition, "status" | "reason" | "message">

function aggregateAvailable(tally: Tally, total: number): Verdict {
  if (tally.False > 0) {
    const message = `${tally.False} of ${total} resources are not available`
    return { status: "False", reason: "ResourcesNotAvailable", message }
  }
  if (tally.Unknown > 0) {
    const message = `${tally.Unknown} of ${total} resources have unknown status`
    return { status: "Unknown", reason: "ResourcesStatusUnknown", message }
  }
  if (tally.True === 0) {
    // The blank at the end is OCM's.
    const message = "cannot get any available resource "
    return { status: "Unknown", reason: "ResourcesStatusUnknown", message }
  }
  return { status: "True", reason: "ResourcesAvailable", message: "All resources are available" }
}

/** False wins, then Unknown; but a work progresses as long as any manifest does. */
function aggregateRule(type: string, tally: Tally): Verdict {
  const total = tally.True + tally.False + tally.Unknown
  const status =
    type === "Progressing"
      ? tally.True > 0
        ? "True"
        : tally.Unknown > 0
          ? "Unknown"
          : "False"
      : tally.False > 0
        ? "False"
        : tally.Unknown > 0
          ? "Unknown"
          : "True"
  const message = total === 1 && tally.message !== "" ? tally.message : `Aggregated from ${total} manifest conditions`
  return { status, reason: "ConditionRulesAggregated", message }
}

const isByRule = (condition: Condition): boolean => condition.reason.startsWith("ConditionRule")

const isOwnHealth = (condition: Condition): boolean => condition.type === WORK_HEALTHY && !isByRule(condition)

/** Removing a rule raises the work's generation, so a condition of an older one comes from a rule that is gone. */
function isStaleRule(condition: Condition, generation: number): boolean {
  return isByRule(condition) && condition.observedGeneration !== generation
}

/** Finds a manifest's former conditions: at the same place, else the only one of the same object. */
function indexManifests(
  manifests: readonly ManifestCondition[],
): (meta: ManifestResourceMeta) => ManifestCondition | undefined {
  const keyOf = ({ ordinal: _, ...meta }: ManifestResourceMeta) =>
    [meta.group, meta.version, meta.kind, meta.resource, meta.namespace, meta.name].map((part) => part ?? "").join("/")
  const byKey = Map.groupBy(manifests, (manifest) => keyOf(manifest.resourceMeta))
  return (meta) => {
    const same = byKey.get(keyOf(meta)) ?? []
    return (
      same.find((manifest) => manifest.resourceMeta.ordinal === meta.ordinal) ??
      (same.length === 1 ? same[0] : undefined)
    )
  }
}
