import { REPLICA_SET_LABEL, WORK_COMPLETE } from "#api/work/names.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { Plan } from "#runtime/plan.ts"

/** Timers of a process end before years do: a work that stays that long is looked at again. */
const WAIT_MS_MAX = 24 * 3600_000

/**
 * Deletes a work that is complete, `deleteOption.ttlSecondsAfterFinished` after it became so. Those of a replica set are
 * the replica set's. Source: OCM pkg/work/hub/controllers/manifestworkgarbagecollection.
 */
export function planCompletedWork({ metadata, spec, status }: ManifestWork, nowMs: number): Plan {
  const ttlSeconds = spec.deleteOption?.ttlSecondsAfterFinished
  const complete = findCondition(status?.conditions, WORK_COMPLETE)
  if (ttlSeconds === undefined || complete?.status !== "True") return { actions: [] }
  if (metadata.deletionTimestamp !== undefined || metadata.labels?.[REPLICA_SET_LABEL] !== undefined) {
    return { actions: [] }
  }
  const leftMs = (parseTimeMs(complete.lastTransitionTime) ?? 0) + ttlSeconds * 1_000 - nowMs
  if (ttlSeconds > 0 && leftMs > 0) {
    return { actions: [], requeueAfterMs: Math.min(leftMs, WAIT_MS_MAX), why: ["complete, and stays for a while"] }
  }
  const { name = "", namespace = "", uid = "", resourceVersion = "" } = metadata
  return {
    actions: [{ do: "delete", type: MANIFEST_WORKS, key: { namespace, name }, uid, resourceVersion }],
    why: [`complete for ${ttlSeconds} seconds`],
  }
}
