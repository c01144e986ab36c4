import { formatTime, parseTimeMs } from "#lib/clock.ts"
import type { AppliedManifestWork } from "#api/work/v1.ts"
import { APPLIED_MANIFEST_WORKS } from "#api/work/v1.ts"
import { HUB_IDENTITY_ANNOTATION } from "#api/work/names.ts"
import { NOTHING } from "#runtime/plan.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import type { Departure } from "./hub-works.ts"
import { appliedWorkName } from "./manifestwork.plan.ts"

/**
 * What is known of the work behind an AppliedManifestWork.
 * - `present`: the hub has it
 * - `missing`: the hub answered a direct GET with NotFound, and it is the hub that the work came from
 * - `unknown`: anything else: no answer, another hub, a restored one. Never a reason to take anything away
 * - `detached`: the hub has let the whole cluster go, and left that in writing
 * - `superseded`: it came from another hub, and everything that it applied is owned by works of this hub too
 */
export type WorkWhereabouts = "present" | "missing" | "unknown" | "detached" | "superseded"

/** A grace period from here on means never. Source: OCM EvictionGracePeriodBound. */
export const EVICTION_NEVER_MS = 100 * 365 * 24 * 3600 * 1000

/** Whether what was applied goes when the cluster does: not what came from another hub. */
export function isLeaving(
  { metadata, spec }: AppliedManifestWork,
  departure: Departure,
  { agentId, hubHash }: { readonly agentId: string; readonly hubHash: string },
): boolean {
  const identity = metadata.annotations?.[HUB_IDENTITY_ANNOTATION] ?? departure.identity
  const isOurs = spec.agentID === agentId && metadata.name === appliedWorkName(hubHash, spec.manifestWorkName)
  return isOurs && identity === departure.identity
}

/** Starts, stops and ends the grace period after which what a vanished work applied is taken away. */
export function planEviction(
  applied: AppliedManifestWork,
  whereabouts: WorkWhereabouts,
  { nowMs, graceMs }: { readonly nowMs: number; readonly graceMs: number },
): Plan {
  if (applied.metadata.deletionTimestamp !== undefined) return NOTHING
  const startedMs = parseTimeMs(applied.status?.evictionStartTime)
  const setStart = (evictionStartTime: string | null): Plan["actions"] => [
    {
      do: "patch",
      type: APPLIED_MANIFEST_WORKS,
      key: { name: applied.metadata.name! },
      patch: { status: { evictionStartTime } },
      subresource: "status",
      uid: applied.metadata.uid!,
    },
  ]
  // A silent hub neither starts nor stops the clock; it is asked again before anything is deleted.
  if (whereabouts === "unknown") return { actions: [], why: ["kept: the hub has not said that the work is gone"] }
  if (whereabouts === "detached") return { actions: [deletion(applied)] }
  if (whereabouts === "present" || graceMs >= EVICTION_NEVER_MS) {
    return { actions: startedMs === undefined ? [] : setStart(null) }
  }
  if (startedMs === undefined) return { actions: setStart(formatTime(nowMs)), requeueAfterMs: graceMs }
  const leftMs = startedMs + graceMs - nowMs
  if (leftMs > 0) return { actions: [], requeueAfterMs: leftMs, why: [`evicted in ${Math.ceil(leftMs / 1000)} s`] }
  return { actions: [deletion(applied)] }
}

const deletion = ({ metadata }: AppliedManifestWork): Action => ({
  do: "delete",
  type: APPLIED_MANIFEST_WORKS,
  key: { name: metadata.name! },
  uid: metadata.uid!,
  propagationPolicy: "Background",
})

/** What people are told of a plan that was carried out. */
export function evictionEvents(
  { spec }: AppliedManifestWork,
  { actions }: Plan,
  whereabouts: WorkWhereabouts,
): readonly { readonly type: "Normal" | "Warning"; readonly reason: string; readonly note: string }[] {
  const work = `ManifestWork "${spec.manifestWorkName}"`
  return actions.map((action) => {
    if (action.do === "delete") {
      const note = `What ${work} applied is taken away: the work is ${whereabouts}`
      return { type: "Warning", reason: "Evicted", note }
    }
    const isStart = action.do === "patch" && (action.patch["status"] as StartPatch).evictionStartTime !== null
    return isStart
      ? {
          type: "Warning",
          reason: "EvictionStarted",
          note: `${work} is ${whereabouts}: what it applied will be taken away`,
        }
      : { type: "Normal", reason: "EvictionStopped", note: `${work} is ${whereabouts}: what it applied stays` }
  })
}

type StartPatch = { readonly evictionStartTime: string | null }
