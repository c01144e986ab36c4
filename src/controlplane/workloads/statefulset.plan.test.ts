import assert from "node:assert/strict"
import { test } from "node:test"
import type { StatefulSet } from "#api/kubernetes/apps.ts"
import type { PersistentVolumeClaim, Pod } from "#api/kubernetes/core.ts"
import { writesOf } from "#runtime/apply-plan.ts"
import { templateHash } from "./pods.ts"
import { planStatefulSet } from "./statefulset.plan.ts"
import { newPod, NOW, SELECTOR, statusIn, template, textsOf } from "./testing/objects.ts"

type Spec = Partial<StatefulSet["spec"]>
const newSet = (spec: Spec = {}, meta = {}, status?: StatefulSet["status"]): StatefulSet => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "db", namespace: "ns", uid: "u", generation: 2, ...meta },
  spec: { selector: SELECTOR, template: template(), ...spec },
  ...(status === undefined ? {} : { status }),
})
const revision = (version: string) => `db-${templateHash(template(version))}`
const db = (ordinal: number, parts: Parameters<typeof newPod>[1] & { version?: string } = {}) =>
  newPod(`db-${ordinal}`, {
    ...parts,
    meta: { labels: { "controller-revision-hash": revision(parts.version ?? "1") } },
  })
const unready = (ordinal: number, version?: string) =>
  db(ordinal, { ready: false, ...(version === undefined ? {} : { version }) })
const DATA = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } }
const create = (ordinal: number) => `create pods ns/db-${ordinal}`
const remove = (ordinal: number) => `delete pods ns/db-${ordinal}`
const parallel: Spec = { podManagementPolicy: "Parallel" }
const changed: Spec = { template: template("2"), replicas: 3 }

for (const { name, spec, meta, pods, want } of [
  { name: "one when nothing is said", spec: {}, pods: [], want: [create(0)] },
  { name: "the first of three", spec: { replicas: 3 }, pods: [], want: [create(0)] },
  { name: "the next waits until the one before is ready", spec: { replicas: 3 }, pods: [unready(0)], want: [] },
  { name: "the next, when the one before is ready", spec: { replicas: 3 }, pods: [db(0)], want: [create(1)] },
  { name: "a gap is filled first", spec: { replicas: 3 }, pods: [db(0), db(2)], want: [create(1)] },
  { name: "one that leaves is waited for", spec: { replicas: 2 }, pods: [db(0, { leaving: true })], want: [] },
  {
    name: "one that has ended is removed",
    spec: { replicas: 2 },
    pods: [db(0, { phase: "Failed" }), db(1)],
    want: [remove(0)],
  },
  {
    name: "one that has ended and leaves is waited for",
    spec: { replicas: 2 },
    pods: [db(0, { phase: "Succeeded", leaving: true })],
    want: [],
  },
  {
    name: "Parallel: all at once",
    spec: { ...parallel, replicas: 3 },
    pods: [unready(1)],
    want: [create(0), create(2)],
  },
  { name: "ordinals from 5 on", spec: { replicas: 2, ordinals: { start: 5 } }, pods: [db(5)], want: [create(6)] },
  { name: "too many: the last", spec: { replicas: 1 }, pods: [db(0), db(1), db(10), db(9)], want: [remove(10)] },
  {
    name: "too many: not while the last still leaves",
    spec: { replicas: 1 },
    pods: [db(0), db(1), db(2, { leaving: true })],
    want: [],
  },
  { name: "too many: not before the others are ready", spec: { replicas: 1 }, pods: [unready(0), db(1)], want: [] },
  {
    name: "too many, Parallel: all at once",
    spec: { ...parallel, replicas: 1 },
    pods: [db(0), db(1), db(2)],
    want: [remove(2), remove(1)],
  },
  {
    name: "another start: the old ordinals go",
    spec: { replicas: 1, ordinals: { start: 1 } },
    pods: [db(0), db(1)],
    want: [remove(0)],
  },
  { name: "another template: the last", spec: changed, pods: [db(0), db(1), db(2)], want: [remove(2)] },
  {
    name: "another template: the next",
    spec: changed,
    pods: [db(0), db(1), db(2, { version: "2" })],
    want: [remove(1)],
  },
  {
    name: "another template: not while the one behind is not ready",
    spec: changed,
    pods: [db(0), db(1), unready(2, "2")],
    want: [],
  },
  {
    name: "another template: down to the partition",
    spec: { ...changed, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } },
    pods: [db(0), db(1), db(2, { version: "2" })],
    want: [],
  },
  {
    name: "another template: the partition counts from the first ordinal",
    spec: { ...changed, ordinals: { start: 5 }, updateStrategy: { rollingUpdate: { partition: 2 } } },
    pods: [db(5), db(6), db(7)],
    want: [remove(7)],
  },
  {
    name: "another template, OnDelete: nothing by itself",
    spec: { ...changed, updateStrategy: { type: "OnDelete" } },
    pods: [db(0), db(1), db(2)],
    want: [],
  },
  {
    name: "another template, Parallel: one that is not ready is replaced all the same",
    spec: { ...changed, ...parallel },
    pods: [unready(0), db(1), unready(2)],
    want: [remove(2)],
  },
  {
    name: "another template, Parallel: not while a new one behind it is not ready",
    spec: { ...changed, ...parallel },
    pods: [db(0), db(1), unready(2, "2")],
    want: [],
  },
  { name: "all as wanted", spec: { replicas: 2 }, pods: [db(0), db(1)], want: [] },
  { name: "being deleted: nothing", spec: { replicas: 3 }, meta: { deletionTimestamp: NOW }, pods: [db(0)], want: [] },
] satisfies { name: string; spec: Spec; meta?: object; pods: Pod[]; want: string[] }[]) {
  test(`planStatefulSet: ${name}`, () => {
    const { actions } = planStatefulSet(newSet(spec, meta), pods, new Set())
    assert.deepEqual(
      textsOf(actions).filter((text) => !text.endsWith("statefulsets.apps/status ns/db")),
      want,
    )
  })
}

