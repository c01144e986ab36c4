import assert from "node:assert/strict"
import { test } from "node:test"
import type { Deployment, ReplicaSet } from "#api/kubernetes/apps.ts"
import { writesOf } from "#runtime/apply-plan.ts"
import type { Action } from "#runtime/plan.ts"
import { planDeployment } from "./deployment.plan.ts"
import { controllerReference, templateHash } from "./pods.ts"
import { BEFORE, NOW, NOW_MS, SELECTOR, statusIn, template } from "./testing/objects.ts"

type Spec = Partial<Deployment["spec"]>
const REVISION = "deployment.kubernetes.io/revision"

const newDeployment = (spec: Spec = {}, parts: { meta?: object; status?: Deployment["status"] } = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d", namespace: "ns", uid: "u", generation: 4, ...parts.meta },
  spec: { selector: SELECTOR, template: template("3"), ...spec },
  ...(parts.status === undefined ? {} : { status: parts.status }),
})

/** Revision `n` of the template, with so many replicas of which so many are available (all, unless told otherwise). */
function rs(n: number, replicas: number, available = replicas, meta = {}): ReplicaSet {
  const hash = templateHash(template(String(n)))
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `d-${n}`,
      namespace: "ns",
      uid: `rs${n}`,
      labels: { app: "a", "pod-template-hash": hash },
      annotations: { [REVISION]: String(n) },
      ...meta,
    },
    spec: { replicas, selector: SELECTOR, template: template(String(n)) },
    status: { replicas: Math.max(replicas, available), readyReplicas: available, availableReplicas: available },
  }
}

/** What happens to ReplicaSets, in words. */
function changes(actions: readonly Action[]): string[] {
  return writesOf(actions).flatMap((write) => {
    if (write.do === "create") return [`new ${(write.object as ReplicaSet).spec.replicas}`]
    if (write.do === "delete") return [`delete ${write.key.name}`]
    if (write.do !== "patch" || write.subresource !== undefined) return []
    const { spec, metadata } = write.patch as { spec?: { replicas: number }; metadata?: { annotations: object } }
    if (spec !== undefined) return [`${write.key.name} to ${spec.replicas}`]
    return [`${write.key.name} is revision ${Object.values(metadata!.annotations).join()}`]
  })
}
const rolling = (maxSurge: number | string, maxUnavailable: number | string): Spec => ({
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
})
const recreate: Spec = { strategy: { type: "Recreate" } }
const AT_3 = { meta: { annotations: { [REVISION]: "3" } } }

