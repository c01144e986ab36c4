// Drift on a member: corrected, reported or left, as the work says; with who did it.
import assert from "node:assert/strict"
import { test } from "node:test"
import { CONFIG_MAPS, SECRETS } from "#api/kubernetes/core.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { configMap } from "./agent-world.ts"
import {
  CLUSTER,
  conditionOf,
  deployment,
  getConfigMap,
  getWork,
  isApplied,
  manifestsOf,
  newWorkScene,
  patchWork,
  work,
  type WorkScene,
} from "./agent-work-scene.ts"

const MODE = "hawser.dev/drift"
const withMode = (object: ManifestWork, mode: string): ManifestWork => ({
  ...object,
  metadata: { ...object.metadata, annotations: { [MODE]: mode } },
})
const setMode = ({ hub }: WorkScene, mode: string) =>
  hub.admin.patch(
    MANIFEST_WORKS,
    { namespace: CLUSTER, name: "w" },
    { merge: { metadata: { annotations: { [MODE]: mode } } } },
  )
const drifted = async (scene: WorkScene) => {
  const object = await getWork(scene, "w")
  const [manifest] = object?.status?.resourceStatus?.manifests ?? []
  const told = manifest?.conditions.find(({ type }) => type === "Drifted")
  const whole = conditionOf(object, "Drifted")
  return { told, whole: whole && `${whole.status} ${whole.reason}: ${whole.message}` }
}
/** By hand, as `kubectl edit` does it. */
const edit = ({ member }: WorkScene, data: Record<string, string | null>) =>
  member.admin.patch(
    CONFIG_MAPS,
    { namespace: "default", name: "a" },
    { merge: { data } },
    { fieldManager: "kubectl-edit" },
  )

async function applied(scene: WorkScene, object: ManifestWork): Promise<void> {
  await scene.hub.admin.create(MANIFEST_WORKS, object)
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  scene.writes()
}

test("what was corrected is told, with who did it; a new version of the work begins anew", async (t) => {
  const scene = await newWorkScene(t)
  await applied(scene, work("w", [configMap("a", { k: "1" })]))
  assert.deepEqual(await drifted(scene), { told: undefined, whole: undefined })
  await edit(scene, { k: "hacked" })
  await scene.settle()
  assert.deepEqual((await getConfigMap(scene, "a"))?.data, { k: "1" })
  const { told, whole } = await drifted(scene)
  assert.match(told?.message ?? "", /^Corrected at 2026-01-01T\S+Z: data\.k is "hacked", want "1" \(kubectl-edit\)$/)
  assert.equal(whole, "False DriftCorrected: 1 of 1 manifests were corrected")
  await scene.member.admin.delete(CONFIG_MAPS, { namespace: "default", name: "a" })
  await scene.settle()
  assert.match((await drifted(scene)).told?.message ?? "", /, 2 times since \S+Z: the object was deleted$/)
  await patchWork(scene, "w", manifestsOf(configMap("a", { k: "2" })))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  assert.deepEqual(await drifted(scene), { told: undefined, whole: undefined })
})

test("what the server makes of a manifest is no drift, before and after a restart, in every mode", async (t) => {
  const scene = await newWorkScene(t)
  await applied(scene, work("w", [deployment(2)]))
  for (const mode of ["correct", "report", "pause", "correct"]) {
    await setMode(scene, mode)
    await scene.settle()
    await scene.restart()
    await scene.world.clock.advance(10_000)
    assert.deepEqual(await drifted(scene), { told: undefined, whole: undefined }, mode)
  }
})

test("report: drift is left and told, new versions of the work are applied", async (t) => {
  const scene = await newWorkScene(t)
  await applied(scene, withMode(work("w", [configMap("a", { k: "1" })]), "report"))
  await edit(scene, { k: "hacked" })
  await scene.settle()
  assert.deepEqual((await getConfigMap(scene, "a"))?.data, { k: "hacked" })
  assert.equal(
    (await drifted(scene)).told?.message,
    'Not corrected, as the work says: data.k is "hacked", want "1" (kubectl-edit)',
  )
  const { told } = await drifted(scene)
  scene.writes()
  await scene.world.clock.advance(15 * 60_000)
  assert.deepEqual(scene.writes(), [], "told once")
  await scene.restart()
  await scene.world.clock.advance(10_000)
  assert.equal(
    (await drifted(scene)).told?.lastTransitionTime,
    told?.lastTransitionTime,
    "since when survives a restart",
  )
  await edit(scene, { k: "1" })
  await scene.settle()
  assert.equal((await drifted(scene)).whole, "False DriftEnded: As the manifest says")
  await scene.member.admin.delete(CONFIG_MAPS, { namespace: "default", name: "a" })
  await scene.settle()
  assert.equal(await getConfigMap(scene, "a"), undefined)
  assert.equal((await drifted(scene)).told?.message, "Not corrected, as the work says: the object was deleted")
  await patchWork(scene, "w", manifestsOf(configMap("a", { k: "2" })))
  await scene.until(isApplied(scene, "w"))
  await scene.settle()
  assert.deepEqual((await getConfigMap(scene, "a"))?.data, { k: "2" })
})

