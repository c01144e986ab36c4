// Clusters that are detached while their agents are there, away, or never come back; and what is left of them.
import assert from "node:assert/strict"
import { test } from "node:test"
import { isDeepStrictEqual } from "node:util"
import {
  DETACH_GRACE_ANNOTATION,
  DETACH_WORKLOADS_ANNOTATION,
  DETACHED_LEASE,
  tombstonesOf,
} from "#api/cluster/detached.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { endDetachment } from "#agent/registration/credential-store.ts"
import type { Agent } from "#agent/start.ts"
import { configMap } from "./agent-world.ts"
import { CLUSTER, conditionOf, isAvailable, newScene, type Scene } from "./agent-registration-scene.ts"

const MINUTE_MS = 60_000

async function withWork(scene: Scene): Promise<void> {
  await scene.until(isAvailable(scene))
  await scene.hub.admin.create(MANIFEST_WORKS, {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { namespace: CLUSTER, name: "w" },
    spec: { workload: { manifests: [configMap("a", { k: "1" })] } },
  })
  await scene.until(() => isApplied(scene))
  await scene.world.clock.advance(1_000)
}

const isThere = async (get: Promise<unknown>) => {
  try {
    await get
    return true
  } catch (error) {
    if (hasReason(error, "NotFound")) return false
    throw error
  }
}
const isApplied = ({ member }: Scene) => isThere(member.admin.get(CONFIG_MAPS, { namespace: "default", name: "a" }))
const isGone = async (scene: Scene) => (await scene.cluster()) === undefined
const works = async ({ hub }: Scene) => (await hub.admin.list(MANIFEST_WORKS)).items.length
const appliedWorks = async ({ member }: Scene) => (await member.admin.list(APPLIED_MANIFEST_WORKS)).items.length
const tombstones = async ({ hub }: Scene) => {
  const { items } = await hub.admin.list(LEASES, { namespace: CLUSTER })
  return tombstonesOf(items.find(({ metadata }) => metadata.name === DETACHED_LEASE))
}
const annotate = (scene: Scene, annotations: Record<string, string>) =>
  scene.hub.admin.patch(MANAGED_CLUSTERS, { name: CLUSTER }, { merge: { metadata: { annotations } } })
const remove = (scene: Scene) => scene.hub.admin.delete(MANAGED_CLUSTERS, { name: CLUSTER })

async function end(scene: Scene, agent: Agent): Promise<void> {
  const stopped = agent.stop()
  await scene.world.clock.settle()
  await stopped
}

test("a cluster whose agent is there goes at once, with what its works applied, and stays away", async (t) => {
  const scene = await newScene(t)
  const agent = scene.start()
  await withWork(scene)
  const { uid = "" } = (await scene.cluster())!.metadata
  await remove(scene)
  await scene.until(() => isGone(scene))
  assert.equal(await isApplied(scene), false)
  await scene.until(async () => (await tombstones(scene))[0]?.clearedMs !== undefined)
  assert.equal((await tombstones(scene))[0]?.uid, uid)
  assert.deepEqual((await scene.store.load())?.detached, { uid, workloads: "remove" })
  await end(scene, agent)
  scene.start()
  await scene.world.clock.advance(15 * MINUTE_MS)
  assert.ok(await isGone(scene), "a restart is no new join")
  // Obeyed, it is forgotten, and with it the right to read it.
  assert.deepEqual(await tombstones(scene), [])
  const bindings = await scene.hub.admin.list(ROLE_BINDINGS, { namespace: CLUSTER })
  assert.deepEqual(bindings.items, [])
})

test("a cluster that is not heard of goes after the grace; when it returns it takes away what was applied", async (t) => {
  const scene = await newScene(t)
  const agent = scene.start()
  await withWork(scene)
  await end(scene, agent)
  await scene.world.clock.advance(10 * MINUTE_MS)
  await remove(scene)
  await scene.world.clock.advance(9 * MINUTE_MS)
  const waits = await conditionOf(scene, "Deleting")
  assert.match(waits?.message ?? "", /^1 ManifestWorks remain; the agent is not heard of, they are let go at 2026-/)
  await scene.until(() => isGone(scene), 2 * MINUTE_MS)
  assert.equal(await works(scene), 0)
  assert.ok(await isApplied(scene), "nobody is there to take it away")
  scene.start()
  await scene.until(async () => !(await isApplied(scene)))
  await scene.until(async () => (await tombstones(scene))[0]?.clearedMs !== undefined)
  assert.equal(await appliedWorks(scene), 0)
})

