// A fleet's story on virtual time: join, delivery, ten minutes without one member, healing. What must hold on the way is
// asserted here, so that every seed checks it.
import assert from "node:assert/strict"
import { newFleetSimulation } from "#cmd/simulation.ts"
import { AVAILABLE, HUB_ACCEPTED, JOINED, TAINT_UNREACHABLE } from "#api/cluster/names.ts"
import { CONFIG_MAPS, SERVICES } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { MANIFEST_WORK_REPLICA_SETS } from "#api/work/v1alpha1.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { randomInt, seededRandom, seedFor } from "#lib/random.ts"
import { isSampleAvailable, SAMPLE_NAME, SAMPLE_NAMESPACE, sampleObjects } from "#simulator/sample.ts"
import type { SimulatedMember, Simulation } from "#simulator/simulation.ts"
import {
  areWorksAvailable,
  chosenBy,
  clusterCondition,
  configOf,
  isDeploymentAvailable,
  readyPodsOf,
  heartbeatAgeMs,
  taintsOf,
  worksOf,
} from "./fleet-view.ts"
import { comesToRest } from "./invariants.ts"
import { workOfOne } from "./objects.ts"

const MEMBERS = ["cluster1", "cluster2", "cluster3"]
const MINUTE_MS = 60_000
const CUT_MS = 10 * MINUTE_MS
/** What happens five and ten minutes after the last heartbeat is then over before the ten minutes are. */
const CLEAR_MS = 5_000
/** After five minutes of silence a cluster is Unknown; its last heartbeat may be almost one older than the cut. */
const UNKNOWN_WITHIN_MS = 6 * MINUTE_MS
/** Drift is mended at once, not at the next round. */
const MENDED_WITHIN_MS = 2_000
/** An agent that has tried in vain for ten minutes tries again after five minutes at the most. */
const HEALED_WITHIN_MS = 6 * MINUTE_MS

/** The sample's twin that stays wherever it is, however long a cluster is away. */
const STEADY = "steady"
const STEADY_NAMESPACE = `hawser-${STEADY}`
const GREETING = { old: "Hello from the hub", new: "Hello again" }

export type Story = {
  readonly trace: readonly string[]
  /** How long the fleet took to be whole again after healing, virtual milliseconds. */
  readonly healedAfterMs: number
}

export async function tellPartition(seed: number): Promise<Story> {
  const fleet = await newFleetSimulation({ seed, members: MEMBERS.length })
  try {
    // Which member, and at what moment between two heartbeats, is the seed's choice, too.
    const chance = seededRandom(seedFor(seed, "story"))
    await joinAndDeliver(fleet)
    await fleet.clock.advance(randomInt(chance, MINUTE_MS))
    const lost = fleet.members[randomInt(chance, fleet.members.length)]!
    await fleet.until("its heartbeat is not the latest news", () => heartbeatAgeMs(fleet, lost.name) > CLEAR_MS)
    const podsBefore = readyPodsOf(lost, STEADY_NAMESPACE)
    await partition(fleet, lost, podsBefore)
    const healedAfterMs = await heal(fleet, lost, podsBefore)
    await comesToRest(fleet)
    return { trace: fleet.trace.lines, healedAfterMs }
  } finally {
    await fleet.stop()
  }
}

async function joinAndDeliver(fleet: Simulation): Promise<void> {
  await fleet.until("all have joined", () =>
    MEMBERS.every((name) =>
      [HUB_ACCEPTED, JOINED, AVAILABLE].every((type) => clusterCondition(fleet, name, type) === "True"),
    ),
  )
  await fleet.act("apply the sample, its steady twin, and a work that will leave", async () => {
    await fleet.hub.api.bootstrap([...sampleObjects(), ...steadyObjects()])
    for (const name of MEMBERS) await fleet.hub.client.create(MANIFEST_WORKS, workOfOne("leaving", name))
  })
  await fleet.until("everything is available everywhere", () => isDelivered(fleet, "leaving"))
  for (const member of fleet.members) {
    assert.equal(readyPodsOf(member, STEADY_NAMESPACE).length, 2, member.name)
  }
}