test("pause: nothing is written; correcting again makes up for all of it", async (t) => {
  const scene = await newWorkScene(t)
  await applied(scene, work("w", [configMap("a", { k: "1" })]))
  await setMode(scene, "pause")
  await scene.settle()
  await edit(scene, { k: "hacked" })
  await scene.settle()
  assert.deepEqual((await getConfigMap(scene, "a"))?.data, { k: "hacked" })
  assert.equal((await drifted(scene)).told?.reason, "DriftReported")
  await patchWork(scene, "w", manifestsOf(configMap("a", { k: "2" }), configMap("b", { k: "2" })))
  await scene.settle()
  assert.deepEqual((await getConfigMap(scene, "a"))?.data, { k: "hacked" })
  assert.equal(await getConfigMap(scene, "b"), undefined)
  const [first] = (await getWork(scene, "w"))?.status?.resourceStatus?.manifests ?? []
  const refused = first?.conditions.find(({ type }) => type === "Applied")
  assert.equal(
    refused?.message,
    "Failed to apply manifest: not applied: the work is paused (annotation hawser.dev/drift)",
  )
  await setMode(scene, "correct")
  await scene.until(isApplied(scene, "w"))
  assert.deepEqual((await getConfigMap(scene, "a"))?.data, { k: "2" })
  assert.deepEqual((await getConfigMap(scene, "b"))?.data, { k: "2" })
})

test("drift that was left is corrected when the work says so", async (t) => {
  const scene = await newWorkScene(t)
  await applied(scene, withMode(work("w", [deployment(2)]), "report"))
  await scene.member.admin.patch(
    DEPLOYMENTS,
    { namespace: "default", name: "web" },
    { merge: { spec: { replicas: 5 } } },
    { fieldManager: "autoscaler" },
  )
  await scene.settle()
  assert.equal(
    (await drifted(scene)).told?.message,
    "Not corrected, as the work says: spec.replicas is 5, want 2 (autoscaler)",
  )
  await setMode(scene, "correct")
  await scene.settle()
  const { spec } = await scene.member.admin.get(DEPLOYMENTS, { namespace: "default", name: "web" })
  assert.equal(spec?.replicas, 2)
  assert.match(
    (await drifted(scene)).told?.message ?? "",
    /^Corrected at .*: spec\.replicas is 5, want 2 \(autoscaler\)$/,
  )
})

test("two that fight over a field: damped, and both named", async (t) => {
  const scene = await newWorkScene(t)
  await applied(scene, work("w", [configMap("a", { k: "1" })]))
  scene.writes()
  for (let second = 0; second < 600; second++) {
    if ((await getConfigMap(scene, "a"))?.data?.k === "1") await edit(scene, { k: "theirs" })
    await scene.world.clock.advance(1_000)
  }
  const { told, whole } = await drifted(scene)
  assert.match(
    told?.message ?? "",
    /^Changed back each time it is corrected, \d+ times since \S+; corrections slow down: data\.k is "theirs", want "1" \(kubectl-edit\)$/,
  )
  assert.equal(whole, "True DriftContested: 1 of 1 manifests drift")
  const writes = scene.writes()
  assert.ok(
    writes.filter((write) => write.includes("configmaps")).length <= 16,
    `${writes.length} writes in ten minutes`,
  )
  assert.ok(writes.length <= 64, `${writes.length} writes in ten minutes`)
})

test("drift while the hub is away is told when it is back", async (t) => {
  const scene = await newWorkScene(t)
  await applied(scene, work("w", [configMap("a", { k: "1" })]))
  scene.hub.stop()
  await scene.world.clock.advance(60_000)
  await edit(scene, { k: "hacked" })
  await scene.until(async () => (await getConfigMap(scene, "a"))?.data?.k === "1")
  scene.hub.start()
  await scene.world.clock.advance(120_000)
  assert.equal((await drifted(scene)).told?.reason, "DriftCorrected")
})

test("a secret's values are told to nobody", async (t) => {
  const scene = await newWorkScene(t)
  const secret = { ...configMap("a", {}), kind: "Secret", data: { password: "b3Vycw==" } }
  await applied(scene, withMode(work("w", [secret]), "report"))
  await scene.member.admin.patch(
    SECRETS,
    { namespace: "default", name: "a" },
    { merge: { data: { password: "dGhlaXJz" } } },
  )
  await scene.settle()
  const text = JSON.stringify((await getWork(scene, "w"))?.status)
  assert.match(text, /data\.password differs/)
  assert.doesNotMatch(text, /dGhlaXJz|b3Vycw/)
})
