import assert from "node:assert/strict"
import { test } from "node:test"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { realRandom } from "#lib/random.ts"
import {
  CLUSTER,
  deployment,
  getApplied,
  getConfigMap,
  isApplied,
  manifestsOf,
  newWorkScene,
  patchConfigMap,
  patchWork,
  work,
} from "./agent-work-scene.ts"
import { hubHashOf } from "#agent/work/work-agent.ts"
import { configMap } from "./agent-world.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"

test("the hub away: drift is corrected; afterwards changes made meanwhile arrive", async (t) => {
  const scene = await newWorkScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" })]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  scene.hub.stop()
  await scene.world.clock.advance(60_000)
  await patchWork(scene, "w", manifestsOf(configMap("a", { k: "2" })))
  await patchConfigMap(scene, "a", { data: { k: "hacked" } })
  await scene.until(async () => (await getConfigMap(scene, "a"))?.data?.k === "1")
  scene.hub.start()
  await scene.world.clock.advance(60_000)
  assert.deepEqual((await getConfigMap(scene, "a"))?.data, { k: "2" })
  assert.ok(await isApplied(scene, "w")())
})

test("an agent that starts without its hub corrects drift from its cache", async (t) => {
  const scene = await newWorkScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" })]))
  await scene.until(isApplied(scene, "w"))
  scene.hub.stop()
  await scene.restart({ hub: false })
  await patchConfigMap(scene, "a", { data: { k: "hacked" } })
  await scene.until(async () => (await getConfigMap(scene, "a"))?.data?.k === "1")
})

test("a restart writes nothing, and knows which fields the last manifest said", async (t) => {
  const scene = await newWorkScene(t)
  const said: UnknownObject = { ...deployment(2) }
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" }), said]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  scene.writes()
  await scene.restart()
  await scene.settle()
  // The one exception is what the server wrote another way than we did ("1000m" as "1"): asked for once, unchanged.
  assert.deepEqual(scene.writes(), ["PATCH member deployments/web"])
  await scene.restart({ hub: false })
  await patchWork(scene, "w", manifestsOf(configMap("a", { k: "1" }), deployment()))
  await scene.restart()
  await scene.until(isApplied(scene, "w"))
  const web = await scene.member.admin.get(DEPLOYMENTS, { namespace: "default", name: "web" })
  assert.equal(web.spec?.replicas, 1, "said no more, so the server's default")
})

test("a work that vanished from the hub is kept, and evicted after an hour when the hub insists", async (t) => {
  const scene = await newWorkScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" })]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  // Somebody takes the finalizer away while the agent cannot see it.
  scene.hub.stop()
  await scene.world.clock.advance(60_000)
  await scene.hub.admin.delete(MANIFEST_WORKS, { namespace: CLUSTER, name: "w" })
  const key = { namespace: CLUSTER, name: "w" }
  await scene.hub.admin.patch(MANIFEST_WORKS, key, { merge: { metadata: { finalizers: null } } })
  await scene.world.clock.advance(2 * 3600_000)
  assert.ok(await getConfigMap(scene, "a"), "a hub that is away decides nothing")
  scene.hub.start()
  await scene.world.clock.advance(120_000)
  assert.ok((await getApplied(scene, "w"))?.status?.evictionStartTime)
  await patchConfigMap(scene, "a", { data: { k: "hacked" } })
  await scene.until(async () => (await getConfigMap(scene, "a"))?.data?.k === "1")
  await scene.world.clock.advance(3600_000)
  await scene.settle()
  assert.equal(await getApplied(scene, "w"), undefined)
  assert.equal(await getConfigMap(scene, "a"), undefined)
})

