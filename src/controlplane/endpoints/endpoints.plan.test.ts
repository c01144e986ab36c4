import assert from "node:assert/strict"
import { test } from "node:test"
import type { Endpoints, Pod, Service } from "#api/kubernetes/core.ts"
import type { EndpointSlice } from "#api/kubernetes/discovery.ts"
import { writesOf } from "#runtime/apply-plan.ts"
import type { Plan } from "#runtime/plan.ts"
import { newPod, textsOf } from "#controlplane/workloads/testing/objects.ts"
import { planEndpoints } from "./endpoints.plan.ts"

const newService = (spec: NonNullable<Service["spec"]> = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "ns", uid: "u", labels: { app: "a" } },
  spec: {
    clusterIP: "10.96.0.9",
    selector: { app: "a" },
    ports: [{ name: "http", port: 80, targetPort: 8080 }],
    ...spec,
  },
})

const podAt = (name: string, podIP: string, parts: Parameters<typeof newPod>[1] = {}): Pod => {
  const pod = newPod(name, parts)
  return { ...pod, status: { ...pod.status, podIP } }
}

/** What the plan leaves behind, as the server would have stored it. */
function outcome({ actions }: Plan): { slices: EndpointSlice[]; endpoints: Endpoints | undefined } {
  const objects = writesOf(actions).flatMap((write) => ("object" in write ? [write.object] : []))
  const slices = objects.filter(({ kind }) => kind === "EndpointSlice") as EndpointSlice[]
  return { slices, endpoints: objects.find(({ kind }) => kind === "Endpoints") as Endpoints | undefined }
}

const plan = (service: Service, pods: readonly Pod[], before: Partial<ReturnType<typeof outcome>> = {}) =>
  planEndpoints(service, { pods, endpoints: before.endpoints, slices: before.slices ?? [] })

const addressesOf = ({ slices }: { slices: readonly EndpointSlice[] }) =>
  slices.map((slice) => (slice.endpoints ?? []).map((e) => `${e.addresses[0]} ${e.conditions?.ready}`))

test("planEndpoints: ready pods are addresses, the others are told of", () => {
  const pods = [
    podAt("b", "10.0.0.2", { ready: false }),
    podAt("a", "10.0.0.1"),
    podAt("c", "10.0.0.3", { leaving: true }),
  ]
  const made = outcome(plan(newService(), pods))
  assert.deepEqual(addressesOf(made), [["10.0.0.1 true", "10.0.0.2 false", "10.0.0.3 false"]])
  assert.deepEqual(made.slices[0]?.ports, [{ name: "http", port: 8080, protocol: "TCP" }])
  assert.deepEqual(made.slices[0]?.metadata.labels, {
    app: "a",
    "kubernetes.io/service-name": "web",
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
  })
  const [subset] = made.endpoints?.subsets ?? []
  assert.deepEqual(
    subset?.addresses?.map(({ ip }) => ip),
    ["10.0.0.1"],
  )
  assert.deepEqual(
    subset?.notReadyAddresses?.map(({ ip }) => ip),
    ["10.0.0.2"],
  )
})

test("planEndpoints: a service that selects nothing has one empty slice and no subsets", () => {
  const made = outcome(plan(newService(), []))
  assert.deepEqual([addressesOf(made), made.endpoints?.subsets], [[[]], undefined])
})

test("planEndpoints: pods without an address or a port of the service lead nowhere", () => {
  const service = newService({ ports: [{ port: 80, targetPort: "named" }] })
  assert.deepEqual(addressesOf(outcome(plan(service, [podAt("a", "10.0.0.1")]))), [[]])
  assert.deepEqual(addressesOf(outcome(plan(newService(), [newPod("a")]))), [[]])
})

test("planEndpoints: nothing to do when all is as it should be", () => {
  const pods = [podAt("a", "10.0.0.1")]
  assert.deepEqual(plan(newService(), pods, outcome(plan(newService(), pods))).actions, [])
})

test("planEndpoints: a slice that is there is changed, and one too many goes", () => {
  const many = Array.from({ length: 101 }, (_, i) => podAt(`p${String(i).padStart(3, "0")}`, `10.0.1.${i}`))
  const before = outcome(plan(newService(), many))
  assert.deepEqual(
    before.slices.map((slice) => slice.endpoints?.length),
    [100, 1],
  )
  const named = before.slices.map((slice, i) => ({ ...slice, metadata: { ...slice.metadata, name: `s${i}` } }))
  const { actions } = plan(newService(), many.slice(0, 1), { ...before, slices: named })
  assert.deepEqual(textsOf(actions), [
    "update endpointslices.discovery.k8s.io ns/s0",
    "delete endpointslices.discovery.k8s.io ns/s1",
    "update endpoints ns/web",
  ])
})
