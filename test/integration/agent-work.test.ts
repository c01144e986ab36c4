import assert from "node:assert/strict"
import { test } from "node:test"
import type { TestContext } from "node:test"
import { realRandom } from "#lib/random.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { ConfigMap } from "#api/kubernetes/core.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import type { Deployment } from "#api/kubernetes/apps.ts"
import type { AppliedManifestWork, ManifestWork } from "#api/work/v1.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { memoryWorkCache } from "#agent/work/work-cache.ts"
import type { WorkCache } from "#agent/work/work-cache.ts"
import { hubHashOf, startWorkAgent } from "#agent/work/work-agent.ts"
import type { HubConnection, WorkAgent, WorkAgentOptions } from "#agent/work/work-agent.ts"
import { configMap, mapperOf, namespace, newWorld } from "./agent-world.ts"
import type { Cluster, World } from "./agent-world.ts"

const SERVER = "https://hub"
const CLUSTER = "cluster1"

type Scene = {
  readonly world: World
  readonly hub: Cluster
  readonly member: Cluster
  readonly cache: WorkCache
  agent: WorkAgent
  /** Writes since the last call, as `PATCH hub manifestworks/w/status`. */
  writes(): string[]
  /** Ends the agent and starts another one. Without a hub it is on its own. */
  restart(options?: { readonly hub?: boolean }): Promise<void>
  until(condition: () => Promise<boolean>): Promise<void>
  settle(): Promise<void>
}

async function newScene(
  t: TestContext,
  options: Partial<WorkAgentOptions> & { readonly identity?: () => string } = {},
): Promise<Scene> {
  const world = newWorld()
  const hub = await world.cluster("hub", "hub")
  const member = await world.cluster("member", "member")
  await hub.admin.create({ ...NAMESPACES }, namespace(CLUSTER))
  const cache = memoryWorkCache()
  let stop = new AbortController()
  const start = async (withHub: boolean) => {
    stop = new AbortController()
    const runtime = world.runtime(stop.signal)
    const client = world.connect("agent", member)
    const informers = world.informers(client)
    const agent = await startWorkAgent(runtime, {
      clusterName: CLUSTER,
      hubServer: SERVER,
      member: { client, informers, mapper: mapperOf(member) },
      cache,
      ...options,
    })
    informers.start(stop.signal)
    if (withHub) {
      const hubClient = world.connect("agent", hub)
      const connection: HubConnection = {
        client: hubClient,
        informers: world.informers(hubClient),
        identity: options.identity ?? (() => "the cluster"),
      }
      connection.informers.start(stop.signal)
      agent.attach(connection)
    }
    return agent
  }
  const scene: Scene = {
    world,
    hub,
    member,
    cache,
    agent: await start(true),
    writes() {
      const seen = world.records.splice(0).filter(({ method }) => method !== "GET")
      return seen.map(({ method, to, path }) => `${method} ${to} ${brief(path)}`)
    },
    async restart({ hub: withHub = true } = {}) {
      stop.abort()
      await world.clock.settle()
      scene.agent = await start(withHub)
      await world.clock.settle()
    },
    async until(condition) {
      for (let i = 0; i < 2_000; i++) {
        if (await condition()) return
        await world.clock.advance(5)
      }
      assert.fail("the condition did not come to hold within 10 seconds")
    },
    async settle() {
      await world.clock.advance(500)
    },
  }
  t.after(async () => {
    stop.abort()
    await world.clock.settle()
  })
  await scene.settle()
  scene.writes()
  return scene
}

const NAMESPACES = { group: "", version: "v1", resource: "namespaces", kind: "Namespace", namespaced: false }
/** `manifestworks/w/status` of a long path. */
const brief = (path: string) => {
  const [, rest = path] = /\/(?:v1|v1beta1)\/(?:namespaces\/[^/]+\/)?(.+)$/.exec(path.split("?")[0]!) ?? []
  return rest.replaceAll(/[0-9a-f]{64}/g, "HASH")
}

