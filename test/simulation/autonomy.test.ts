// A fleet whose hub is away, for an hour and for a day: members keep what they have, mend it, and have it told when the hub is back.
import assert from "node:assert/strict"
import { test } from "node:test"
import { newFleetSimulation } from "#cmd/simulation.ts"
import { AVAILABLE, HUB_ACCEPTED } from "#api/cluster/names.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import type { Simulation } from "#simulator/simulation.ts"
import { areWorksAvailable, clusterCondition, configOf, worksOf } from "./fleet-view.ts"
import { comesToRest } from "./invariants.ts"
import { workOfOne } from "./objects.ts"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MENDED_WITHIN_MS = 2_000
/** An agent that has tried in vain for long tries again after five minutes at the most. */
const SETTLED_WITHIN_MS = 6 * 60_000
/** Requests of one member to the hub in an hour of silence: two watches, each every half minute, a report and a lease every one or two. */
const TRIES_PER_HOUR_MAX = 400

for (const { name, awayMs, looks } of [
  { name: "an hour", awayMs: HOUR_MS, looks: 4 },
  { name: "a day", awayMs: DAY_MS, looks: 4 },
]) {
  test(`simulation: a hub that is away for ${name} is not missed, and finds everything as it was`, async () => {
    const fleet = await newFleetSimulation({ seed: 11, members: 2 })
    try {
      await deliver(fleet)
      const names = fleet.members.map((member) => member.name)
      for (const member of names) fleet.cut(member)
      const from = fleet.trace.lines.length
      for (let i = 0; i < looks; i++) {
        await driftIsMended(fleet)
        await fleet.clock.advance(awayMs / looks)
      }
      const tries = fleet.trace.lines.slice(from).filter((line) => isTry(line)).length
      const most = (TRIES_PER_HOUR_MAX * names.length * awayMs) / HOUR_MS
      assert.ok(tries < most, `${tries} tries to reach the hub, want less than ${most}`)
      // The hub goes on, too: it neither forgets its clusters nor takes their works away.
      for (const member of names) {
        assert.equal(clusterCondition(fleet, member, AVAILABLE), "Unknown")
        assert.equal(clusterCondition(fleet, member, HUB_ACCEPTED), "True")
        assert.deepEqual(
          worksOf(fleet, member).map(({ metadata }) => metadata.name),
          ["kept"],
        )
      }
      await fleet.act("meanwhile a work is added", async () => {
        for (const member of names) await fleet.hub.client.create(MANIFEST_WORKS, workOfOne("added", member))
      })
      for (const member of names) fleet.heal(member)
      await fleet.until(
        "all is told and delivered",
        () =>
          fleet.members.every(
            (member) =>
              clusterCondition(fleet, member.name, AVAILABLE) === "True" &&
              areWorksAvailable(fleet, member.name) &&
              configOf(member, "default", "added")?.["is"] === "added",
          ),
        SETTLED_WITHIN_MS,
      )
      await comesToRest(fleet)
    } finally {
      await fleet.stop()
    }
  })
}

async function deliver(fleet: Simulation): Promise<void> {
  await fleet.until("all have joined", () =>
    fleet.members.every(({ name }) => clusterCondition(fleet, name, AVAILABLE) === "True"),
  )
  await fleet.act("create a work for each", async () => {
    for (const { name } of fleet.members) await fleet.hub.client.create(MANIFEST_WORKS, workOfOne("kept", name))
  })
  await fleet.until("it is there", () =>
    fleet.members.every((member) => worksOf(fleet, member.name).length === 1 && areWorksAvailable(fleet, member.name)),
  )
}

async function driftIsMended(fleet: Simulation): Promise<void> {
  const key = { namespace: "default", name: "kept" }
  await fleet.act("edit by hand on one member, delete on the other", async () => {
    const [first, second] = fleet.members
    await first!.server.client.patch(CONFIG_MAPS, key, { merge: { data: { is: "by hand" } } })
    await second!.server.client.delete(CONFIG_MAPS, key)
  })
  await fleet.until(
    "it is mended",
    () => fleet.members.every((member) => configOf(member, "default", "kept")?.["is"] === "kept"),
    MENDED_WITHIN_MS,
  )
}

/** `cluster1 failed hub PATCH /apis/…`: as the network keeps account of requests. */
const isTry = (line: string) => / failed hub /.test(line)