/** Ten minutes in which nothing gets through between the hub and one member; both go on. */
async function partition(fleet: Simulation, lost: SimulatedMember, podsBefore: readonly string[]): Promise<void> {
  const { hub, clock } = fleet
  const { name } = lost
  const healMs = clock.nowMs() + CUT_MS
  fleet.cut(name)
  await driftIsMended(fleet, lost)

  await fleet.until(
    "the hub marks the lost member Unknown",
    () => clusterCondition(fleet, name, AVAILABLE) === "Unknown",
    UNKNOWN_WITHIN_MS,
  )
  await fleet.until("the lost member is tainted", () => taintsOf(fleet, name).includes(TAINT_UNREACHABLE), 1_000)
  await fleet.act("meanwhile change, add and remove works on the hub", async () => {
    await hub.client.patch(
      MANIFEST_WORK_REPLICA_SETS,
      { namespace: STEADY_NAMESPACE, name: STEADY },
      { merge: { spec: { manifestWorkTemplate: { workload: { manifests: steadyWorkload(GREETING.new) } } } } },
    )
    for (const member of MEMBERS) {
      await hub.client.create(MANIFEST_WORKS, workOfOne("arriving", member))
      await hub.client.delete(MANIFEST_WORKS, { namespace: member, name: "leaving" })
    }
  })
  const others = fleet.members.filter((member) => member !== lost)
  await fleet.until("the others have the change", () =>
    others.every(
      (member) =>
        areWorksAvailable(fleet, member.name) && configOf(member, STEADY_NAMESPACE, STEADY)?.greeting === GREETING.new,
    ),
  )

  await clock.runUntil(healMs - MENDED_WITHIN_MS)
  await driftIsMended(fleet, lost)
  await clock.runUntil(healMs)
  assert.equal(clusterCondition(fleet, name, AVAILABLE), "Unknown")
  // The sample's Placement waits for five minutes after the taint, its twin's for ever.
  const remaining = others.map((member) => member.name)
  assert.deepEqual(chosenBy(fleet, SAMPLE_NAMESPACE, "everywhere"), remaining)
  assert.deepEqual(chosenBy(fleet, STEADY_NAMESPACE, STEADY), MEMBERS)
  // On the member nothing has changed: neither what was decided meanwhile, nor its pods.
  assert.equal(configOf(lost, STEADY_NAMESPACE, STEADY)?.greeting, GREETING.old)
  assert.ok(isDeploymentAvailable(lost, SAMPLE_NAMESPACE, SAMPLE_NAME))
  assert.deepEqual(readyPodsOf(lost, STEADY_NAMESPACE), podsBefore)
  assert.deepEqual(configOf(lost, "default", "arriving"), undefined)
  assert.ok(worksOf(fleet, name).some(({ metadata }) => metadata.name === "leaving"))
}

/** Edits by hand on a member are undone, hub or no hub. */
async function driftIsMended(fleet: Simulation, member: SimulatedMember): Promise<void> {
  const key = { namespace: STEADY_NAMESPACE, name: STEADY }
  const uid = (await fleet.act("look at a Service", () => member.server.client.get(SERVICES, key))).metadata.uid
  await fleet.act("edit a ConfigMap and delete a Service by hand", async () => {
    await member.server.client.patch(CONFIG_MAPS, key, { merge: { data: { greeting: "by hand" } } })
    await member.server.client.delete(SERVICES, key)
  })
  await fleet.until(
    "the drift is mended",
    () => {
      const service = member.server.informers.informer(SERVICES).get(`${key.namespace}/${key.name}`)
      const greeting = configOf(member, key.namespace, key.name)?.greeting
      return greeting === GREETING.old && service !== undefined && service.metadata.uid !== uid
    },
    MENDED_WITHIN_MS,
  )
}