for (const { name, spec, parts = AT_3, sets, want } of [
  { name: "the first", spec: { replicas: 4 }, parts: {}, sets: [], want: ["new 4", "d is revision 1"] },
  { name: "one when nothing is said", spec: {}, sets: [rs(3, 1)], want: [] },
  { name: "as wanted", spec: { replicas: 4 }, sets: [rs(3, 4), rs(2, 0)], want: [] },
  { name: "more", spec: { replicas: 6 }, sets: [rs(3, 4)], want: ["d-3 to 6"] },
  { name: "fewer", spec: { replicas: 1 }, sets: [rs(3, 4)], want: ["d-3 to 1"] },
  {
    name: "another template: a quarter more, rounded up",
    spec: { replicas: 5 },
    parts: { meta: { annotations: { [REVISION]: "2" } } },
    sets: [rs(2, 5)],
    want: ["new 2", "d is revision 3"],
  },
  {
    name: "another template: none at first, when none may be too many",
    spec: { replicas: 4, ...rolling(0, 1) },
    sets: [rs(2, 4)],
    want: ["new 0"],
  },
  {
    name: "none too many: room is made first",
    spec: { replicas: 4, ...rolling(0, 1) },
    sets: [rs(2, 4), rs(3, 0)],
    want: ["d-2 to 3"],
  },
  {
    name: "none too many: then it is used",
    spec: { replicas: 4, ...rolling(0, 1) },
    sets: [rs(2, 3), rs(3, 0)],
    want: ["d-3 to 1"],
  },
  {
    name: "none too many and none too few: one is missing, or nothing would move",
    spec: { replicas: 4, ...rolling(0, "0%") },
    sets: [rs(2, 4), rs(3, 0)],
    want: ["d-2 to 3"],
  },
  {
    name: "none too few: new ones that are not available take nothing from the old",
    spec: { replicas: 4, ...rolling(1, 0) },
    sets: [rs(2, 4), rs(3, 1, 0)],
    want: [],
  },
  {
    name: "none too few: one that is available replaces one",
    spec: { replicas: 4, ...rolling(1, 0) },
    sets: [rs(2, 4), rs(3, 1)],
    want: ["d-2 to 3"],
  },
  {
    name: "the oldest go first",
    spec: { replicas: 4, ...rolling(1, 1) },
    sets: [rs(2, 2), rs(1, 2), rs(3, 1)],
    want: ["d-1 to 0"],
  },
  {
    name: "before them those that serve nobody, and only as many others as may be missing",
    spec: { replicas: 4, ...rolling(1, 1) },
    sets: [rs(1, 3), rs(2, 2, 0), rs(3, 0)],
    want: ["d-2 to 0"],
  },
  {
    name: "pods that were to go but are still counted are not spent twice",
    spec: { replicas: 4, ...rolling(1, 1) },
    sets: [rs(2, 2, 4), rs(3, 2, 1)],
    want: ["d-3 to 3"],
  },
  {
    name: "a size that is smaller, in the middle of a change",
    spec: { replicas: 2, ...rolling(1, 0) },
    sets: [rs(2, 2), rs(3, 3, 1)],
    want: ["d-3 to 2", "d-2 to 1"],
  },
  { name: "Recreate: none of the new ones yet", spec: { replicas: 4, ...recreate }, sets: [rs(2, 4)], want: ["new 0"] },
  {
    name: "Recreate: the old ones go",
    spec: { replicas: 4, ...recreate },
    sets: [rs(2, 4), rs(3, 0)],
    want: ["d-2 to 0"],
  },
  {
    name: "Recreate: they are still there",
    spec: { replicas: 4, ...recreate },
    sets: [rs(2, 0, 1), rs(3, 0)],
    want: [],
  },
  {
    name: "Recreate: they have gone",
    spec: { replicas: 4, ...recreate },
    sets: [rs(2, 0), rs(3, 0)],
    want: ["d-3 to 4"],
  },
  { name: "Recreate: the first", spec: { replicas: 4, ...recreate }, sets: [rs(2, 0)], want: ["new 4"] },
  {
    name: "Recreate: not while one still runs",
    spec: { replicas: 4, ...recreate },
    sets: [rs(2, 0, 1)],
    want: ["new 0"],
  },
  {
    name: "a template that came back is a new revision",
    spec: { replicas: 2 },
    sets: [rs(3, 2), rs(4, 0)],
    want: ["d-3 is revision 5"],
  },
  {
    name: "the Deployment says which revision it is at",
    spec: { replicas: 2 },
    parts: {},
    sets: [rs(3, 2)],
    want: ["d is revision 3"],
  },
  {
    name: "as many old ones are kept as it says, the newest of them",
    spec: { replicas: 1, revisionHistoryLimit: 1 },
    sets: [rs(2, 0), rs(0, 0), rs(1, 0), rs(3, 1)],
    want: ["delete d-0", "delete d-1"],
  },
  {
    name: "ten when it says nothing",
    spec: { replicas: 1 },
    parts: { meta: { annotations: { [REVISION]: "3" } } },
    sets: [rs(3, 1), ...Array.from({ length: 11 }, (_, i) => rs(-i, 0))],
    want: ["delete d--10"],
  },
  {
    name: "an old one that still has pods is kept",
    spec: { replicas: 1, revisionHistoryLimit: 0 },
    sets: [rs(2, 0, 1), rs(1, 0, 0, { deletionTimestamp: NOW }), rs(3, 1)],
    want: [],
  },
  { name: "paused: no new version", spec: { replicas: 4, paused: true }, sets: [rs(2, 4)], want: [] },
  { name: "paused: another size", spec: { replicas: 6, paused: true }, sets: [rs(2, 4), rs(1, 0)], want: ["d-2 to 6"] },
  {
    name: "paused: another size from none",
    spec: { replicas: 6, paused: true },
    sets: [rs(1, 0), rs(2, 0)],
    want: ["d-2 to 6"],
  },
  {
    name: "paused half way through: a smaller size is taken from the larger ones",
    spec: { replicas: 2, paused: true, ...rolling(1, 0) },
    sets: [rs(2, 3), rs(3, 2)],
    want: ["d-2 to 1"],
  },
  {
    name: "paused half way through: as many as may be there are there",
    spec: { replicas: 4, paused: true, ...rolling(1, 0) },
    sets: [rs(2, 3), rs(3, 2)],
    want: [],
  },
  {
    name: "paused half way through: no size",
    spec: { replicas: 0, paused: true },
    sets: [rs(2, 3), rs(3, 2)],
    want: ["d-2 to 0", "d-3 to 0"],
  },
  {
    name: "being deleted: nothing",
    spec: { replicas: 4 },
    parts: { meta: { deletionTimestamp: NOW } },
    sets: [rs(2, 4)],
    want: [],
  },
] satisfies { name: string; spec: Spec; parts?: { meta?: object }; sets: ReplicaSet[]; want: string[] }[]) {
  test(`planDeployment: ${name}`, () => {
    const found = changes(planDeployment(newDeployment(spec, parts), sets, NOW_MS).actions)
    // Which revision it is at has a row of its own.
    assert.deepEqual(
      want.some((text) => text.startsWith("d is")) ? found : found.filter((t) => !t.startsWith("d is")),
      want,
    )
  })
}

