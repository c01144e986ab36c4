// One agent and several hubs, on a virtual clock: whom it obeys, when it leaves, and what becomes of what was applied.
import assert from "node:assert/strict"
import { test, type TestContext } from "node:test"
import { startAgentOfHubs } from "#agent/failover.ts"
import { kubernetesEntrance, kubernetesHub } from "#agent/kubernetes-hub.ts"
import { memoryCredentialStore } from "#agent/registration/credential-store.ts"
import type { HubCredentials } from "#agent/registration/credentials.ts"
import type { Agent } from "#agent/start.ts"
import { memoryWorkCache } from "#agent/work/work-cache.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { parseCertificate } from "#lib/x509/certificate.ts"
import { CLUSTER, startHub, TOKEN } from "./agent-registration-scene.ts"
import { configMap, mapperOf, newWorld, type Cluster } from "./agent-world.ts"

const TIMEOUT_MS = 600_000
const MINUTE_MS = 60_000

async function newScene(t: TestContext) {
  const world = newWorld()
  const { clock } = world
  const stop = new AbortController()
  const runtime = world.runtime(stop.signal)
  const [east, west] = [await startHub(world, runtime, "east"), await startHub(world, runtime, "west")]
  const member = await world.cluster("member", "member")
  await clock.advance(5_000)
  const store = memoryCredentialStore()
  const cache = memoryWorkCache()
  const tokens = { east: TOKEN, west: TOKEN }
  const choice = (hub: Cluster) => ({
    hub: { server: `https://${hub.name}`, clusterEntry: hub.name },
    bootstrap: {
      hub: { server: `https://${hub.name}`, clusterEntry: hub.name },
      connect: () => {
        const secret = tokens[hub.name as keyof typeof tokens]
        return kubernetesEntrance({ client: world.connect("agent", hub, () => ({}), `ocmhub.${secret}`), close() {} })
      },
    },
    connect: ({ certificate, clusterName }: HubCredentials) => {
      const { der } = parseCertificate(certificate)
      const client = world.connect("agent", hub, () => ({ certificate: der }))
      return kubernetesHub({ client, informers: world.informers(client), close() {} }, clusterName)
    },
  })
  const agents: Agent[] = []
  t.after(async () => {
    const ended = Promise.all(agents.map((agent) => agent.stop()))
    stop.abort()
    await clock.settle()
    await ended
  })
  const until = async (condition: () => Promise<boolean>, limitMs: number) => {
    const endMs = clock.nowMs() + limitMs
    while (!(await condition())) {
      assert.ok(clock.nowMs() < endMs, `the condition did not come to hold within ${limitMs} ms`)
      await clock.advance(limitMs > MINUTE_MS ? 5_000 : 50)
    }
  }
  return {
    world,
    east,
    west,
    member,
    tokens,
    until,
    start() {
      const agent = startAgentOfHubs(runtime, {
        clusterName: CLUSTER,
        hubs: [choice(east), choice(west)],
        hubTimeoutMs: TIMEOUT_MS,
        credentialStore: store,
        workCache: cache,
        openMember: (signal) => {
          const client = world.connect("agent", member)
          const informers = world.informers(client)
          informers.start(signal)
          return { client, informers, mapper: mapperOf(member) }
        },
      })
      agents.push(agent)
      return agent
    },
    async stop(agent: Agent) {
      const stopped = agent.stop()
      await clock.settle()
      await stopped
    },
    isAvailable: (hub: Cluster) => async () => {
      const cluster = await orUndefined(hub.admin.get(MANAGED_CLUSTERS, { name: CLUSTER }))
      return isConditionTrue(cluster?.status?.conditions, "ManagedClusterConditionAvailable")
    },
    async work(hub: Cluster, value: string) {
      const manifest = configMap("settings", { value })
      await hub.admin.create(MANIFEST_WORKS, {
        apiVersion: "work.open-cluster-management.io/v1",
        kind: "ManifestWork",
        metadata: { namespace: CLUSTER, name: "settings" },
        spec: { workload: { manifests: [manifest] } },
      })
    },
    change: (hub: Cluster, value: string) =>
      hub.admin.patch(
        MANIFEST_WORKS,
        { namespace: CLUSTER, name: "settings" },
        { merge: { spec: { workload: { manifests: [configMap("settings", { value })] } } } },
      ),
    value: async () =>
      (await orUndefined(member.admin.get(CONFIG_MAPS, { namespace: "default", name: "settings" })))?.data?.["value"],
    /** Requests of the agent to this hub since the last call. */
    heardBy: (hub: Cluster) =>
      world.records.splice(0).filter(({ to, from }) => to === hub.name && from === "agent").length,
  }
}

async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}

test("a hub that is silent for too long is left; what it applied stays, until the next hub's works take it over", async (t) => {
  const scene = await newScene(t)
  const { east, west, until, world, member } = scene
  let agent = scene.start()
  await until(scene.isAvailable(east), 20_000)
  assert.equal(await orUndefined(west.admin.get(MANAGED_CLUSTERS, { name: CLUSTER })), undefined)
  await scene.work(east, "east")
  await until(async () => (await scene.value()) === "east", 20_000)

  east.stop()
  await world.clock.advance(TIMEOUT_MS - 2 * MINUTE_MS)
  assert.equal(await orUndefined(west.admin.get(MANAGED_CLUSTERS, { name: CLUSTER })), undefined)
  await until(scene.isAvailable(west), 5 * MINUTE_MS)
  await world.clock.advance(10 * MINUTE_MS)
  assert.equal(await scene.value(), "east")

  await scene.work(west, "west")
  await until(async () => (await scene.value()) === "west", 20_000)
  await until(async () => (await member.admin.list(APPLIED_MANIFEST_WORKS)).items.length === 1, 90 * MINUTE_MS)
  assert.equal(await scene.value(), "west")

  // The fence: the former hub is back, and says what it likes.
  east.start()
  scene.heardBy(east)
  await scene.change(east, "east again")
  await world.clock.advance(30 * MINUTE_MS)
  assert.equal(await scene.value(), "west")
  assert.equal(scene.heardBy(east), 0)

  // Nor does a restart bring the agent back, although that hub is the preferred one.
  await scene.stop(agent)
  agent = scene.start()
  await scene.change(west, "west again")
  await until(async () => (await scene.value()) === "west again", 20_000)
  assert.equal(scene.heardBy(east), 0)

  // Denied, it goes where it is still welcome.
  await west.admin.patch(MANAGED_CLUSTERS, { name: CLUSTER }, { merge: { spec: { hubAcceptsClient: false } } })
  await until(async () => (await scene.value()) === "east again", 10 * MINUTE_MS)
})

test("no other hub takes the cluster: it stays, and goes on when its hub is back", async (t) => {
  const scene = await newScene(t)
  const { east, west, until, world } = scene
  scene.tokens.west = "fedcba9876543210"
  scene.start()
  await until(scene.isAvailable(east), 20_000)
  await scene.work(east, "east")
  await until(async () => (await scene.value()) === "east", 20_000)
  east.stop()
  await world.clock.advance(TIMEOUT_MS * 3)
  assert.equal(await orUndefined(west.admin.get(MANAGED_CLUSTERS, { name: CLUSTER })), undefined)
  assert.equal(await scene.value(), "east")
  east.start()
  await scene.change(east, "east again")
  await until(async () => (await scene.value()) === "east again", 10 * MINUTE_MS)
})

test("the first hub is away from the start: the next one is asked at once", async (t) => {
  const scene = await newScene(t)
  scene.east.stop()
  scene.start()
  await scene.until(scene.isAvailable(scene.west), MINUTE_MS)
})