function work(name: string, manifests: UnknownObject[], spec: Partial<ManifestWork["spec"]> = {}): ManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { namespace: CLUSTER, name },
    spec: { workload: { manifests }, ...spec },
  }
}
const deployment = (replicas?: number): UnknownObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { namespace: "default", name: "web" },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "web:1", resources: { requests: { cpu: "1000m" } } }] },
    },
  },
})

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}
const getConfigMap = ({ member }: Scene, name: string): Promise<ConfigMap | undefined> =>
  orUndefined(member.admin.get(CONFIG_MAPS, { namespace: "default", name }))
const getWork = ({ hub }: Scene, name: string): Promise<ManifestWork | undefined> =>
  orUndefined(hub.admin.get(MANIFEST_WORKS, { namespace: CLUSTER, name }))
const getApplied = ({ member }: Scene, name: string): Promise<AppliedManifestWork | undefined> =>
  orUndefined(member.admin.get(APPLIED_MANIFEST_WORKS, { name: `${hubHashOf(SERVER)}-${name}` }))
const conditionOf = (object: ManifestWork | undefined, type: string) =>
  object?.status?.conditions?.find((condition) => condition.type === type)
const isApplied = (scene: Scene, name: string) => async () => {
  const object = await getWork(scene, name)
  const condition = conditionOf(object, "Applied")
  return condition?.status === "True" && condition.observedGeneration === object?.metadata.generation
}
const patchWork = ({ hub }: Scene, name: string, spec: object) =>
  hub.admin.patch(MANIFEST_WORKS, { namespace: CLUSTER, name }, { merge: { spec } })
const patchConfigMap = ({ member }: Scene, name: string, merge: object) =>
  member.admin.patch(CONFIG_MAPS, { namespace: "default", name }, { merge })
const manifestsOf = (...manifests: UnknownObject[]) => ({ workload: { manifests } })

test("a work is applied with N + 4 writes, and reported", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" }), configMap("b", { k: "2" })]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  assert.deepEqual(scene.writes().toSorted(), [
    "PATCH hub manifestworks/w",
    "PATCH hub manifestworks/w/status",
    "PATCH member appliedmanifestworks/HASH-w/status",
    "POST member appliedmanifestworks",
    "POST member configmaps",
    "POST member configmaps",
  ])
  const applied = await getApplied(scene, "w")
  const a = await getConfigMap(scene, "a")
  assert.deepEqual(a?.data, { k: "1" })
  assert.deepEqual(a.metadata.ownerReferences, [
    {
      apiVersion: "work.open-cluster-management.io/v1",
      kind: "AppliedManifestWork",
      name: applied!.metadata.name,
      uid: applied!.metadata.uid,
    },
  ])
  const b = await getConfigMap(scene, "b")
  assert.deepEqual(
    applied?.status?.appliedResources?.map(({ name, uid }) => [name, uid]),
    [
      ["a", a.metadata.uid],
      ["b", b?.metadata.uid],
    ],
  )
  const reported = await getWork(scene, "w")
  assert.deepEqual(reported?.metadata.finalizers, ["cluster.open-cluster-management.io/manifest-work-cleanup"])
  assert.equal(conditionOf(reported, "Available")?.status, "True")
  assert.equal(reported?.status?.resourceStatus?.manifests?.length, 2)
})

test("a changed work costs a write per changed object and one for its status", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" }), configMap("b", { k: "2" })]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  scene.writes()
  await patchWork(scene, "w", manifestsOf(configMap("a", { k: "3" }), configMap("b", { k: "2" })))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  assert.deepEqual(scene.writes(), ["PATCH member configmaps/a", "PATCH hub manifestworks/w/status"])
  assert.deepEqual((await getConfigMap(scene, "a"))?.data, { k: "3" })
})

