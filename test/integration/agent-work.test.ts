import assert from "node:assert/strict"
import { test } from "node:test"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import {
  CLUSTER,
  NAMESPACES,
  conditionOf,
  deployment,
  getApplied,
  getConfigMap,
  getWork,
  isApplied,
  manifestsOf,
  newWorkScene,
  patchConfigMap,
  patchWork,
  work,
} from "./agent-work-scene.ts"
import { configMap, namespace } from "./agent-world.ts"
import type { ConfigMap } from "#api/kubernetes/core.ts"
import type { Deployment } from "#api/kubernetes/apps.ts"

test("a work is applied with N + 4 writes, and reported", async (t) => {
  const scene = await newWorkScene(t)
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
  const scene = await newWorkScene(t)
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

test("a hand edit, an added key and a deletion are undone with one write each, at once, and one tells the hub", async (t) => {
  const scene = await newWorkScene(t)
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
    assert.deepEqual(scene.writes(), ["PATCH member configmaps/a", "PATCH hub manifestworks/w/status"])
  }
  await scene.member.admin.delete(CONFIG_MAPS, { namespace: "default", name: "a" })
  await scene.until(async () => (await getConfigMap(scene, "a")) !== undefined)
  await scene.settle()
  // The object has another uid now, which is recorded.
  assert.deepEqual(scene.writes().toSorted(), [
    "PATCH hub manifestworks/w/status",
    "PATCH member appliedmanifestworks/HASH-w/status",
    "POST member configmaps",
  ])
})

test("what the API server and controllers add is no drift", async (t) => {
  const scene = await newWorkScene(t)
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
  const scene = await newWorkScene(t)
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
  const scene = await newWorkScene(t)
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
  const scene = await newWorkScene(t)
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
  const scene = await newWorkScene(t)
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
    const scene = await newWorkScene(t)
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
  const scene = await newWorkScene(t)
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
  const scene = await newWorkScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("one", [configMap("a", { k: "1" })]))
  await scene.hub.admin.create(MANIFEST_WORKS, work("two", [configMap("a", { k: "2" })]))
  await scene.world.clock.advance(60_000)
  const patches = scene.writes().filter((write) => write === "PATCH member configmaps/a")
  assert.ok(patches.length > 2 && patches.length < 40, `${patches.length} patches in a minute`)
})

test("strategies: CreateOnly leaves edits, ReadOnly only reads, ServerSideApply takes turns by force", async (t) => {
  const scene = await newWorkScene(t)
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
  const scene = await newWorkScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {}, "later"), configMap("b", {})]))
  await scene.until(async () => conditionOf(await getWork(scene, "w"), "Applied")?.status === "False")
  assert.ok(await getConfigMap(scene, "b"))
  const failed = (await getWork(scene, "w"))?.status?.resourceStatus?.manifests?.[0]?.conditions[0]
  assert.match(failed!.message, /^Failed to apply manifest: .*namespaces "later" not found/)
  await scene.member.admin.create({ ...NAMESPACES }, namespace("later"))
  await scene.until(isApplied(scene, "w"))
})

test("a namespace and what is in it come in one pass, whatever the order of the spec", async (t) => {
  const scene = await newWorkScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {}, "fresh"), namespace("fresh")]))
  await scene.until(isApplied(scene, "w"))
  assert.equal(scene.writes().filter((write) => write === "PATCH hub manifestworks/w/status").length, 1)
})
