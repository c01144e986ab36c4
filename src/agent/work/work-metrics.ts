import type { Clock } from "#lib/clock.ts"
import type { Metrics } from "#lib/metrics.ts"
import { groupResource, type ResourceType } from "#apimachinery/gvk.ts"
import type { KubeClient } from "#kube/client.ts"

/** What the agent counts of its works. */
export interface WorkMetrics {
  /** One write of a manifest's object to the member. */
  wrote(verb: string, startedMs: number, failed: boolean): void
  /** An object that others had changed or deleted is as its manifest says again. */
  corrected(type: ResourceType): void
  /** Something that the hub is to be told of happened on the member. */
  changed(work: string): void
  /** The hub has the status that follows from all changes until `startedMs`, or they made no difference to it. */
  reported(work: string, report: { readonly isWritten: boolean; readonly startedMs: number }): void
  /** Nobody asks for the work's status any more. */
  forgot(work: string): void
}

/** Seconds from a few milliseconds to the hours of a hub that is away. */
const LAG_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 43_200]

export function workMetrics(metrics: Metrics | undefined, clock: Clock, signal: AbortSignal): WorkMetrics {
  if (metrics === undefined) return { wrote() {}, corrected() {}, changed() {}, reported() {}, forgot() {} }
  const applied = metrics.histogram(
    "hawser_agent_apply_duration_seconds",
    "How long the member takes to write a manifest's object, by verb and result.",
  )
  const drift = metrics.counter(
    "hawser_agent_drift_corrected_total",
    "Objects that others had changed or deleted and that were put right, by resource.",
  )
  const lag = metrics.histogram(
    "hawser_agent_status_lag_seconds",
    "From the first change of an applied object that was seen on the member until the hub has the status.",
    LAG_BOUNDS,
  )
  const waiting = metrics.gauge(
    "hawser_agent_status_lag_oldest_seconds",
    "How long the oldest change that the hub has not been told of has waited.",
  )
  /** Work -> when the first and the last change were seen that the hub does not know of. */
  const pending = new Map<string, { sinceMs: number; lastMs: number }>()
  waiting.set(0)
  const stop = metrics.onText(() => {
    const nowMs = clock.nowMs()
    let oldestMs = nowMs
    for (const { sinceMs } of pending.values()) oldestMs = Math.min(oldestMs, sinceMs)
    waiting.set((nowMs - oldestMs) / 1000)
  })
  signal.addEventListener("abort", stop, { once: true })
  return {
    wrote(verb, startedMs, failed) {
      applied.observe((clock.nowMs() - startedMs) / 1000, { verb, result: failed ? "error" : "success" })
    },
    corrected: (type) => drift.add({ resource: groupResource(type) }),
    changed(work) {
      const nowMs = clock.nowMs()
      const known = pending.get(work)
      if (known === undefined) pending.set(work, { sinceMs: nowMs, lastMs: nowMs })
      else known.lastMs = nowMs
    },
    reported(work, { isWritten, startedMs }) {
      const known = pending.get(work)
      if (known === undefined || known.sinceMs > startedMs) return
      if (isWritten) lag.observe((clock.nowMs() - known.sinceMs) / 1000)
      // What came while the report was on its way is for the next one.
      if (known.lastMs > startedMs) known.sinceMs = known.lastMs
      else pending.delete(work)
    },
    forgot: (work) => void pending.delete(work),
  }
}

/** The same client; its writes are measured. */
export function meteredClient(client: KubeClient, clock: Clock, metrics: WorkMetrics): KubeClient {
  const metered =
    <Arguments extends unknown[], Answer>(verb: string, call: (...given: Arguments) => Promise<Answer>) =>
    async (...given: Arguments): Promise<Answer> => {
      const startedMs = clock.nowMs()
      try {
        const answer = await call(...given)
        metrics.wrote(verb, startedMs, false)
        return answer
      } catch (error) {
        metrics.wrote(verb, startedMs, true)
        throw error
      }
    }
  // Generic methods lose their type parameter on the way, and are given it back.
  return {
    ...client,
    create: metered("create", client.create.bind(client)) as KubeClient["create"],
    update: metered("update", client.update.bind(client)) as KubeClient["update"],
    patch: metered("patch", client.patch.bind(client)) as KubeClient["patch"],
    apply: metered("apply", client.apply.bind(client)) as KubeClient["apply"],
    delete: metered("delete", client.delete.bind(client)) as KubeClient["delete"],
  }
}
