import assert from "node:assert/strict"
import { test } from "node:test"
import type { Pod } from "#api/kubernetes/core.ts"
import { applyRuntimeClass, type RuntimeClass } from "./runtime-class.plan.ts"

const newPod = (spec: object = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  spec: { containers: [], runtimeClassName: "r", ...spec } as Pod["spec"],
})
const newClass = (parts: Partial<RuntimeClass> = {}): RuntimeClass => ({
  apiVersion: "node.k8s.io/v1",
  kind: "RuntimeClass",
  metadata: { name: "r" },
  ...parts,
})
const toleration = { key: "a", operator: "Exists" }
const scheduling = { nodeSelector: { disk: "ssd" }, tolerations: [toleration] }

test("applyRuntimeClass: overhead and places come from the class", () => {
  const pod = newPod({ nodeSelector: { zone: "1" }, tolerations: [toleration] })
  assert.equal(applyRuntimeClass(pod, newClass({ overhead: { podFixed: { cpu: "1" } }, scheduling })), undefined)
  assert.deepEqual(pod.spec, {
    containers: [],
    runtimeClassName: "r",
    overhead: { cpu: "1" },
    nodeSelector: { zone: "1", disk: "ssd" },
    tolerations: [toleration],
  })
})

for (const { pod, runtime, want } of [
  { pod: newPod(), runtime: undefined, want: 'pod rejected: RuntimeClass "r" not found' },
  {
    pod: newPod({ overhead: { cpu: "2" } }),
    runtime: newClass(),
    want: "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
  },
  {
    pod: newPod({ overhead: { cpu: "2" } }),
    runtime: newClass({ overhead: { podFixed: { cpu: "1" } } }),
    want: "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
  },
  {
    pod: newPod({ nodeSelector: { disk: "hdd" } }),
    runtime: newClass({ scheduling }),
    want: "conflict: runtimeClass.scheduling.nodeSelector[disk] = ssd; pod.spec.nodeSelector[disk] = hdd",
  },
]) {
  test(`applyRuntimeClass: ${want}`, () => assert.equal(applyRuntimeClass(pod, runtime), want))
}

test("applyRuntimeClass: a pod without one stays as it is", () => {
  const pod = newPod({ runtimeClassName: undefined })
  assert.equal(applyRuntimeClass(pod, undefined), undefined)
})
