// What must hold of every fleet that was left alone for a while, whatever happened to it before.
import assert from "node:assert/strict"
import { APPLIED_MANIFEST_WORKS } from "#api/work/v1.ts"
import type { SimulatedMember, Simulation } from "#simulator/simulation.ts"
import { appliedWorksOf, worksOf } from "./fleet-view.ts"

const REST_MS = 10 * 60_000

/** What time alone brings about: leases are renewed, answered requests are swept away after an hour. */
const BY_TIME = [
  / put \/registry\/coordination\.k8s\.io\/leases\//,
  / delete \/registry\/certificates\.k8s\.io\/certificatesigningrequests\//,
]

/** Whoever writes anything else into a fleet at rest would do so for ever, too. */
export async function comesToRest(fleet: Simulation): Promise<void> {
  await fleet.clock.advance(REST_MS)
  const from = fleet.trace.lines.length
  await fleet.clock.advance(REST_MS)
  const writes = fleet.trace.lines
    .slice(from)
    .filter((line) => /^\S+ \S+ (put|delete) /.test(line) && !BY_TIME.some((known) => known.test(line)))
  assert.deepEqual(writes, [], "writes into a fleet at rest")
  for (const member of fleet.members) assertNothingLost(fleet, member)
}

/** What the hub wants of a member, what the member keeps of it, and what is there are the same. */
function assertNothingLost(fleet: Simulation, member: SimulatedMember): void {
  const wanted = worksOf(fleet, member.name)
  assert.deepEqual(
    appliedWorksOf(member)
      .map(({ spec }) => spec.manifestWorkName)
      .sort(),
    wanted.map(({ metadata }) => metadata.name).sort(),
    `${member.name}: ${APPLIED_MANIFEST_WORKS.kind}s and works`,
  )
  for (const { spec, status } of appliedWorksOf(member)) {
    const work = wanted.find(({ metadata }) => metadata.name === spec.manifestWorkName)!
    const applied = status?.appliedResources ?? []
    assert.equal(applied.length, work.spec.workload?.manifests?.length, `${member.name}/${spec.manifestWorkName}`)
    for (const { group = "", resource, namespace = "", name, uid } of applied) {
      const found = member.server.api.reader.get({ group, resource }, namespace, name)
      assert.equal(found?.metadata.uid, uid, `${member.name}: ${resource} ${namespace}/${name}`)
    }
  }
}