test("a hand edit, an added key and a deletion are undone with one write each, at once", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" })]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  scene.writes()
  for (const data of [{ k: "hacked" }, { added: "x" }]) {
    await patchConfigMap(scene, "a", { data })
    const fromMs = scene.world.clock.nowMs()
    await scene.until(async () => JSON.stringify((await getConfigMap(scene, "a"))?.data) === '{"k":"1"}')
    assert.ok(scene.world.clock.nowMs() - fromMs <= 10, "restored within milliseconds of network time")
    await scene.settle()
    assert.deepEqual(scene.writes(), ["PATCH member configmaps/a"])
  }
  await scene.member.admin.delete(CONFIG_MAPS, { namespace: "default", name: "a" })
  await scene.until(async () => (await getConfigMap(scene, "a")) !== undefined)
  await scene.settle()
  // The object has another uid now, which is recorded.
  assert.deepEqual(scene.writes(), ["POST member configmaps", "PATCH member appliedmanifestworks/HASH-w/status"])
})

test("what the API server and controllers add is no drift", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [deployment()]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  scene.writes()
  const key = { namespace: "default", name: "web" }
  const scaled = { merge: { spec: { replicas: 3 }, metadata: { annotations: { "example.com/by": "autoscaler" } } } }
  await scene.member.admin.patch(DEPLOYMENTS, key, scaled)
  await scene.member.admin.patch(DEPLOYMENTS, key, { merge: { status: { replicas: 3 } } }, { subresource: "status" })
  await scene.settle()
  assert.deepEqual(scene.writes(), [])
  assert.equal((await scene.member.admin.get(DEPLOYMENTS, key)).spec?.replicas, 3)
})

test("status feedback follows the object, gathered", async (t) => {
  const scene = await newScene(t)
  const resourceIdentifier = { group: "apps", resource: "deployments", namespace: "default", name: "web" }
  const manifestConfigs = [{ resourceIdentifier, feedbackRules: [{ type: "WellKnownStatus" as const }] }]
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [deployment(10)], { manifestConfigs }))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  scene.writes()
  const key = { namespace: "default", name: "web" }
  for (let ready = 1; ready <= 10; ready++) {
    const status: Deployment["status"] = { readyReplicas: ready, replicas: 10, availableReplicas: ready }
    await scene.member.admin.patch(DEPLOYMENTS, key, { merge: { status } }, { subresource: "status" })
    await scene.world.clock.advance(1)
  }
  await scene.settle()
  const values = (await getWork(scene, "w"))?.status?.resourceStatus?.manifests?.[0]?.statusFeedback?.values
  assert.deepEqual(
    values?.map(({ name, fieldValue }) => [name, fieldValue.integer]),
    [
      ["ReadyReplicas", 10],
      ["Replicas", 10],
      ["AvailableReplicas", 10],
    ],
  )
  assert.deepEqual(scene.writes(), ["PATCH hub manifestworks/w/status"])
})

test("what leaves the spec is removed, and let go of", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {}), deployment(1)]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  assert.equal(scene.agent.objects.typeCount, 2)
  await patchWork(scene, "w", manifestsOf(configMap("a", {})))
  await scene.until(async () => (await scene.member.admin.list(DEPLOYMENTS)).items.length === 0)
  await scene.settle()
  const resources = (await getApplied(scene, "w"))?.status?.appliedResources
  assert.deepEqual(
    resources?.map(({ name }) => name),
    ["a"],
  )
  assert.equal(scene.agent.objects.typeCount, 1)
})

test("a deleted work goes with N + 3 writes", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {})]))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  scene.writes()
  await scene.hub.admin.delete(MANIFEST_WORKS, { namespace: CLUSTER, name: "w" })
  await scene.until(async () => (await getWork(scene, "w")) === undefined)
  await scene.settle()
  assert.deepEqual(scene.writes().toSorted(), [
    "DELETE member appliedmanifestworks/HASH-w",
    "DELETE member configmaps/a",
    "PATCH hub manifestworks/w",
    "PATCH member appliedmanifestworks/HASH-w",
  ])
  assert.equal(await getConfigMap(scene, "a"), undefined)
  assert.equal(await getApplied(scene, "w"), undefined)
  assert.equal(scene.agent.objects.typeCount, 0)
  assert.deepEqual(await scene.cache.load(), [])
})

