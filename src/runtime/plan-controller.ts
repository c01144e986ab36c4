import type { Log } from "#lib/log.ts"
import type { KubeClient } from "#kube/client.ts"
import { applyPlan } from "./apply-plan.ts"
import type { Reconcile } from "./controller.ts"
import type { Plan } from "./plan.ts"

/**
 * A reconcile of the three steps that nearly all have: observe (read caches), plan (pure), apply.
 *
 * @param steps.observe  everything the plan needs to know about the key; undefined when there is nothing to do
 */
export function planController<Observed>(
  client: KubeClient,
  steps: {
    readonly observe: (key: string) => Observed | undefined
    readonly plan: (observed: Observed) => Plan
    readonly log?: Log
  },
): Reconcile {
  return async (key, signal) => {
    const observed = steps.observe(key)
    if (observed === undefined) return
    const plan = steps.plan(observed)
    await applyPlan(client, plan, { signal, ...(steps.log === undefined ? {} : { log: steps.log }) })
    return plan
  }
}
