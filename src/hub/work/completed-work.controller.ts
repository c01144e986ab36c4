// Works that are complete and say for how long they stay.
//
// Reads:    ManifestWork (hub cache).
// Wakes on: ManifestWork.
// Writes:   ManifestWork (delete).
// Gives up when: the work is gone, or belongs to a replica set.
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { keyOf } from "#apimachinery/meta.ts"
import type { KubeClient } from "#kube/client.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { planCompletedWork } from "./completed-work.plan.ts"

export function startCompletedWorks(
  runtime: Runtime,
  hub: { readonly client: KubeClient; readonly informers: InformerFactory },
): void {
  const works = hub.informers.informer(MANIFEST_WORKS)
  startController(runtime, {
    name: "completedmanifestwork",
    subject: "work",
    sources: [
      {
        informer: works,
        // Nearly no work says so: the others cost nothing.
        keysOf: ({ object }) =>
          object.spec.deleteOption?.ttlSecondsAfterFinished === undefined ? [] : [keyOf(object)],
      },
    ],
    reconcile: async (key, signal) => {
      const work = works.get(key)
      if (work === undefined) return
      const plan = planCompletedWork(work, runtime.clock.nowMs())
      await applyPlan(hub.client, plan, { log: runtime.log, signal })
      return plan
    },
  })
}
