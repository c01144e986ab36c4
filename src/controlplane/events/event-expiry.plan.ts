import type { CoreEvent } from "#api/kubernetes/events.ts"
import { CORE_EVENTS } from "#api/kubernetes/events.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { Plan } from "#runtime/plan.ts"

/** Source: kube-apiserver --event-ttl. */
const KEPT_MS = 3_600_000

/** An event goes an hour after its last write. */
export function planEventExpiry(event: CoreEvent, nowMs: number): Plan {
  const { name = "", namespace = "", uid, creationTimestamp, managedFields = [] } = event.metadata
  const writes = [
    creationTimestamp,
    event.lastTimestamp,
    event.series?.lastObservedTime,
    ...managedFields.map((m) => m.time),
  ]
  const dueMs = Math.max(...writes.map((time) => Math.min(parseTimeMs(time) ?? 0, nowMs))) + KEPT_MS
  if (nowMs < dueMs) return { actions: [], requeueAfterMs: dueMs - nowMs }
  const key = { namespace, name }
  return { actions: [{ do: "delete", type: CORE_EVENTS as never, key, ...(uid === undefined ? {} : { uid }) }] }
}
