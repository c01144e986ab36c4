// What is told of drift: which fields, what they were, who changed them, since when; and whether it is corrected.
import type { Condition } from "#apimachinery/conditions.ts"
import type { ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"
import { DRIFT_ANNOTATION, DRIFTED } from "#api/work/names.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { formatTime } from "#lib/clock.ts"
import { managerOf } from "./field-manager.ts"
import type { Difference } from "./manifest-merge.ts"

/**
 * - `correct`: put right at once
 * - `report`: left as it is and told of; new versions of the work are applied
 * - `pause`: nothing is written at all, and drift is told of
 */
export type DriftMode = "correct" | "report" | "pause"

/** Anything but the two others corrects: a typing error must not leave a fleet to drift. */
export function driftModeOf({ metadata }: ManifestWork): DriftMode {
  const said = metadata.annotations?.[DRIFT_ANNOTATION]
  return said === "report" || said === "pause" ? said : "correct"
}

export type Drift = {
  /**
   * - `corrected`: it was put right
   * - `contested`: it is changed back each time; the next correction waits
   * - `left`: it is there and stays, as the work says
   * - `over`: it was left, and somebody else has put it right
   */
  readonly state: "corrected" | "contested" | "left" | "over"
  /** `spec.replicas is 5, want 3 (kubectl-edit)`; the first ones. */
  readonly fields: readonly string[]
  /** How many there were. */
  readonly fieldCount: number
  /** Of the first of an unbroken row. */
  readonly sinceMs: number
  readonly lastMs: number
  /** How often it was seen in that row. */
  readonly count: number
}

export type SeenDrift = Pick<Drift, "fields" | "fieldCount" | "state">

/** Drift after that much calm begins a new row. */
const CALM_MS = 10 * 60_000
const FIELDS_MAX = 6
const RIVALS_MAX = 3
const VALUE_LENGTH_MAX = 48
const PATH_LENGTH_MAX = 120

/** @param managed  the books of the object as it was when it had drifted; undefined when they were not seen */
export function describeDrift(
  live: UnknownObject | null,
  differences: readonly Difference[],
  managed: readonly ManagedFieldsEntry[] | undefined,
): Pick<Drift, "fields" | "fieldCount"> {
  if (live === null) return { fields: ["the object was deleted"], fieldCount: 1 }
  const fields = differences.slice(0, FIELDS_MAX).map((difference) => {
    const manager = managerOf(managed ?? [], live, difference.path)
    return describeField(difference, isSecret(live)) + (manager === undefined ? "" : ` (${cut(manager, 64)})`)
  })
  return { fields, fieldCount: differences.length }
}

const isSecret = ({ apiVersion, kind }: UnknownObject) => apiVersion === "v1" && kind === "Secret"

function describeField({ path, have, want }: Difference, hidesValues: boolean): string {
  const at = cut(
    path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join(""),
    PATH_LENGTH_MAX,
  )
  // Half of what is on a member may be secret; what is nobody's business never leaves it.
  if (hidesValues) return `${at} differs`
  if (want === undefined) return `${at} was added`
  if (have === undefined) return `${at} was removed`
  return `${at} is ${valueText(have)}, want ${valueText(want)}`
}

function valueText(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? `${value.length} items` : "an object"
  return cut(JSON.stringify(value), VALUE_LENGTH_MAX)
}

const cut = (text: string, max: number) => (text.length <= max ? text : `${text.slice(0, max - 1)}…`)

/** Names the other works that have the object: most often it is one of them that changes it. */
export function withRivals(seen: SeenDrift, works: readonly string[], own: string): SeenDrift {
  const rivals = works.filter((work) => work !== own).toSorted()
  if (rivals.length === 0) return seen
  const more = rivals.length > RIVALS_MAX ? `, and ${rivals.length - RIVALS_MAX} more` : ""
  return { ...seen, fields: [...seen.fields, `also in ManifestWork ${rivals.slice(0, RIVALS_MAX).join(", ")}${more}`] }
}

/** Adds what was seen to what is known. */
export function planDrift(before: Drift | undefined, seen: SeenDrift, nowMs: number): Drift {
  const goesOn = before !== undefined && before.state !== "over" && nowMs - before.lastMs < CALM_MS
  const isSame = goesOn && before.state === "left" && seen.state === "left"
  return {
    ...seen,
    sinceMs: goesOn ? before.sinceMs : nowMs,
    lastMs: isSame ? before.lastMs : nowMs,
    count: (goesOn ? before.count : 0) + (isSame || seen.state === "contested" ? 0 : 1),
  }
}

/** What is there no more, of drift that was left. */
export function planNoDrift(before: Drift | undefined, nowMs: number): Drift | undefined {
  return before?.state === "left" ? { ...before, state: "over", lastMs: nowMs } : before
}

/**
 * The condition `Drifted` of a manifest: True while it differs, False when it did. Absent where nothing ever drifted.
 *
 * @param before  as reported last; after a restart the agent knows no more than that
 */
export function driftCondition(
  drift: Drift | undefined,
  before: Condition | undefined,
  generation: number,
): Omit<Condition, "lastTransitionTime"> | undefined {
  if (drift === undefined) {
    if (before === undefined || before.observedGeneration !== generation) return undefined
    return before.status === "True" ? { ...before, status: "False", ...OVER } : before
  }
  const { state, fields, fieldCount, sinceMs, lastMs, count } = drift
  const more = fieldCount > fields.length ? `, and ${fieldCount - fields.length} more` : ""
  const what = fields.join("; ") + more
  const times = count > 1 ? `, ${count} times since ${formatTime(sinceMs)}` : ""
  const common = { type: DRIFTED, observedGeneration: generation }
  switch (state) {
    case "corrected":
      return {
        ...common,
        status: "False",
        reason: "DriftCorrected",
        message: `Corrected at ${formatTime(lastMs)}${times}: ${what}`,
      }
    case "contested":
      return {
        ...common,
        status: "True",
        reason: "DriftContested",
        message: `Changed back each time it is corrected${times}; corrections slow down: ${what}`,
      }
    case "left":
      return { ...common, status: "True", reason: "DriftReported", message: `Not corrected, as the work says: ${what}` }
    case "over":
      return { ...common, status: "False", ...OVER }
  }
}

const OVER = { reason: "DriftEnded", message: "As the manifest says" }

/** The condition `Drifted` of a work, from those of its manifests. */
export function aggregateDrift(
  conditions: readonly Condition[],
  manifests: number,
  observedGeneration: number,
): Omit<Condition, "lastTransitionTime"> | undefined {
  if (conditions.length === 0) return undefined
  const common = { type: DRIFTED, observedGeneration }
  const drifting = conditions.filter(({ status }) => status === "True")
  if (drifting.length > 0) {
    const reason = drifting.some((condition) => condition.reason === "DriftContested")
      ? "DriftContested"
      : "DriftReported"
    return { ...common, status: "True", reason, message: `${drifting.length} of ${manifests} manifests drift` }
  }
  const corrected = conditions.filter(({ reason }) => reason === "DriftCorrected").length
  return corrected > 0
    ? {
        ...common,
        status: "False",
        reason: "DriftCorrected",
        message: `${corrected} of ${manifests} manifests were corrected`,
      }
    : { ...common, status: "False", ...OVER }
}
