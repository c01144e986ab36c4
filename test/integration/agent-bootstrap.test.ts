// What an agent makes of bootstrap credentials that are refused, replaced, or lead elsewhere.
import assert from "node:assert/strict"
import { test } from "node:test"
import { CLUSTER_ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { BOOTSTRAP_ROLE } from "#hub/install/names.ts"
import { kubernetesEntrance } from "#agent/kubernetes-hub.ts"
import type { Bootstrap } from "#agent/registration/bootstrap-source.ts"
import { CLUSTER, HUB, isAvailable, newScene, TOKEN, type Scene } from "./agent-registration-scene.ts"

const SOURCE = "/etc/hawser/bootstrap.kubeconfig"
const BAD_TOKEN = "fedcba9876543210"

const withToken = ({ world, hub }: Scene, secret: string, address = HUB): Bootstrap => ({
  hub: address,
  connect: () =>
    kubernetesEntrance({ client: world.connect("agent", hub, () => ({}), `ocmhub.${secret}`), close() {} }),
})

test("certificate expired, bootstrap token refused: it says what to do, and goes on when that is done", async (t) => {
  const scene = await newScene(t)
  const { clock } = scene.world
  const agent = scene.start({ certificateSeconds: 3600 })
  await scene.until(isAvailable(scene))
  const stopped = agent.stop()
  await clock.settle()
  await stopped
  await clock.advance(2 * 3600_000)

  let inFile = withToken(scene, BAD_TOKEN)
  let isReadable = true
  const load = async () => {
    if (!isReadable) throw new Error("half of a file")
    return inFile
  }
  const again = scene.start({ bootstrap: inFile, reloadBootstrap: { source: SOURCE, load } })
  await scene.until(async () => again.obstacle !== undefined)
  assert.equal(again.registered, false)
  assert.equal(
    again.obstacle,
    "Cannot join the hub: the stored certificate has expired, and the hub refuses the bootstrap token; put a new one " +
      `into ${SOURCE} (on the hub: hawser token create --cluster-name ${CLUSTER} -o kubeconfig), and the agent goes on by itself`,
  )
  isReadable = false
  await clock.advance(5 * 60_000)
  assert.equal(again.registered, false)
  isReadable = true
  inFile = withToken(scene, TOKEN)
  await scene.until(isAvailable(scene), 120_000)
  assert.deepEqual([again.registered, again.obstacle], [true, undefined])
})

const ELSEWHERE = { ...HUB, server: "https://hub.new" }

test("bootstrap credentials that come to name another address of the hub: the agent goes there, as who it is", async (t) => {
  const scene = await newScene(t)
  let inFile = withToken(scene, TOKEN)
  scene.start({ bootstrap: inFile, reloadBootstrap: { source: SOURCE, load: async () => inFile } })
  await scene.until(isAvailable(scene))
  const before = await scene.store.load()
  inFile = withToken(scene, BAD_TOKEN, ELSEWHERE)
  await scene.until(async () => (await scene.store.load())?.hub.server === ELSEWHERE.server, 120_000)
  assert.deepEqual(await scene.store.load(), { ...before, hub: ELSEWHERE })
  scene.requests()
  await scene.world.clock.advance(180_000)
  assert.ok(
    scene.requests().some((request) => request.startsWith("PUT ")),
    "its lease is renewed",
  )
})

test("bootstrap credentials that lead to a hub that knows another cluster by this name: it joins anew", async (t) => {
  const scene = await newScene(t)
  const agent = scene.start()
  await scene.until(isAvailable(scene))
  const stopped = agent.stop()
  await scene.world.clock.settle()
  await stopped
  const before = await scene.store.load()
  assert.ok(before?.clusterUid)
  await scene.store.save({ ...before, clusterUid: "of the other hub" })
  scene.start({ bootstrap: withToken(scene, TOKEN, ELSEWHERE) })
  await scene.until(async () => (await scene.store.load())?.clusterUid === before.clusterUid)
  const after = await scene.store.load()
  assert.equal(after?.hub.server, ELSEWHERE.server)
  assert.notEqual(after?.certificate, before.certificate)
})

test("a hub that knows the token and lets it do nothing: it says so, and joins once it may", async (t) => {
  const scene = await newScene(t)
  const { admin } = scene.hub
  const bindings = (await admin.list(CLUSTER_ROLE_BINDINGS)).items
  const ours = bindings.filter(({ roleRef }) => roleRef.name === BOOTSTRAP_ROLE)
  assert.ok(ours.length > 0)
  for (const { metadata } of ours) await admin.delete(CLUSTER_ROLE_BINDINGS, { name: metadata.name! })
  await scene.world.clock.advance(1_000)
  const agent = scene.start({ reloadBootstrap: { source: SOURCE, load: async () => withToken(scene, TOKEN) } })
  await scene.until(async () => agent.obstacle !== undefined)
  assert.equal(agent.registered, false)
  assert.match(
    agent.obstacle ?? "",
    new RegExp(
      `^Cannot join the hub: it knows the bootstrap token but does not let it ask for a certificate of "${CLUSTER}" \\(.*forbidden.*\\); ` +
        `.* put one for this into ${SOURCE} \\(on the hub: hawser token create --cluster-name ${CLUSTER} -o kubeconfig\\)`,
    ),
  )
  for (const { metadata, roleRef, subjects, ...head } of ours) {
    await admin.create(CLUSTER_ROLE_BINDINGS, {
      ...head,
      metadata: { name: metadata.name! },
      roleRef,
      subjects,
    } as never)
  }
  await scene.until(isAvailable(scene), 180_000)
  assert.deepEqual([agent.registered, agent.obstacle], [true, undefined])
})