test("a hub that lost its data is another hub: nothing is taken away, ever", async (t) => {
  let identity = "first"
  const scene = await newWorkScene(t, { identity: () => identity })
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" })]))
  await scene.until(isApplied(scene, "w"))
  identity = `second-${realRandom.fraction()}`
  await scene.hub.admin.delete(MANIFEST_WORKS, { namespace: CLUSTER, name: "other" }).catch(() => undefined)
  scene.hub.stop()
  await scene.world.clock.advance(30_000)
  const key = { namespace: CLUSTER, name: "w" }
  await scene.hub.admin.patch(MANIFEST_WORKS, key, { merge: { metadata: { finalizers: null } } })
  await scene.hub.admin.delete(MANIFEST_WORKS, key)
  scene.hub.start()
  await scene.world.clock.advance(24 * 3600_000)
  assert.ok(await getConfigMap(scene, "a"))
  assert.equal((await getApplied(scene, "w"))?.status?.evictionStartTime, undefined)
  await patchConfigMap(scene, "a", { data: { k: "hacked" } })
  await scene.until(async () => (await getConfigMap(scene, "a"))?.data?.k === "1")
})

test("an AppliedManifestWork deleted by hand takes its objects along, and the work is applied again", async (t) => {
  const scene = await newWorkScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {})]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  const before = await getConfigMap(scene, "a")
  const name = (await getApplied(scene, "w"))!.metadata.name!
  await scene.member.admin.delete(APPLIED_MANIFEST_WORKS, { name })
  await scene.until(async () => {
    const now = await getConfigMap(scene, "a")
    return now !== undefined && now.metadata.uid !== before?.metadata.uid
  })
  await scene.settle()
  assert.equal((await getApplied(scene, "w"))?.metadata.deletionTimestamp, undefined)
})

test("a hub at a new address: its works take the objects over, and what the old ones recorded goes after an hour", async (t) => {
  const scene = await newWorkScene(t, { agentId: "the-agent" })
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" })]))
  await scene.hub.admin.create(MANIFEST_WORKS, work("gone", [configMap("b", {})]))
  await scene.until(isApplied(scene, "w"))
  await scene.until(isApplied(scene, "gone"))
  const before = await getConfigMap(scene, "a")
  // The new hub lacks one of the works.
  scene.hub.stop()
  const key = { namespace: CLUSTER, name: "gone" }
  await scene.hub.admin.patch(MANIFEST_WORKS, key, { merge: { metadata: { finalizers: null } } })
  await scene.hub.admin.delete(MANIFEST_WORKS, key)
  scene.hub.start()
  await scene.restart({ server: "https://new-address" })
  await scene.world.clock.advance(3 * 3600_000)
  const a = await getConfigMap(scene, "a")
  assert.equal(a?.metadata.uid, before?.metadata.uid, "never deleted")
  assert.deepEqual(
    a?.metadata.ownerReferences?.map(({ name }) => name),
    [`${hubHashOf("https://new-address")}-w`],
  )
  assert.equal(await getApplied(scene, "w"), undefined)
  assert.ok(await getConfigMap(scene, "b"), "owned by no work of the new hub, so kept")
  assert.ok(await getApplied(scene, "gone"))
})

test("objects of a member in this process are watched in its memory", async (t) => {
  const scene = await newWorkScene(t, { inProcess: true })
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" }), deployment(1)]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  const read = scene.world.records.filter(({ to, method }) => to === "member" && method === "GET")
  assert.deepEqual(
    read.filter(({ path }) => path.includes("configmaps") || path.includes("deployments")),
    [],
  )
  scene.writes()
  await patchConfigMap(scene, "a", { data: { k: "hacked" } })
  await scene.until(async () => (await getConfigMap(scene, "a"))?.data?.k === "1")
  await scene.settle()
  assert.deepEqual(scene.writes(), ["PATCH member configmaps/a", "PATCH hub manifestworks/w/status"])
  await scene.hub.admin.delete(MANIFEST_WORKS, { namespace: CLUSTER, name: "w" })
  await scene.until(async () => (await getApplied(scene, "w")) === undefined)
  await scene.settle()
  assert.equal(await getConfigMap(scene, "a"), undefined)
  assert.equal(scene.agent.objects.typeCount, 0)
})
