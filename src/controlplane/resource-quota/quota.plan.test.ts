import assert from "node:assert/strict"
import { test } from "node:test"
import type { Pod, ResourceQuota } from "#api/kubernetes/core.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { judgeQuotas, planQuota } from "./quota.plan.ts"
import type { Counted } from "./usage.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const PODS: Counted = { group: "", resource: "pods" }

const newQuota = (hard: Record<string, string>, parts: Partial<ResourceQuota> = {}): ResourceQuota => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "q", namespace: "ns" },
  spec: { hard },
  ...parts,
})

/** As it is once it has been counted. */
const counted = (hard: Record<string, string>, used: Record<string, string>, spec: ResourceQuota["spec"] = {}) =>
  newQuota(hard, { spec: { hard, ...spec }, status: { hard, used } })

type Resources = { requests?: Record<string, string>; limits?: Record<string, string> }
const newPod = (resources: Resources, parts: Partial<Pod> = {}, spec: object = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns" },
  spec: { containers: [{ name: "c", resources }], ...spec },
  ...parts,
})
const CPU = { requests: { cpu: "250m", memory: "1Gi" }, limits: { cpu: "1", memory: "2Gi" } }

const usedOf = (quota: ResourceQuota, resource: Counted, objects: readonly object[]) => {
  const { actions } = planQuota(quota, [{ counted: resource, objects: objects as UnknownObject[] }], NOW_MS)
  const [write] = actions
  return write?.do === "update" ? (write.object as ResourceQuota).status?.used : undefined
}

for (const { name, quota, resource = PODS, objects, want } of [
  {
    name: "pods and what they ask for, under both names",
    quota: newQuota({ pods: "5", cpu: "1", "requests.memory": "4Gi", "limits.cpu": "8", "count/pods": "9" }),
    objects: [newPod(CPU), newPod(CPU)],
    want: { pods: "2", cpu: "500m", "requests.memory": "2Gi", "limits.cpu": "2", "count/pods": "2" },
  },
  {
    name: "an ended pod is there, and takes nothing",
    quota: newQuota({ pods: "5", "count/pods": "5" }),
    objects: [newPod(CPU, { status: { phase: "Failed" } })],
    want: { pods: "0", "count/pods": "1" },
  },
  {
    name: "init containers run before: the most of both",
    quota: newQuota({ cpu: "5" }),
    objects: [newPod(CPU, {}, { initContainers: [{ name: "i", resources: { requests: { cpu: "3" } } }] })],
    want: { cpu: "3" },
  },
  {
    name: "only pods of the scope",
    quota: newQuota({ pods: "5" }, { spec: { hard: { pods: "5" }, scopes: ["Terminating"] } }),
    objects: [newPod({}), newPod({}, {}, { activeDeadlineSeconds: 5 })],
    want: { pods: "1" },
  },
  {
    name: "ports of services",
    quota: newQuota({ services: "5", "services.nodeports": "5", "services.loadbalancers": "1" }),
    resource: { group: "", resource: "services" },
    objects: [{ spec: { type: "LoadBalancer", ports: [{ port: 1 }, { port: 2 }] } }, { spec: { type: "ClusterIP" } }],
    want: { services: "2", "services.nodeports": "2", "services.loadbalancers": "1" },
  },
  {
    name: "claims by class",
    quota: newQuota({
      "requests.storage": "10Gi",
      "gold.storageclass.storage.k8s.io/requests.storage": "5Gi",
      "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "2",
    }),
    resource: { group: "", resource: "persistentvolumeclaims" },
    objects: [{ spec: { storageClassName: "gold", resources: { requests: { storage: "1Gi" } } } }],
    want: {
      "requests.storage": "1Gi",
      "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
      "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
    },
  },
  {
    name: "custom resources by count",
    quota: newQuota({ "count/widgets.example.io": "2" }),
    resource: { group: "example.io", resource: "widgets" },
    objects: [{}],
    want: { "count/widgets.example.io": "1" },
  },
]) {
  test(`planQuota: ${name}`, () => assert.deepEqual(usedOf(quota, resource, objects), want))
}

test("planQuota: nothing to write when the status says so already", () => {
  const quota = counted({ pods: "5" }, { pods: "1" })
  const held = [{ counted: PODS, objects: [newPod({}) as unknown as UnknownObject] }]
  assert.deepEqual(planQuota(quota, held, NOW_MS).actions, [])
})

for (const { name, quota, pod, want } of [
  {
    name: "too much of several",
    quota: counted({ pods: "1", cpu: "1", memory: "8Gi" }, { pods: "1", cpu: "900m", memory: "1Gi" }),
    pod: newPod(CPU),
    want: "exceeded quota: q, requested: cpu=250m,pods=1, used: cpu=900m,pods=1, limited: cpu=1,pods=1",
  },
  {
    name: "what is limited has to be said",
    quota: counted({ cpu: "1", "limits.memory": "1Gi" }, { cpu: "0", "limits.memory": "0" }),
    pod: newPod({}),
    want: "failed quota: q: must specify cpu for: c; limits.memory for: c",
  },
  {
    name: "not counted yet",
    quota: counted({ pods: "1" }, {}),
    pod: newPod({}),
    want: "status unknown for quota: q, resources: pods",
  },
]) {
  test(`judgeQuotas: refused, ${name}`, () => {
    const object = pod as unknown as UnknownObject
    assert.deepEqual(judgeQuotas([quota], { counted: PODS, object, nowMs: NOW_MS }), { refused: want })
  })
}

test("judgeQuotas: charges what fits, and not who is out of scope", () => {
  const inScope = counted({ pods: "2", cpu: "1" }, { pods: "1", cpu: "100m" })
  const outside = counted({ pods: "0" }, { pods: "0" }, { scopes: ["Terminating"] })
  const object = newPod(CPU) as unknown as UnknownObject
  assert.deepEqual(judgeQuotas([inScope, outside], { counted: PODS, object, nowMs: NOW_MS }), {
    charged: [{ ...inScope, status: { hard: { pods: "2", cpu: "1" }, used: { pods: "2", cpu: "350m" } } }],
  })
})

test("judgeQuotas: a change is charged with what it adds", () => {
  const quota = counted({ "services.nodeports": "1" }, { "services.nodeports": "0" })
  const [before, object] = ["ClusterIP", "NodePort"].map((type) => ({ spec: { type, ports: [{ port: 1 }] } }))
  const request = { counted: { group: "", resource: "services" }, nowMs: NOW_MS }
  const verdict = judgeQuotas([quota], {
    ...request,
    object: object as unknown as UnknownObject,
    before: before as unknown as UnknownObject,
  })
  assert.deepEqual("charged" in verdict && verdict.charged[0]?.status?.used, { "services.nodeports": "1" })
})
