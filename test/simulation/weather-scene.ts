// A fleet in bad weather: members lose the hub and find it again while people change things on both sides.
import assert from "node:assert/strict"
import { newFleetSimulation } from "#cmd/simulation.ts"
import { AVAILABLE } from "#api/cluster/names.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { randomInt, seededRandom, seedFor, type Random } from "#lib/random.ts"
import type { SimulatedMember, Simulation } from "#simulator/simulation.ts"
import { areWorksAvailable, clusterCondition, configOf, taintsOf, worksOf } from "./fleet-view.ts"
import { comesToRest } from "./invariants.ts"
import { workOfOne } from "./objects.ts"

const MEMBERS = 3
const ROUNDS = 60
const ROUND_MS_MAX = 90_000
const NAMES = ["a", "b", "c", "d"]
/** An agent tries again after five minutes at the most, and may need a second try. */
const CLEARS_WITHIN_MS = 12 * 60_000

/** What people have asked for and been told that it is done: by `member/name`, the content. */
type Wanted = Map<string, string>

/** @returns the trace */
export async function tellWeather(seed: number): Promise<readonly string[]> {
  const fleet = await newFleetSimulation({ seed, members: MEMBERS })
  try {
    const chance = seededRandom(seedFor(seed, "weather"))
    const isJoined = ({ name }: SimulatedMember) => clusterCondition(fleet, name, AVAILABLE) === "True"
    await fleet.until("all have joined", () => fleet.members.every(isJoined))
    const wanted: Wanted = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      await happens(fleet, chance, wanted, round)
      await fleet.clock.advance(randomInt(chance, ROUND_MS_MAX))
    }
    for (const { name } of fleet.members) fleet.heal(name)
    await fleet.until(
      "everything that was asked for is there",
      () => fleet.members.every((member) => isJoined(member) && isAsWanted(fleet, member, wanted)),
      CLEARS_WITHIN_MS,
    )
    await comesToRest(fleet)
    for (const member of fleet.members) assert.ok(isAsWanted(fleet, member, wanted), member.name)
    return fleet.trace.lines
  } finally {
    await fleet.stop()
  }
}

async function happens(fleet: Simulation, chance: Random, wanted: Wanted, round: number): Promise<void> {
  const member = pick(chance, fleet.members)
  const name = pick(chance, NAMES)
  const key = { namespace: member.name, name }
  const { client } = fleet.hub
  switch (randomInt(chance, 6)) {
    case 0:
      return fleet.cut(member.name)
    case 1:
      return fleet.heal(member.name)
    case 2:
    case 3:
      return fleet.act(`put work ${member.name}/${name}`, async () => {
        const work = workOfOne(name, member.name, `${name} of round ${round}`)
        // What is on its way out cannot be wanted again before it is gone.
        if (worksOf(fleet, member.name).some(({ metadata: m }) => m.name === name && m.deletionTimestamp)) return
        if (wanted.has(`${member.name}/${name}`))
          await client.patch(MANIFEST_WORKS, key, { merge: { spec: work.spec } })
        else await client.create(MANIFEST_WORKS, work)
        wanted.set(`${member.name}/${name}`, `${name} of round ${round}`)
      })
    case 4:
      return fleet.act(`delete work ${member.name}/${name}`, async () => {
        wanted.delete(`${member.name}/${name}`)
        await client.delete(MANIFEST_WORKS, key).catch(ifMissing)
      })
    default:
      return fleet.act(`meddle with ConfigMap ${name} on ${member.name}`, async () => {
        const config = { namespace: "default", name }
        const meddle =
          chance.fraction() < 0.5
            ? member.server.client.delete(CONFIG_MAPS, config)
            : member.server.client.patch(CONFIG_MAPS, config, { merge: { data: { is: "by hand" } } })
        await meddle.catch(ifMissing)
      })
  }
}

function isAsWanted(fleet: Simulation, member: SimulatedMember, wanted: Wanted): boolean {
  return (
    taintsOf(fleet, member.name).length === 0 &&
    areWorksAvailable(fleet, member.name) &&
    NAMES.every((name) => configOf(member, "default", name)?.["is"] === wanted.get(`${member.name}/${name}`)) &&
    worksOf(fleet, member.name).length === NAMES.filter((name) => wanted.has(`${member.name}/${name}`)).length
  )
}

const pick = <T>(chance: Random, items: readonly T[]): T => items[randomInt(chance, items.length)]!

function ifMissing(error: unknown): void {
  if (!hasReason(error, "NotFound")) throw error
}
