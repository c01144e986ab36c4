import assert from "node:assert/strict"
import { test } from "node:test"
import type { Pod } from "#api/kubernetes/core.ts"
import { controllerOf, controllerReference, isActive, isReady, podCreation, podDeletion } from "./pods.ts"
import { resolveCount, statusWrite, templateHash } from "./pods.ts"
import { REPLICA_SETS, type ReplicaSet } from "#api/kubernetes/apps.ts"
import { newPod, SELECTOR, template } from "./testing/objects.ts"

const OWNER: ReplicaSet = {
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "rs", namespace: "ns", uid: "u" },
  spec: { selector: SELECTOR, template: template() },
}

test("templateHash: ten characters that follow the content, not the order in which it is written", () => {
  const turned = { spec: template().spec, metadata: template().metadata! }
  assert.match(templateHash(template()), /^[bcdfghjklmnpqrstvwxz2456789]{10}$/)
  assert.equal(templateHash(turned), templateHash(template()))
  assert.notEqual(templateHash(template("2")), templateHash(template("1")))
})

for (const { name, value, fallback, total, round, want } of [
  { name: "a number", value: 3, fallback: 1, total: 10, round: Math.ceil, want: 3 },
  { name: "a number as text", value: "3", fallback: 1, total: 10, round: Math.ceil, want: 3 },
  { name: "a share, rounded up", value: "25%", fallback: 1, total: 10, round: Math.ceil, want: 3 },
  { name: "a share, rounded down", value: "25%", fallback: 1, total: 10, round: Math.floor, want: 2 },
  { name: "nothing said", value: undefined, fallback: "50%", total: 10, round: Math.floor, want: 5 },
  { name: "0 is a number", value: 0, fallback: 1, total: 10, round: Math.floor, want: 0 },
]) {
  test(`resolveCount: ${name}`, () => assert.equal(resolveCount(value, fallback, total, round), want))
}

for (const { name, pod, ready, active } of [
  { name: "runs", pod: newPod("p"), ready: true, active: true },
  { name: "is not ready", pod: newPod("p", { ready: false }), ready: false, active: true },
  { name: "leaves", pod: newPod("p", { leaving: true }), ready: false, active: false },
  { name: "failed", pod: newPod("p", { phase: "Failed" }), ready: false, active: false },
  { name: "succeeded", pod: newPod("p", { phase: "Succeeded" }), ready: false, active: false },
  { name: "nobody has seen yet", pod: { ...newPod("p"), status: {} }, ready: false, active: true },
]) {
  test(`isReady, isActive: a pod that ${name}`, () => assert.deepEqual([isReady(pod), isActive(pod)], [ready, active]))
}

test("podCreation: the template's pod, named and owned; finalizers and names of the template are not taken over", () => {
  const metadata = { name: "no", labels: { app: "a" }, annotations: { n: "1" }, finalizers: ["x/y"] }
  const action = podCreation(OWNER, { ...template(), metadata }, { labels: { more: "1" }, nodeName: "n1" })
  assert.deepEqual(action.do === "create" && (action.object as Pod), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: "rs-",
      namespace: "ns",
      annotations: { n: "1" },
      labels: { app: "a", more: "1" },
      ownerReferences: [controllerReference(OWNER)],
    },
    spec: { ...template().spec, nodeName: "n1" },
  })
})

test("podDeletion: of the pod that was seen", () => {
  const action = podDeletion(newPod("p"))
  assert.deepEqual(action.do === "delete" && [action.key, action.uid], [{ namespace: "ns", name: "p" }, "uid-p"])
})

test("controllerOf: the one owner that is the controller", () => {
  const ownerReferences = [
    { ...controllerReference(OWNER), uid: "other", controller: false },
    controllerReference(OWNER),
  ]
  assert.deepEqual(controllerOf(newPod("p", { meta: { ownerReferences } })), ["u"])
  assert.deepEqual(controllerOf(newPod("p")), [])
})

for (const { name, before, writes } of [
  { name: "nothing is stored yet", before: undefined, writes: 1 },
  { name: "it says the same", before: { replicas: 2, readyReplicas: 0 }, writes: 0 },
  { name: "it says the same, without the zero that the server drops", before: { replicas: 2 }, writes: 0 },
  { name: "a zero is news", before: { replicas: 2, readyReplicas: 1 }, writes: 1 },
  { name: "it says more than is known here", before: { replicas: 2, availableReplicas: 1 }, writes: 0 },
]) {
  test(`statusWrite: ${name}`, () => {
    const object = before === undefined ? OWNER : { ...OWNER, status: before }
    assert.equal(statusWrite(REPLICA_SETS, object, { replicas: 2, readyReplicas: 0 }).length, writes)
  })
}
