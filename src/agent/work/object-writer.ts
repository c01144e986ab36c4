import { hasReason } from "#apimachinery/status-error.ts"
import { DRIFT_ANNOTATION } from "#api/work/names.ts"
import type { ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"
import { carryOut } from "#agent/carry-out.ts"
import type { KubeClient } from "#kube/client.ts"
import type { MemberObjects } from "./member-objects.ts"
import { describeDrift, type DriftMode, type SeenDrift } from "./drift.plan.ts"
import { AS_SAID, isAccepted, planObject, planReplace, settle } from "./object.plan.ts"
import type { AppliedState, ObjectPlan, ObservedObject } from "./object.plan.ts"

export type WriteContext = {
  /** Name of the work that is applied. */
  readonly work: string
  readonly client: KubeClient
  readonly objects: MemberObjects
  readonly signal: AbortSignal
  readonly drift: DriftContext
}

/** What is done about drift, and who is told. */
export type DriftContext = {
  readonly mode: DriftMode
  /** Asked before drift is corrected. @returns milliseconds that the correction has to wait */
  readonly contestMs: () => number
  /** Told once for each object that was looked at and for which `seen` is no news. */
  readonly tell: (seen: SeenDrift | undefined) => void
}

export type Written = {
  readonly live: UnknownObject | null | undefined
  readonly state: AppliedState | undefined
  /** Set when a correction was put off. */
  readonly waitMs?: number
}

/** A refused server-side apply: trying again does not help until somebody changes something. */
export class ApplyConflict extends Error {
  override readonly name = "ApplyConflict"
}

/** The work says that nothing is to be written. */
export class WorkPaused extends Error {
  override readonly name = "WorkPaused"

  constructor() {
    super(`not applied: the work is paused (annotation ${DRIFT_ANNOTATION})`)
  }
}

/** Stale answers that are worth another look in one pass: somebody else writes the object at this moment. */
const ATTEMPTS_MAX = 4

/**
 * Brings one object to its manifest: one write when what is known of it is right.
 * @throws ApplyConflict, or what the member refused with
 */
export async function writeObject(context: WriteContext, observed: Omit<ObservedObject, "live">): Promise<Written> {
  let known = observed
  for (let attempt = 1; ; attempt++) {
    const { manifest, applied } = known
    const { drift } = context
    const live = context.objects.get(manifest.target)
    const plan = planObject({ ...known, live })
    if (plan.action === undefined || plan.action.do === "together") {
      // Being deleted by somebody else, or compared before: what was known of its drift still is.
      if (plan.why === AS_SAID) drift.tell(undefined)
      return { live, state: compared(known, live) }
    }
    const isDrift = live !== undefined && applied?.manifest === manifest.object
    const managed = context.objects.managedBy(manifest.target)
    if (drift.mode !== "correct") {
      const learned = isDrift ? await learnForm(context, known, plan) : undefined
      if (learned !== undefined) {
        known = { ...known, applied: learned }
        continue
      }
      if (mayNotWrite(context, plan, { live, managed, isDrift })) return { live, state: applied }
    }
    if (live && isDrift) {
      const waitMs = drift.contestMs()
      if (waitMs > 0) {
        drift.tell({ ...describeDrift(live, plan.differences, managed), state: "contested" })
        return { live, state: applied, waitMs }
      }
    }
    try {
      const answer = await carryOut(context.client, plan.action, context.signal)
      const written = accept(context, known, answer)
      if (isDrift) tellCorrected(context, plan, { live, managed }, written.state)
      return written
    } catch (error) {
      if (plan.action.do === "apply" && hasReason(error, "Conflict")) {
        throw new ApplyConflict((error as Error).message, { cause: error })
      }
      if (plan.action.do === "patch" && live && hasReason(error, "Invalid") && isUpdate(known)) {
        // The merge of manifest and live object is not allowed, the manifest alone may be.
        return accept(context, known, await replaceWhole(context, known, live))
      }
      if (attempt >= ATTEMPTS_MAX || !(await isStale(context, known, plan, error))) throw error
    }
  }
}

type Drifted = {
  readonly live: UnknownObject | null | undefined
  readonly managed: readonly ManagedFieldsEntry[] | undefined
}

/** Told is what the correction has changed: what the server makes of our own write again and again is no drift. */
function tellCorrected(
  { drift }: WriteContext,
  plan: ObjectPlan,
  { live, managed }: Drifted,
  state: AppliedState | undefined,
): void {
  if (live === undefined) return
  const changed = plan.differences.filter((difference) => !isAccepted(difference, state))
  if (live !== null && changed.length === 0) return
  drift.tell({ ...describeDrift(live, changed, managed), state: "corrected" })
}

/**
 * Under `report` drift stays, and everything else is written; under `pause` nothing is.
 * @throws WorkPaused when a version of the work that was not applied before would have to be
 */
function mayNotWrite(
  { drift }: WriteContext,
  plan: ObjectPlan,
  { live, managed, isDrift }: Drifted & { readonly isDrift: boolean },
): boolean {
  if (isDrift && live !== undefined && (live === null || plan.differences.length > 0)) {
    drift.tell({ ...describeDrift(live, plan.differences, managed), state: "left" })
    return true
  }
  if (drift.mode === "report") return false
  // An owner reference is no business of whoever paused the work.
  if (isDrift) return true
  throw new WorkPaused()
}

/**
 * What the server would make of our write, without making it: after a restart nobody remembers which differences are the
 * server's own form. @returns undefined when that is known
 */
async function learnForm(
  context: WriteContext,
  { manifest, applied }: Omit<ObservedObject, "live">,
  { action }: ObjectPlan,
): Promise<AppliedState | undefined> {
  const isUnknown = applied?.resourceVersion === ""
  if (!isUnknown || (action?.do !== "patch" && action?.do !== "apply")) return undefined
  const answer = await carryOut(context.client, action, context.signal, { dryRun: true })
  return answer === null ? undefined : { ...settle(manifest, applied, answer), resourceVersion: "not compared yet" }
}

const isUpdate = ({ manifest }: Omit<ObservedObject, "live">) => (manifest.strategy.type ?? "Update") === "Update"

function replaceWhole(context: WriteContext, observed: Omit<ObservedObject, "live">, live: UnknownObject) {
  const action = planReplace({ ...observed, live }, live) as Parameters<typeof carryOut>[1]
  return carryOut(context.client, action, context.signal)
}

/** Reads the object anew when the refusal says that what is known of it is wrong. */
async function isStale(
  { objects, signal }: WriteContext,
  { manifest: { target } }: Omit<ObservedObject, "live">,
  plan: ObjectPlan,
  error: unknown,
): Promise<boolean> {
  const isCreate = plan.action?.do === "create"
  if (hasReason(error, "AlreadyExists", "Conflict")) {
    await objects.read(target, signal)
    return true
  }
  if (isCreate || !hasReason(error, "NotFound")) return false
  objects.wrote(target, null)
  return true
}

function accept(
  { objects, work }: WriteContext,
  { manifest, applied }: Omit<ObservedObject, "live">,
  answer: UnknownObject | null,
): Written {
  if (answer === null) return { live: null, state: undefined }
  const live = objects.wrote(manifest.target, answer, work) ?? answer
  return { live, state: settle(manifest, applied, answer) }
}

/** What to remember when nothing had to be written. */
function compared(
  { manifest, applied }: Omit<ObservedObject, "live">,
  live: UnknownObject | null | undefined,
): AppliedState | undefined {
  if (!live || manifest.strategy.type === "ReadOnly" || live.metadata.deletionTimestamp !== undefined) return applied
  const resourceVersion = live.metadata.resourceVersion ?? ""
  if (applied?.manifest !== manifest.object) return settle(manifest, applied, live)
  return applied.resourceVersion === resourceVersion ? applied : { ...applied, resourceVersion }
}
