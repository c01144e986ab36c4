import assert from "node:assert/strict"
import { test } from "node:test"
import type { ReplicaSet } from "#api/kubernetes/apps.ts"
import type { Pod } from "#api/kubernetes/core.ts"
import { planReplicaFailure, planReplicaSet } from "./replicaset.plan.ts"
import { newPod as newPodOf, NOW, SELECTOR, statusIn, template, textsOf } from "./testing/objects.ts"

const newReplicaSet = (replicas: number | undefined, parts: Partial<ReplicaSet> = {}): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "rs", namespace: "ns", uid: "u", generation: 3, ...parts.metadata },
  spec: { selector: SELECTOR, template: template(), ...(replicas === undefined ? {} : { replicas }) },
  ...(parts.status === undefined ? {} : { status: parts.status }),
})
const OWNER = newReplicaSet(1)
/** One of the set's, unless it has another owner. */
const newPod = (name: string, parts: Parameters<typeof newPodOf>[1] = {}) => newPodOf(name, { owner: OWNER, ...parts })
const CREATE = "create pods ns/rs-…"
const REPORT = "patch replicasets.apps/status ns/rs"

for (const { name, replicas, pods, want } of [
  { name: "one when nothing is said", replicas: undefined, pods: [], want: [CREATE, REPORT] },
  { name: "as many as are missing", replicas: 3, pods: [newPod("a")], want: [CREATE, CREATE, REPORT] },
  { name: "enough: only the status", replicas: 1, pods: [newPod("a")], want: [REPORT] },
  {
    name: "pods that leave or have ended do not count",
    replicas: 1,
    pods: [newPod("a", { leaving: true }), newPod("b", { phase: "Failed" })],
    want: [CREATE, REPORT],
  },
  {
    name: "too many: without a node first, then who is not ready, then the newest",
    replicas: 1,
    pods: [
      newPod("ready"),
      newPod("unready", { ready: false }),
      newPod("homeless", { node: "", phase: "Pending" }),
      newPod("newest", { meta: { creationTimestamp: NOW } }),
    ],
    want: ["delete pods ns/homeless", "delete pods ns/unready", "delete pods ns/newest", REPORT],
  },
  {
    name: "too many of the same: always the same ones",
    replicas: 1,
    pods: [newPod("c"), newPod("a"), newPod("b")],
    want: ["delete pods ns/c", "delete pods ns/b", REPORT],
  },
  { name: "none", replicas: 0, pods: [newPod("a")], want: ["delete pods ns/a", REPORT] },
] satisfies { name: string; replicas: number | undefined; pods: Pod[]; want: string[] }[]) {
  test(`planReplicaSet: ${name}`, () => {
    const { actions } = planReplicaSet(newReplicaSet(replicas), pods)
    assert.deepEqual(textsOf(actions), want)
  })
}

test("planReplicaSet: one that is being deleted makes and removes nothing", () => {
  const metadata = { name: "rs", namespace: "ns", deletionTimestamp: NOW }
  assert.deepEqual(textsOf(planReplicaSet(newReplicaSet(3, { metadata }), [newPod("a")]).actions), [REPORT])
})

const PODS = [
  newPod("a"),
  newPod("b", { ready: false }),
  newPod("c", { meta: { labels: { app: "a", extra: "x" } } }),
  newPod("d", { leaving: true }),
]

test("planReplicaSet: pods that fit and belong to nobody are taken in, those that fit no more are let go", () => {
  const stray = newPodOf("stray")
  const lost = newPod("lost", { meta: { labels: { app: "other" } } })
  const others = [newPodOf("ended", { phase: "Failed" }), newPodOf("other", { meta: { labels: { app: "other" } } })]
  const { actions } = planReplicaSet(newReplicaSet(1), [lost, stray, ...others])
  assert.deepEqual(textsOf(actions), ["patch pods ns/lost", "patch pods ns/stray", REPORT])
  const leaving = newReplicaSet(1, { metadata: { name: "rs", namespace: "ns", uid: "u", deletionTimestamp: NOW } })
  assert.deepEqual(textsOf(planReplicaSet(leaving, [lost, stray]).actions), [REPORT])
})

test("planReplicaFailure: said once, and forgotten when nothing is missing", () => {
  const status = statusIn<ReplicaSet["status"]>(
    planReplicaFailure(newReplicaSet(2), [newPod("a")], "no room", NOW).actions,
  )
  assert.deepEqual([status?.replicas, status?.observedGeneration], [1, 3])
  const [condition] = status?.conditions ?? []
  assert.deepEqual(
    [condition?.type, condition?.reason, condition?.message],
    ["ReplicaFailure", "FailedCreate", "no room"],
  )
  const failed = newReplicaSet(2, { status: status! })
  assert.deepEqual(planReplicaFailure(failed, [newPod("a")], "no room for another", NOW).actions, [])
  assert.deepEqual(
    statusIn<ReplicaSet["status"]>(planReplicaSet(failed, [newPod("a"), newPod("b")]).actions)?.conditions,
    [],
  )
  assert.equal(statusIn<ReplicaSet["status"]>(planReplicaSet(failed, []).actions)?.conditions, undefined)
})

test("planReplicaSet: the status counts pods that are there, ready, and labelled as the template wants", () => {
  assert.deepEqual(statusIn(planReplicaSet(newReplicaSet(3), PODS).actions), {
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 2,
    availableReplicas: 2,
    observedGeneration: 3,
  })
})

for (const { name, pods, replicas, status } of [
  {
    name: "the same",
    pods: PODS,
    replicas: 3,
    status: { replicas: 3, fullyLabeledReplicas: 3, readyReplicas: 2, availableReplicas: 2, observedGeneration: 3 },
  },
  { name: "the same, zeros left out", pods: [], replicas: 0, status: { replicas: 0, observedGeneration: 3 } },
]) {
  test(`planReplicaSet: nothing to do, status ${name}`, () => {
    assert.deepEqual(planReplicaSet(newReplicaSet(replicas, { status }), pods).actions, [])
  })
}
