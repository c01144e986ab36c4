// Health of applied objects, beside OCM's Available: at once when it changes, and without a storm of counts.
import assert from "node:assert/strict"
import { test } from "node:test"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import type { Deployment } from "#api/kubernetes/apps.ts"
import { PODS } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { conditionOf, deployment, getWork, isApplied, newWorkScene, work, type WorkScene } from "./agent-work-scene.ts"
import { configMap } from "./agent-world.ts"

const health = async (scene: WorkScene) => {
  const { status, reason, message } = conditionOf(await getWork(scene, "w"), "Healthy") ?? {}
  return `${status} ${reason}: ${message}`
}
const report = ({ member }: WorkScene, ready: number, conditions: object[] = []) => {
  const status = { replicas: 20, updatedReplicas: 20, readyReplicas: ready, availableReplicas: ready, conditions }
  const merge = { status } as unknown as Deployment
  return member.admin.patch(DEPLOYMENTS, { namespace: "default", name: "web" }, { merge }, { subresource: "status" })
}

test("a rollout is healthy once it is through, and its counts cost few writes", async (t) => {
  const scene = await newWorkScene(t)
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {}), deployment(20)]))
  await scene.until(isApplied(scene, "w"))
  const of = '1 of 2 resources are not healthy: Deployment "default/web":'
  assert.equal(await health(scene), `False InProgress: ${of} Replicas: 0/20`)
  await scene.settle()
  scene.writes()
  for (let ready = 1; ready < 20; ready++) {
    await report(scene, ready)
    await scene.world.clock.advance(1_000)
  }
  const counts = scene.writes()
  assert.ok(counts.length >= 2 && counts.length <= 6, `${counts.length} writes in 19 seconds`)
  await scene.world.clock.advance(6_000)
  assert.equal(await health(scene), `False InProgress: ${of} Available: 19/20`, "the last count is told")
  scene.writes()
  const isDone = [{ type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" }]
  await report(scene, 20, [...isDone, { type: "Available", status: "True" }])
  await scene.settle()
  assert.equal(await health(scene), "True Current: All resources are healthy")
  assert.equal(conditionOf(await getWork(scene, "w"), "Available")?.message, "All resources are available")
  assert.deepEqual(scene.writes(), ["PATCH hub manifestworks/w/status"])
  await scene.world.clock.advance(15 * 60_000)
  assert.deepEqual(scene.writes(), [])
})

test("a pod that no node takes fails when its seconds are over, without any news of it", async (t) => {
  const scene = await newWorkScene(t)
  const pod: UnknownObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "default", name: "p" },
    spec: { containers: [{ name: "c", image: "c:1" }] },
  }
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [pod]))
  await scene.until(isApplied(scene, "w"))
  const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no node" }]
  const merge = { status: { phase: "Pending", conditions } } as object
  await scene.member.admin.patch(PODS, { namespace: "default", name: "p" }, { merge }, { subresource: "status" })
  await scene.world.clock.advance(6_000)
  assert.match(await health(scene), /^False InProgress: .* Pod has not been scheduled$/)
  await scene.world.clock.advance(10_000)
  assert.match(await health(scene), /^False Failed: .* Pod could not be scheduled$/)
})