test("planStatefulSet: a pod has its name, its ordinal, its revision and its claims", () => {
  const set = newSet({
    serviceName: "dbs",
    volumeClaimTemplates: [
      { metadata: { name: "data", labels: { size: "big" }, annotations: { a: "b" } }, spec: DATA.spec },
      { metadata: { name: "log" }, spec: DATA.spec },
    ],
    template: {
      ...template(),
      spec: { ...template().spec, volumes: [{ name: "tmp" }, { name: "data", emptyDir: {} }] },
    },
  })
  const [claim, action] = writesOf(planStatefulSet(set, [], new Set(["log-db-0"])).actions)
  assert.deepEqual(claim?.do === "create" && (claim.object as PersistentVolumeClaim), {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data-db-0", namespace: "ns", labels: { size: "big", app: "a" }, annotations: { a: "b" } },
    spec: DATA.spec,
  })
  assert.ok(action?.do === "create")
  const pod = action.object as Pod
  assert.deepEqual(pod.metadata.labels, {
    app: "a",
    "statefulset.kubernetes.io/pod-name": "db-0",
    "apps.kubernetes.io/pod-index": "0",
    "controller-revision-hash": `db-${templateHash(set.spec.template)}`,
  })
  assert.equal(pod.spec["hostname"], "db-0")
  assert.equal(pod.spec["subdomain"], "dbs")
  assert.deepEqual(pod.spec["volumes"], [
    { name: "tmp" },
    { name: "data", persistentVolumeClaim: { claimName: "data-db-0" } },
    { name: "log", persistentVolumeClaim: { claimName: "log-db-0" } },
  ])
})

const COUNTS = { observedGeneration: 2, collisionCount: 0 }
for (const { name, spec, pods, before, want } of [
  {
    name: "half way through a change the old revision is the current one",
    spec: changed,
    pods: [db(0), db(1), unready(2, "2")],
    before: { replicas: 3, currentRevision: revision("1") },
    want: {
      replicas: 3,
      readyReplicas: 2,
      availableReplicas: 2,
      currentReplicas: 2,
      updatedReplicas: 1,
      currentRevision: revision("1"),
      updateRevision: revision("2"),
    },
  },
  {
    name: "after it the new one",
    spec: changed,
    pods: [0, 1, 2].map((ordinal) => db(ordinal, { version: "2" })),
    before: { replicas: 3, currentRevision: revision("1") },
    want: {
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision("2"),
      updateRevision: revision("2"),
    },
  },
] satisfies { name: string; spec: Spec; pods: Pod[]; before: StatefulSet["status"]; want: object }[]) {
  test(`planStatefulSet: status: ${name}`, () => {
    const { actions } = planStatefulSet(newSet(spec, {}, before), pods, new Set())
    assert.deepEqual(statusIn(actions), { ...COUNTS, ...want })
  })
}
