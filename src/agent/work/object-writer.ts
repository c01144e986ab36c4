import { hasReason } from "#apimachinery/status-error.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { carryOut } from "#agent/carry-out.ts"
import type { KubeClient } from "#kube/client.ts"
import type { MemberObjects } from "./member-objects.ts"
import { planObject, planReplace, settle } from "./object.plan.ts"
import type { AppliedState, ObjectPlan, ObservedObject } from "./object.plan.ts"

export type WriteContext = {
  readonly client: KubeClient
  readonly objects: MemberObjects
  readonly signal: AbortSignal
  /** Asked before drift is corrected. @returns milliseconds that the correction has to wait */
  readonly contestMs: (plan: ObjectPlan) => number
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

/** Stale answers that are worth another look in one pass: somebody else writes the object at this moment. */
const ATTEMPTS_MAX = 4

/**
 * Brings one object to its manifest: one write when what is known of it is right.
 * @throws ApplyConflict, or what the member refused with
 */
export async function writeObject(context: WriteContext, observed: Omit<ObservedObject, "live">): Promise<Written> {
  const { manifest, applied } = observed
  for (let attempt = 1; ; attempt++) {
    const live = context.objects.get(manifest.target)
    const plan = planObject({ ...observed, live })
    if (plan.action === undefined || plan.action.do === "together") return { live, state: compared(observed, live) }
    if (live && applied?.manifest === manifest.object) {
      const waitMs = context.contestMs(plan)
      if (waitMs > 0) return { live, state: applied, waitMs }
    }
    try {
      const answer = await carryOut(context.client, plan.action, context.signal)
      return accept(context, observed, answer)
    } catch (error) {
      if (plan.action.do === "apply" && hasReason(error, "Conflict")) {
        throw new ApplyConflict((error as Error).message, { cause: error })
      }
      if (plan.action.do === "patch" && live && hasReason(error, "Invalid") && isUpdate(observed)) {
        // The merge of manifest and live object is not allowed, the manifest alone may be.
        return accept(context, observed, await replaceWhole(context, observed, live))
      }
      if (attempt >= ATTEMPTS_MAX || !(await isStale(context, observed, plan, error))) throw error
    }
  }
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
  { objects }: WriteContext,
  { manifest, applied }: Omit<ObservedObject, "live">,
  answer: UnknownObject | null,
): Written {
  if (answer === null) return { live: null, state: undefined }
  const live = objects.wrote(manifest.target, answer) ?? answer
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
