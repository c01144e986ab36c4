import assert from "node:assert/strict"
import { test } from "node:test"
import type { Condition } from "#apimachinery/conditions.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Node } from "#api/kubernetes/core.ts"
import { planClusterStatus } from "./cluster-status.plan.ts"
import type { ObservedCluster } from "./cluster-status.plan.ts"

const NOW = "2026-01-01T00:10:00Z"
const NOW_MS = Date.parse(NOW)

const condition = (type: string, status: Condition["status"], reason = "R", message = ""): Condition => ({
  type,
  status,
  lastTransitionTime: NOW,
  reason,
  message,
})
const ACCEPTED = condition("HubAcceptedManagedCluster", "True")
const JOINED = condition("ManagedClusterJoined", "True", "ManagedClusterJoined", "Managed cluster joined")
const UP = condition(
  "ManagedClusterConditionAvailable",
  "True",
  "ManagedClusterAvailable",
  "Managed cluster is available",
)

function cluster(status: ManagedCluster["status"]): ManagedCluster {
  return {
    apiVersion: "cluster.open-cluster-management.io/v1",
    kind: "ManagedCluster",
    metadata: { name: "c1", uid: "u1", resourceVersion: "7" },
    spec: {},
    ...(status === undefined ? {} : { status }),
  }
}
function node(cpu: string, memory: string, unschedulable = false): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n" },
    spec: { unschedulable },
    status: { capacity: { cpu, memory }, allocatable: { cpu, memory } },
  }
}
const claim = (name: string, value = "v", labels: Record<string, string> = {}) => ({
  apiVersion: "cluster.open-cluster-management.io/v1alpha1",
  kind: "ClusterClaim",
  metadata: { name, labels },
  spec: { value },
})

function plan(status: ManagedCluster["status"], change: Partial<ObservedCluster> = {}) {
  const { actions, requeueAfterMs } = planClusterStatus({
    cluster: cluster(status),
    health: { ok: true },
    version: undefined,
    nodes: undefined,
    claims: undefined,
    rotation: undefined,
    nowMs: NOW_MS,
    ...change,
  })
  assert.ok(actions.length <= 1)
  const [action] = actions
  const patch = action?.do === "patch" ? (action.patch.status as Record<string, unknown>) : undefined
  return { patch, ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }) }
}

test("planClusterStatus: the first report has it all in one patch, on the version that was read", () => {
  const { actions } = planClusterStatus({
    cluster: cluster({ conditions: [ACCEPTED] }),
    health: { ok: true },
    version: "v1.35.4",
    nodes: [node("2", "4Gi"), node("1500m", "1Gi", true)],
    claims: [claim("id.k8s.io", "x")],
    rotation: undefined,
    nowMs: NOW_MS,
  })
  assert.deepEqual(actions, [
    {
      do: "patch",
      type: {
        group: "cluster.open-cluster-management.io",
        version: "v1",
        resource: "managedclusters",
        kind: "ManagedCluster",
        namespaced: false,
      },
      key: { name: "c1" },
      patch: {
        status: {
          conditions: [ACCEPTED, JOINED, UP],
          version: { kubernetes: "v1.35.4" },
          capacity: { cpu: "3500m", memory: "5Gi" },
          allocatable: { cpu: "2", memory: "4Gi" },
          clusterClaims: [{ name: "id.k8s.io", value: "x" }],
        },
      },
      subresource: "status",
      uid: "u1",
      resourceVersion: "7",
    },
  ])
})

const known = { conditions: [ACCEPTED, JOINED, UP] }
for (const { name, status, change, want } of [
  { name: "not accepted: nothing", status: { conditions: [] }, want: { patch: undefined } },
  {
    name: "clock off: nothing",
    status: { conditions: [ACCEPTED, condition("ManagedClusterConditionClockSynced", "False")] },
    want: { patch: undefined },
  },
  { name: "nothing new: no write", status: known, want: { patch: undefined } },
  { name: "no nodes at all: no write", status: known, change: { nodes: [], claims: [] }, want: { patch: undefined } },
  {
    name: "failing for less than 20 s: waits for the rest",
    status: known,
    change: { health: { ok: false as const, sinceMs: NOW_MS - 19_999, message: "down" } },
    want: { patch: undefined, requeueAfterMs: 1 },
  },
  {
    name: "failing for 20 s: unavailable, and nothing that was read of it",
    status: known,
    change: { health: { ok: false as const, sinceMs: NOW_MS - 20_000, message: "down" }, nodes: [] },
    want: {
      patch: {
        conditions: [
          ACCEPTED,
          JOINED,
          condition("ManagedClusterConditionAvailable", "False", "ManagedClusterKubeAPIServerUnavailable", "down"),
        ],
      },
    },
  },
  {
    name: "the hub called it Unknown: True again",
    status: { conditions: [ACCEPTED, JOINED, condition("ManagedClusterConditionAvailable", "Unknown")] },
    want: { patch: { conditions: [ACCEPTED, JOINED, UP] } },
  },
  {
    name: "a node left: what it alone had goes from allocatable and stays in capacity",
    status: { ...known, capacity: { cpu: "2", gpu: "1" }, allocatable: { cpu: "2", gpu: "1" } },
    change: { nodes: [{ ...node("1", "1Gi"), status: { capacity: { cpu: "1" }, allocatable: { cpu: "1" } } }] },
    want: { patch: { capacity: { cpu: "1", gpu: "1" }, allocatable: { cpu: "1", gpu: null } } },
  },
  {
    name: "a rotation is told",
    status: known,
    change: {
      rotation: { type: "ClusterCertificateRotated", status: "True" as const, reason: "ClientCertificateUpdated" },
    },
    want: {
      patch: {
        conditions: [ACCEPTED, JOINED, UP, condition("ClusterCertificateRotated", "True", "ClientCertificateUpdated")],
      },
    },
  },
]) {
  test(`planClusterStatus: ${name}`, () => assert.deepEqual(plan(status, change), want))
}

test("planClusterStatus: reserved claims first, twenty others by name, none that stays on the cluster", () => {
  const claims = [
    ...Array.from({ length: 25 }, (_, i) => claim(`custom-${String(i).padStart(2, "0")}`)).reverse(),
    claim("a-secret", "x", { "open-cluster-management.io/spoke-only": "" }),
    claim("product.open-cluster-management.io", "Hawser"),
    claim("id.k8s.io", "1"),
  ]
  const { patch } = plan(known, { claims })
  const names = (patch!.clusterClaims as { name: string }[]).map(({ name }) => name)
  assert.deepEqual(names.slice(0, 3), ["id.k8s.io", "product.open-cluster-management.io", "custom-00"])
  assert.equal(names.length, 22)
  assert.equal(names.at(-1), "custom-19")
})