test("an object that a finalizer holds keeps the work, which says so", async (t) => {
  const scene = await newScene(t)
  const held = configMap("a", {})
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [held]))
  await scene.until(isApplied(scene, "w"))
  await patchConfigMap(scene, "a", { metadata: { finalizers: ["example.com/held"] } })
  await scene.settle()
  await scene.hub.admin.delete(MANIFEST_WORKS, { namespace: CLUSTER, name: "w" })
  await scene.settle()
  assert.equal(conditionOf(await getWork(scene, "w"), "Deleting")?.reason, "WorkDeleting")
  assert.ok((await getConfigMap(scene, "a"))?.metadata.deletionTimestamp)
  await patchConfigMap(scene, "a", { metadata: { finalizers: null } })
  await scene.until(async () => (await getWork(scene, "w")) === undefined)
  await scene.settle()
  assert.equal(await getApplied(scene, "w"), undefined)
})

for (const { name, deleteOption, stays } of [
  { name: "Orphan", deleteOption: { propagationPolicy: "Orphan" as const }, stays: ["a", "b"] },
  {
    name: "SelectivelyOrphan",
    deleteOption: {
      propagationPolicy: "SelectivelyOrphan" as const,
      selectivelyOrphans: { orphaningRules: [{ group: "", resource: "configmaps", name: "b", namespace: "default" }] },
    },
    stays: ["b"],
  },
]) {
  test(`deletion with ${name}: what stays has no owner`, async (t) => {
    const scene = await newScene(t)
    await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {}), configMap("b", {})], { deleteOption }))
    await scene.until(isApplied(scene, "w"))
    await scene.hub.admin.delete(MANIFEST_WORKS, { namespace: CLUSTER, name: "w" })
    await scene.until(async () => (await getWork(scene, "w")) === undefined)
    await scene.settle()
    const left = [await getConfigMap(scene, "a"), await getConfigMap(scene, "b")].filter(
      (object) => object !== undefined,
    )
    assert.deepEqual(
      left.map(({ metadata }) => [metadata.name, metadata.ownerReferences ?? []]),
      stays.map((object) => [object, []]),
    )
  })
}

test("an object of two works goes with the last of them", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("one", [configMap("a", { k: "1" })]))
  await scene.hub.admin.create(MANIFEST_WORKS, work("two", [configMap("a", { k: "1" })]))
  await scene.until(isApplied(scene, "one"))
  await scene.until(isApplied(scene, "two"))
  await scene.settle()
  assert.equal((await getConfigMap(scene, "a"))?.metadata.ownerReferences?.length, 2)
  await scene.hub.admin.delete(MANIFEST_WORKS, { namespace: CLUSTER, name: "one" })
  await scene.until(async () => (await getWork(scene, "one")) === undefined)
  await scene.settle()
  assert.equal((await getConfigMap(scene, "a"))?.metadata.ownerReferences?.length, 1)
  await scene.hub.admin.delete(MANIFEST_WORKS, { namespace: CLUSTER, name: "two" })
  await scene.until(async () => (await getConfigMap(scene, "a")) === undefined)
})

test("two works that disagree about an object do not make a storm", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("one", [configMap("a", { k: "1" })]))
  await scene.hub.admin.create(MANIFEST_WORKS, work("two", [configMap("a", { k: "2" })]))
  await scene.world.clock.advance(60_000)
  const patches = scene.writes().filter((write) => write === "PATCH member configmaps/a")
  assert.ok(patches.length > 2 && patches.length < 40, `${patches.length} patches in a minute`)
})