test("what another agent applied before, such as OCM's, is taken over, and goes with the cluster", async (t) => {
  const scene = await newScene(t)
  const agent = scene.start()
  await withWork(scene)
  await end(scene, agent)
  const { member } = scene
  const ids = async () => (await member.admin.list(APPLIED_MANIFEST_WORKS)).items.map(({ spec }) => spec.agentID)
  const own = await ids()
  for (const { metadata } of (await member.admin.list(APPLIED_MANIFEST_WORKS)).items) {
    const merge = { metadata: { annotations: null }, spec: { agentID: "klusterlet-uid" } }
    await member.admin.patch(APPLIED_MANIFEST_WORKS, { name: metadata.name! }, { merge })
  }
  const next = scene.start()
  await scene.until(async () => isDeepStrictEqual(await ids(), own))
  await end(scene, next)
  await scene.world.clock.advance(10 * MINUTE_MS)
  await remove(scene)
  await scene.until(() => isGone(scene), 15 * MINUTE_MS)
  scene.start()
  await scene.until(async () => (await appliedWorks(scene)) === 0)
  assert.equal(await isApplied(scene), false)
})

test("a cluster that is detached at once is not waited for", async (t) => {
  const scene = await newScene(t)
  const agent = scene.start()
  await withWork(scene)
  await end(scene, agent)
  await annotate(scene, { [DETACH_GRACE_ANNOTATION]: "0s" })
  await remove(scene)
  await scene.until(() => isGone(scene), 5_000)
  assert.equal(await works(scene), 0)
})

test("while its agent is heard of, its works are waited for; as they are for ever where that is asked for", async (t) => {
  const scene = await newScene(t)
  const agent = scene.start()
  await withWork(scene)
  await scene.member.admin.patch(
    CONFIG_MAPS,
    { namespace: "default", name: "a" },
    { merge: { metadata: { finalizers: ["example.com/holds"] } } },
  )
  await annotate(scene, { [DETACH_GRACE_ANNOTATION]: "never" })
  await remove(scene)
  await scene.world.clock.advance(30 * MINUTE_MS)
  assert.equal(await works(scene), 1)
  await end(scene, agent)
  await scene.world.clock.advance(24 * 60 * MINUTE_MS)
  assert.equal(await works(scene), 1)
  assert.equal((await conditionOf(scene, "Deleting"))?.message, "1 ManifestWorks remain")
})

for (const away of [false, true]) {
  test(`what was applied is left where that is asked for, the agent ${away ? "away" : "there"}`, async (t) => {
    const scene = await newScene(t)
    let agent = scene.start()
    await withWork(scene)
    if (away) await end(scene, agent)
    await annotate(scene, { [DETACH_WORKLOADS_ANNOTATION]: "keep", [DETACH_GRACE_ANNOTATION]: "0s" })
    await remove(scene)
    await scene.until(() => isGone(scene))
    if (away) agent = scene.start()
    await scene.until(async () => (await tombstones(scene))[0]?.clearedMs !== undefined)
    const left = await scene.member.admin.get(CONFIG_MAPS, { namespace: "default", name: "a" })
    assert.deepEqual(left.metadata.ownerReferences ?? [], [])
    assert.equal(await appliedWorks(scene), 0)
    await end(scene, agent)
  })
}

test("a cluster that the hub takes back goes on without a new join", async (t) => {
  const scene = await newScene(t)
  scene.start()
  await withWork(scene)
  await remove(scene)
  await scene.until(async () => (await scene.store.load())?.detached !== undefined && (await isGone(scene)))
  await scene.hub.admin.create(MANAGED_CLUSTERS, {
    apiVersion: "cluster.open-cluster-management.io/v1",
    kind: "ManagedCluster",
    metadata: { name: CLUSTER },
    spec: { hubAcceptsClient: true },
  })
  await scene.until(isAvailable(scene), 20 * MINUTE_MS)
  assert.equal((await scene.store.load())?.detached, undefined)
})

test("who joins a detached cluster again has it back", async (t) => {
  const scene = await newScene(t)
  const agent = scene.start()
  await withWork(scene)
  await remove(scene)
  await scene.until(async () => (await scene.store.load())?.detached !== undefined && (await isGone(scene)))
  await end(scene, agent)
  await endDetachment(scene.store)
  scene.start()
  await scene.until(isAvailable(scene))
})

test("a cluster that was shut out and is let in again goes on", async (t) => {
  const scene = await newScene(t)
  scene.start()
  await withWork(scene)
  const accept = (hubAcceptsClient: boolean) =>
    scene.hub.admin.patch(MANAGED_CLUSTERS, { name: CLUSTER }, { merge: { spec: { hubAcceptsClient } } })
  await accept(false)
  await scene.world.clock.advance(20 * MINUTE_MS)
  assert.equal((await conditionOf(scene, "ManagedClusterConditionAvailable"))?.status, "Unknown")
  assert.ok(await isApplied(scene), "what runs there goes on")
  await accept(true)
  await scene.until(isAvailable(scene))
})