async function heal(fleet: Simulation, lost: SimulatedMember, podsBefore: readonly string[]): Promise<number> {
  const healedMs = fleet.clock.nowMs()
  fleet.heal(lost.name)
  await fleet.until(
    "everything is available everywhere again",
    () =>
      clusterCondition(fleet, lost.name, AVAILABLE) === "True" &&
      taintsOf(fleet, lost.name).length === 0 &&
      chosenBy(fleet, SAMPLE_NAMESPACE, "everywhere").length === MEMBERS.length &&
      isDelivered(fleet, "arriving"),
    HEALED_WITHIN_MS,
  )
  for (const member of fleet.members) {
    assert.equal(configOf(member, STEADY_NAMESPACE, STEADY)?.greeting, GREETING.new, member.name)
    assert.deepEqual(configOf(member, "default", "arriving"), { is: "arriving" }, member.name)
    assert.equal(configOf(member, "default", "leaving"), undefined, member.name)
  }
  assert.deepEqual(readyPodsOf(lost, STEADY_NAMESPACE), podsBefore, "pods of what stayed were started anew")
  return fleet.clock.nowMs() - healedMs
}

/**
 * Whether every member has the work `single` and those of both replica sets, all of them are available, and their pods
 * are ready: on the member, and as the hub hears of it.
 */
const isDelivered = (fleet: Simulation, single: string) =>
  fleet.members.every((member) => {
    const names = worksOf(fleet, member.name).map(({ metadata }) => metadata.name!)
    return (
      names.length === 3 &&
      [single, SAMPLE_NAME, STEADY].every((prefix) => names.some((name) => name.startsWith(prefix))) &&
      areWorksAvailable(fleet, member.name) &&
      isDeploymentAvailable(member, SAMPLE_NAMESPACE, SAMPLE_NAME) &&
      isDeploymentAvailable(member, STEADY_NAMESPACE, STEADY)
    )
  }) &&
  fleet.hub.informers.informer(MANIFEST_WORKS).list().filter(isSampleAvailable).length === MEMBERS.length &&
  [`${SAMPLE_NAMESPACE}/${SAMPLE_NAME}`, `${STEADY_NAMESPACE}/${STEADY}`].every((key) => {
    const summary = fleet.hub.informers.informer(MANIFEST_WORK_REPLICA_SETS).get(key)?.status?.summary
    return summary?.total === MEMBERS.length && summary.available === MEMBERS.length
  })

/** The sample under other names, with tolerations that do not end. */
function steadyObjects(): readonly UnknownObject[] {
  return renamed(sampleObjects()).map((object) => {
    if (object.kind !== "Placement") return object
    const spec = object["spec"] as { tolerations: readonly { tolerationSeconds?: number }[] }
    const tolerations = spec.tolerations.map(({ tolerationSeconds: _, ...toleration }) => toleration)
    return { ...object, metadata: { ...object.metadata, name: STEADY }, spec: { ...spec, tolerations } }
  })
}

function steadyWorkload(greeting: string): readonly UnknownObject[] {
  const set = steadyObjects().find((object) => object.kind === MANIFEST_WORK_REPLICA_SETS.kind)!
  const { spec } = set as unknown as {
    spec: { manifestWorkTemplate: { workload: { manifests: readonly UnknownObject[] } } }
  }
  const { manifests } = spec.manifestWorkTemplate.workload
  return manifests.map((manifest) => (manifest.kind === "ConfigMap" ? { ...manifest, data: { greeting } } : manifest))
}

const renamed = <T>(objects: T): T =>
  JSON.parse(
    JSON.stringify(objects)
      .replaceAll(`"${SAMPLE_NAMESPACE}"`, `"${STEADY_NAMESPACE}"`)
      .replaceAll(`"${SAMPLE_NAME}"`, `"${STEADY}"`)
      .replaceAll(`"everywhere"`, `"${STEADY}"`),
  )
