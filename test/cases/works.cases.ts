// What becomes of works: the numbers are those of OCM's behaviours that are most often got wrong.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { AVAILABLE } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { eventually } from "../support/eventually.ts"
import { badWorks } from "./bad-works.ts"
import type { FleetHarness, StartFleet } from "./harness.ts"
import { applying } from "./works-applying.ts"
import { owning } from "./works-owning.ts"
import { WorksScene, type Case, type WorksCasesOptions } from "./works-scene.ts"
import { executing, telling } from "./works-telling.ts"

/** Registers the cases. @param label  which implementation they run on */
export function worksCases(label: string, start: StartFleet, options: WorksCasesOptions): void {
  describe(label, { concurrency: 8 }, () => {
    let fleet: FleetHarness
    before(async () => {
      fleet = await start({ members: 1 })
      await eventually(async () => {
        const { status } = await fleet.hub.get(MANAGED_CLUSTERS, { name: fleet.members[0]!.name })
        assert.ok(isConditionTrue(status?.conditions, AVAILABLE))
      }, options.withinMs)
    })
    after(async () => fleet?.dispose())
    let count = 0
    const on: Case = (name, run) => {
      const namespace = `works-${++count}`
      test(`${label}: ${name}`, async () => {
        const scene = new WorksScene(fleet, namespace, options.withinMs)
        await scene.makeNamespace()
        await run(scene)
      })
    }
    applying(on)
    owning(on)
    telling(on)
    executing(on)
    badWorks(on, options)
  })
}