test("planDeployment: a ReplicaSet belongs to it, and finds its own pods", () => {
  const deployment = newDeployment({ replicas: 4, minReadySeconds: 5 })
  const [action] = writesOf(planDeployment(deployment, [], NOW_MS).actions)
  const hash = templateHash(template("3"))
  assert.deepEqual(action?.do === "create" && action.object, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `d-${hash}`,
      namespace: "ns",
      labels: { app: "a", "pod-template-hash": hash },
      annotations: {
        "deployment.kubernetes.io/desired-replicas": "4",
        "deployment.kubernetes.io/max-replicas": "5",
        [REVISION]: "1",
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: "a", "pod-template-hash": hash } },
      template: { ...template("3"), metadata: { labels: { app: "a", "pod-template-hash": hash } } },
      minReadySeconds: 5,
    },
  })
})

const condition = (type: string, status: string, reason: string, message: string, since = NOW) => ({
  type,
  status,
  reason,
  message,
  lastUpdateTime: since,
  lastTransitionTime: since,
})
const AVAILABLE = condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
const LACKING = condition(
  "Available",
  "False",
  "MinimumReplicasUnavailable",
  "Deployment does not have minimum availability.",
)
const MOVING = condition("Progressing", "True", "ReplicaSetUpdated", 'ReplicaSet "d-3" is progressing.')
const DONE = condition("Progressing", "True", "NewReplicaSetAvailable", 'ReplicaSet "d-3" has successfully progressed.')

for (const { name, spec, sets, want } of [
  { name: "done", spec: { replicas: 2 }, sets: [rs(3, 2)], want: [2, 2, 2, 2, 0, AVAILABLE, DONE] },
  {
    name: "one too few, as many as may be",
    spec: { replicas: 4 },
    sets: [rs(3, 4, 3)],
    want: [4, 4, 3, 3, 1, AVAILABLE, MOVING],
  },
  { name: "too few", spec: { replicas: 4 }, sets: [rs(3, 4, 2)], want: [4, 4, 2, 2, 2, LACKING, MOVING] },
  {
    name: "Recreate: none may be too few",
    spec: { replicas: 4, ...recreate },
    sets: [rs(3, 4, 3)],
    want: [4, 4, 3, 3, 1, LACKING, MOVING],
  },
  {
    name: "more may be missing than there are",
    spec: { replicas: 1, ...rolling(0, 5) },
    sets: [rs(3, 1, 0)],
    want: [1, 1, 0, 0, 1, AVAILABLE, MOVING],
  },
  {
    name: "half way through",
    spec: { replicas: 4, ...rolling(1, 0) },
    sets: [rs(2, 4), rs(3, 1, 0)],
    want: [5, 1, 4, 4, 1, AVAILABLE, MOVING],
  },
  {
    name: "paused",
    spec: { replicas: 2, paused: true },
    sets: [rs(3, 2)],
    want: [2, 2, 2, 2, 0, AVAILABLE, condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")],
  },
] satisfies { name: string; spec: Spec; sets: ReplicaSet[]; want: unknown[] }[]) {
  test(`planDeployment: status: ${name}`, () => {
    const [replicas, updatedReplicas, readyReplicas, availableReplicas, unavailableReplicas, ...conditions] = want
    assert.deepEqual(statusIn(planDeployment(newDeployment(spec, AT_3), sets, NOW_MS).actions), {
      observedGeneration: 4,
      replicas,
      updatedReplicas,
      readyReplicas,
      availableReplicas,
      unavailableReplicas,
      conditions,
    })
  })
}

test("planDeployment: a condition changes its times only as far as it changes itself", () => {
  const since = (c: typeof DONE) => ({ ...c, lastUpdateTime: BEFORE, lastTransitionTime: BEFORE })
  const status = { observedGeneration: 4, conditions: [since(AVAILABLE), since(MOVING)] } as Deployment["status"] &
    object
  const plan = planDeployment(newDeployment({ replicas: 2 }, { ...AT_3, status }), [rs(3, 2)], NOW_MS)
  assert.deepEqual(statusIn<typeof status>(plan.actions)?.conditions, [
    since(AVAILABLE),
    { ...DONE, lastTransitionTime: BEFORE },
  ])
})