test("strategies: CreateOnly leaves edits, ReadOnly only reads, ServerSideApply takes turns by force", async (t) => {
  const scene = await newScene(t)
  await scene.member.admin.create(CONFIG_MAPS, configMap("read", { k: "theirs" }) as ConfigMap)
  await scene.member.admin.apply(CONFIG_MAPS, configMap("contested", { k: "theirs" }) as ConfigMap, {
    fieldManager: "somebody",
  })
  const config = (name: string, type: "CreateOnly" | "ReadOnly" | "ServerSideApply", force = false) => ({
    resourceIdentifier: { group: "", resource: "configmaps", namespace: "default", name },
    updateStrategy: { type, ...(type === "ServerSideApply" ? { serverSideApply: { force } } : {}) },
  })
  const manifests = ["once", "read", "contested", "mine"].map((name) => configMap(name, { k: "ours" }))
  const manifestConfigs = [
    config("once", "CreateOnly"),
    config("read", "ReadOnly"),
    config("contested", "ServerSideApply"),
    config("mine", "ServerSideApply"),
  ]
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", manifests, { manifestConfigs }))
  await scene.until(async () => conditionOf(await getWork(scene, "w"), "Applied") !== undefined)
  await patchConfigMap(scene, "once", { data: { k: "edited" } })
  await patchConfigMap(scene, "mine", { data: { other: "kept" } })
  await scene.settle()
  const dataOf = async (name: string) => (await getConfigMap(scene, name))?.data
  assert.deepEqual(await dataOf("once"), { k: "edited" })
  assert.deepEqual(await dataOf("read"), { k: "theirs" })
  assert.deepEqual(await dataOf("contested"), { k: "theirs" })
  assert.deepEqual(await dataOf("mine"), { k: "ours", other: "kept" })
  const reported = (await getWork(scene, "w"))?.status?.resourceStatus?.manifests ?? []
  const applied = reported.map(({ resourceMeta, conditions }) => [
    resourceMeta.name,
    conditions.find(({ type }) => type === "Applied")?.status,
  ])
  assert.deepEqual(applied, [
    ["once", "True"],
    ["read", "True"],
    ["contested", "False"],
    ["mine", "True"],
  ])
  const forced = manifestConfigs.map((c) =>
    c.resourceIdentifier.name === "contested" ? config("contested", "ServerSideApply", true) : c,
  )
  await patchWork(scene, "w", { manifestConfigs: forced })
  await scene.until(isApplied(scene, "w"))
  assert.deepEqual(await dataOf("contested"), { k: "ours" })
})

test("one manifest that fails stops no other, is reported, and is tried again", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {}, "later"), configMap("b", {})]))
  await scene.until(async () => conditionOf(await getWork(scene, "w"), "Applied")?.status === "False")
  assert.ok(await getConfigMap(scene, "b"))
  const failed = (await getWork(scene, "w"))?.status?.resourceStatus?.manifests?.[0]?.conditions[0]
  assert.match(failed!.message, /^Failed to apply manifest: .*namespaces "later" not found/)
  await scene.member.admin.create({ ...NAMESPACES }, namespace("later"))
  await scene.until(isApplied(scene, "w"))
})

test("a namespace and what is in it come in one pass, whatever the order of the spec", async (t) => {
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {}, "fresh"), namespace("fresh")]))
  await scene.until(isApplied(scene, "w"))
  assert.equal(scene.writes().filter((write) => write === "PATCH hub manifestworks/w/status").length, 1)
})

test("the hub away: drift is corrected; afterwards changes made meanwhile arrive", async (t) => {
  const scene = await newScene(t)
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
  const scene = await newScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", { k: "1" })]))
  await scene.until(isApplied(scene, "w"))
  scene.hub.stop()
  await scene.restart({ hub: false })
  await patchConfigMap(scene, "a", { data: { k: "hacked" } })
  await scene.until(async () => (await getConfigMap(scene, "a"))?.data?.k === "1")
})

test("a restart writes nothing, and knows which fields the last manifest said", async (t) => {
  const scene = await newScene(t)
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
  const scene = await newScene(t)
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
  const scene = await newScene(t, { identity: () => identity })
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
  const scene = await newScene(t)
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
