import assert from "node:assert/strict"
import { test } from "node:test"
import type { LimitRange, LimitRangeItem, Pod } from "#api/kubernetes/core.ts"
import { claimLimitProblem, podLimitProblem, setLimitDefaults } from "./limits.plan.ts"

const newRange = (item: Partial<LimitRangeItem>): LimitRange => ({
  apiVersion: "v1",
  kind: "LimitRange",
  metadata: { name: "l" },
  spec: { limits: [{ type: "Container", ...item }] },
})
const newPod = (requests?: Record<string, string>, limits?: Record<string, string>): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  spec: { containers: [{ name: "c", resources: { ...(requests && { requests }), ...(limits && { limits }) } }] },
})

test("setLimitDefaults: what is missing is filled in, and noted", () => {
  const pod = newPod({ cpu: "1" })
  setLimitDefaults(newRange({ defaultRequest: { cpu: "2", memory: "1Gi" }, default: { cpu: "3" } }), pod)
  assert.deepEqual(pod.spec.containers[0]?.resources, { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "3" } })
  assert.deepEqual(pod.metadata.annotations, {
    "kubernetes.io/limit-ranger": "LimitRanger plugin set: memory request for container c; cpu limit for container c",
  })
})

for (const { item, pod, want } of [
  { item: { min: { cpu: "1" } }, pod: newPod({ cpu: "1" }), want: undefined },
  {
    item: { min: { cpu: "1" } },
    pod: newPod(),
    want: "minimum cpu usage per Container is 1.  No request is specified",
  },
  {
    item: { min: { cpu: "1" } },
    pod: newPod({ cpu: "100m" }),
    want: "minimum cpu usage per Container is 1, but request is 100m",
  },
  {
    item: { max: { cpu: "1", memory: "1Gi" } },
    pod: newPod({}, { cpu: "2" }),
    want: "[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi.  No limit is specified]",
  },
  {
    item: { maxLimitRequestRatio: { cpu: "1500m" } },
    pod: newPod({ cpu: "1" }, { cpu: "2" }),
    want: "cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.000000",
  },
  {
    item: { type: "Pod", max: { cpu: "1" } },
    pod: newPod({}, { cpu: "2" }),
    want: "maximum cpu usage per Pod is 1, but limit is 2",
  },
]) {
  test(`podLimitProblem: ${want ?? "within the range"}`, () => assert.equal(podLimitProblem(newRange(item), pod), want))
}

test("claimLimitProblem: what a claim asks for", () => {
  const range = newRange({ type: "PersistentVolumeClaim", min: { storage: "1Gi" }, max: { storage: "2Gi" } })
  assert.equal(claimLimitProblem(range, { storage: "2Gi" }), undefined)
  const want = "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"
  assert.equal(claimLimitProblem(range, { storage: "3Gi" }), want)
})
