// Events: they go an hour after they were last written.
//
// Reads:    Event.   Wakes on: it, and the end of its hour.
// Writes:   deletes events.
// Gives up when: the event is gone.
import { CORE_EVENTS } from "#api/kubernetes/events.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planEventExpiry } from "./event-expiry.plan.ts"

export function startEventExpiry(runtime: Runtime, cluster: Cluster): void {
  const events = cluster.informers.informer(CORE_EVENTS)
  startController(runtime, {
    name: "event-expiry",
    workers: 1,
    // A change only makes it later: the timer that runs already looks again.
    sources: [{ informer: events, keysOf: ({ kind, object }) => (kind === "added" ? [keyOf(object)] : []) }],
    reconcile: async (key, signal) => {
      const event = events.get(key)
      if (event === undefined) return
      const plan = planEventExpiry(event, runtime.clock.nowMs())
      await applyPlan(cluster.client, plan, { log: runtime.log, signal })
      return plan
    },
  })
}
