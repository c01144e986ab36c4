import assert from "node:assert/strict"
import { describe, test } from "node:test"
import type { PlacementDecision } from "#api/cluster/v1beta1.ts"
import { DECISION_GROUP_INDEX_LABEL } from "#api/cluster/names.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { MANIFEST_WORK_REPLICA_SETS, type ManifestWorkReplicaSet } from "#api/work/v1alpha1.ts"
import type { Condition } from "#apimachinery/conditions.ts"
import type { ObjectMeta } from "#apimachinery/meta.ts"
import { describeWrite, writesOf } from "#runtime/apply-plan.ts"
import { PlannedWorld } from "#runtime/testing/planned-world.ts"
import { planReplicaSet, replicaSetLabel, workName, type ObservedReplicaSet } from "./replica-set.plan.ts"

const NOW = "2026-01-02T03:04:05Z"
const NOW_MS = Date.parse(NOW)
const FINALIZER = "work.open-cluster-management.io/manifest-work-cleanup"
const TEMPLATE: ManifestWork["spec"] = {
  workload: { manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "b" } }] },
}

type Parts = { meta?: ObjectMeta; spec?: Partial<ManifestWorkReplicaSet["spec"]> }
const newReplicaSet = ({ meta, spec }: Parts = {}): ManifestWorkReplicaSet => ({
  apiVersion: "work.open-cluster-management.io/v1alpha1",
  kind: "ManifestWorkReplicaSet",
  metadata: {
    name: "web",
    namespace: "apps",
    uid: "u1",
    resourceVersion: "5",
    generation: 2,
    finalizers: [FINALIZER],
    ...meta,
  },
  spec: {
    placementRefs: [{ name: "p" }],
    manifestWorkTemplate: TEMPLATE,
    cascadeDeletionPolicy: "Background",
    ...spec,
  },
})

const newDecision = (clusters: readonly string[], group = 0): PlacementDecision => ({
  apiVersion: "cluster.open-cluster-management.io/v1beta1",
  kind: "PlacementDecision",
  metadata: { name: `p-decision-${group + 1}`, labels: { [DECISION_GROUP_INDEX_LABEL]: String(group) } },
  status: { decisions: clusters.map((clusterName) => ({ clusterName, reason: "" })) },
})

/** What the replica set asks of one cluster, as the API server has it. */
const newWork = (cluster: string, parts: { meta?: ObjectMeta; spec?: ManifestWork["spec"]; is?: string[] } = {}) =>
  ({
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: {
      name: workName(newReplicaSet()),
      namespace: cluster,
      uid: `uid-${cluster}`,
      resourceVersion: "9",
      generation: 1,
      labels: {
        "work.open-cluster-management.io/manifestworkreplicaset": "apps.web",
        "work.open-cluster-management.io/placementname": "p",
      },
      ...parts.meta,
    },
    spec: parts.spec ?? TEMPLATE,
    status: {
      conditions: (parts.is ?? ["Applied", "Available"]).map((type): Condition => ({
        type,
        status: "True",
        reason: "Because",
        message: "",
        lastTransitionTime: NOW,
        observedGeneration: 1,
      })),
    },
  }) satisfies ManifestWork

function observe(parts: Partial<ObservedReplicaSet> & { clusters?: readonly string[] } = {}): ObservedReplicaSet {
  const { clusters = [], ...rest } = parts
  return {
    replicaSet: newReplicaSet(),
    decisions: new Map([["p", [newDecision(clusters)]]]),
    works: [],
    nowMs: NOW_MS,
    ...rest,
  }
}

/** Every write but that of the replica set's own status. */
const writes = (observed: ObservedReplicaSet) =>
  [...writesOf(planReplicaSet(observed).actions)]
    .filter((w) => !(w.do === "patch" && w.subresource === "status"))
    .map((w) => `${w.do} ${w.type.resource} ${describeWrite(w).key}`)

function statusOf(observed: ObservedReplicaSet): NonNullable<ManifestWorkReplicaSet["status"]> {
  const write = [...writesOf(planReplicaSet(observed).actions)].find((w) => w.do === "patch" && w.subresource)
  assert.ok(write?.do === "patch", "there is no write of the status")
  return (write.patch as { status: NonNullable<ManifestWorkReplicaSet["status"]> }).status
}
const conditionsOf = (observed: ObservedReplicaSet) =>
  (statusOf(observed).conditions ?? []).map((c) => `${c.type}=${c.status} ${c.reason}: ${c.message}`)

const WORK = workName(newReplicaSet())
const leaving = { deletionTimestamp: NOW, finalizers: [FINALIZER] }

describe("planReplicaSet: works", () => {
  for (const { name, observed, want } of [
    {
      name: "holds itself before it makes anything",
      observed: observe({ replicaSet: newReplicaSet({ meta: { finalizers: ["x/y"] } }), clusters: ["c1"] }),
      want: ["patch manifestworkreplicasets apps/web"],
    },
    {
      name: "one for each cluster",
      observed: observe({ clusters: ["c1", "c2"] }),
      want: ["c1", "c2"].map((c) => `create manifestworks ${c}/${WORK}`),
    },
    {
      name: "those that are as wanted stay",
      observed: observe({ clusters: ["c1"], works: [newWork("c1")] }),
      want: [],
    },
    {
      name: "an older template is changed",
      observed: observe({ clusters: ["c1"], works: [newWork("c1", { spec: { workload: { manifests: [] } } })] }),
      want: [`patch manifestworks c1/${WORK}`],
    },
    {
      name: "a lost label is put back",
      observed: observe({
        clusters: ["c1"],
        works: [newWork("c1", { meta: { labels: { "work.open-cluster-management.io/placementname": "q" } } })],
      }),
      want: [`patch manifestworks c1/${WORK}`],
    },
    {
      name: "what is done about drift is said to every work",
      observed: observe({
        replicaSet: newReplicaSet({ meta: { annotations: { "hawser.dev/drift": "report", other: "x" } } }),
        clusters: ["c1", "c2"],
        works: [newWork("c1"), newWork("c2", { meta: { annotations: { "hawser.dev/drift": "report" } } })],
      }),
      want: [`patch manifestworks c1/${WORK}`],
    },
    {
      name: "a work's own word about drift stays where its replica set says nothing",
      observed: observe({
        clusters: ["c1"],
        works: [newWork("c1", { meta: { annotations: { "hawser.dev/drift": "pause" } } })],
      }),
      want: [],
    },
    {
      name: "what the server fills in is no change",
      observed: observe({
        replicaSet: newReplicaSet({ spec: { manifestWorkTemplate: { ...TEMPLATE, deleteOption: {} as never } } }),
        clusters: ["c1"],
        works: [newWork("c1", { spec: { ...TEMPLATE, deleteOption: { propagationPolicy: "Foreground" } } })],
      }),
      want: [],
    },
    {
      name: "of clusters no longer selected go",
      observed: observe({ clusters: ["c1"], works: [newWork("c1"), newWork("c2")] }),
      want: [`delete manifestworks c2/${WORK}`],
    },
    {
      name: "that go already are let go, and not made anew before",
      observed: observe({
        clusters: ["c1"],
        works: [newWork("c1", { meta: leaving }), newWork("c2", { meta: leaving })],
      }),
      want: [],
    },
    {
      name: "a second one for a cluster goes",
      observed: observe({ clusters: ["c1"], works: [newWork("c1"), newWork("c1", { meta: { name: "copy" } })] }),
      want: ["delete manifestworks c1/copy"],
    },
    {
      name: "a Placement that is not there takes nothing away",
      observed: observe({ decisions: new Map([["p", undefined]]), works: [newWork("c1")] }),
      want: [],
    },
    {
      name: "nor does a strategy that is not supported",
      observed: observe({
        replicaSet: newReplicaSet({
          spec: { placementRefs: [{ name: "p", rolloutStrategy: { type: "Progressive" } as never }] },
        }),
        works: [newWork("c1")],
      }),
      want: [],
    },
  ]) {
    test(name, () => assert.deepEqual(writes(observed), want))
  }

  test("carry the replica set's labels, its label and the first placement that chose the cluster", () => {
    const replicaSet = newReplicaSet({
      meta: { labels: { team: "blue" } },
      spec: { placementRefs: [{ name: "p" }, { name: "q" }] },
    })
    const decisions = new Map([
      ["p", [newDecision(["c1"])]],
      ["q", [newDecision(["c1", "c2", ""])]],
    ])
    const created = [...writesOf(planReplicaSet(observe({ replicaSet, decisions })).actions)].flatMap((w) =>
      w.do === "create" ? [w.object.metadata] : [],
    )
    const labels = (placement: string) => ({
      team: "blue",
      "work.open-cluster-management.io/manifestworkreplicaset": "apps.web",
      "work.open-cluster-management.io/placementname": placement,
    })
    assert.deepEqual(created, [
      { name: WORK, namespace: "c1", labels: labels("p") },
      { name: WORK, namespace: "c2", labels: labels("q") },
    ])
  })

  test("a changed template leaves nothing of the one before it", () => {
    const world = new PlannedWorld(NOW)
    const before: ManifestWork["spec"] = { ...TEMPLATE, deleteOption: { propagationPolicy: "Orphan" } }
    world.put(MANIFEST_WORKS as never, newWork("c1", { spec: before, meta: { resourceVersion: "9" } }))
    const [work] = world.list(MANIFEST_WORKS)
    world.put(MANIFEST_WORK_REPLICA_SETS as never, newReplicaSet())
    world.carryOut(planReplicaSet(observe({ clusters: ["c1"], works: [work!] })).actions)
    assert.deepEqual(world.list(MANIFEST_WORKS)[0]?.spec, TEMPLATE)
  })
})

describe("planReplicaSet: deletion", () => {
  const deleted = (cascadeDeletionPolicy: "Background" | "Foreground" = "Background") =>
    newReplicaSet({ meta: leaving, spec: { cascadeDeletionPolicy } })
  const deletion = `delete manifestworks c1/${WORK}`
  const release = "patch manifestworkreplicasets apps/web"
  for (const { name, observed, want } of [
    {
      name: "takes its works away and goes",
      observed: observe({ replicaSet: deleted(), works: [newWork("c1")] }),
      want: [deletion, release],
    },
    {
      name: "in the foreground it waits for them",
      observed: observe({ replicaSet: deleted("Foreground"), works: [newWork("c1")] }),
      want: [deletion],
    },
    {
      name: "however long they take",
      observed: observe({ replicaSet: deleted("Foreground"), works: [newWork("c1", { meta: leaving })] }),
      want: [],
    },
    { name: "and goes when they have", observed: observe({ replicaSet: deleted("Foreground") }), want: [release] },
    {
      name: "what others hold is theirs",
      observed: observe({ replicaSet: newReplicaSet({ meta: { ...leaving, finalizers: ["x/y"] } }) }),
      want: [],
    },
  ]) {
    test(name, () => assert.deepEqual(writes(observed), want))
  }
})

describe("planReplicaSet: status", () => {
  test("counts what the works say", () => {
    const works = [newWork("c1"), newWork("c2", { is: ["Applied"] }), newWork("c3", { is: ["Applied", "Degraded"] })]
    const status = statusOf(observe({ clusters: ["c1", "c2", "c3", "c4"], works }))
    const summary = { total: 4, applied: 3, available: 1, degraded: 1, progressing: 0 }
    assert.deepEqual(status.summary, summary)
    assert.deepEqual(status.placementSummary, [
      { name: "p", availableDecisionGroups: "1 (3 / 4 clusters applied)", summary },
    ])
  })

  for (const { name, observed, want } of [
    {
      name: "all available",
      observed: observe({ clusters: ["c1"], works: [newWork("c1")] }),
      want: [
        "PlacementVerified=True AsExpected: ",
        "PlacementRolledOut=True Complete: ",
        "ManifestworkApplied=True AsExpected: ",
      ],
    },
    {
      name: "some not there yet",
      observed: observe({ clusters: ["c1", "c2"], works: [newWork("c1")] }),
      want: [
        "PlacementVerified=True AsExpected: ",
        "PlacementRolledOut=False Progressing: 1 of 2 clusters done",
        "ManifestworkApplied=False Processing: 1 of 2 ManifestWorks are available",
      ],
    },
    {
      name: "a condition of an older generation does not count",
      observed: observe({ clusters: ["c1"], works: [newWork("c1", { meta: { generation: 2 } })] }),
      want: [
        "PlacementVerified=True AsExpected: ",
        "PlacementRolledOut=False Progressing: 0 of 1 clusters done",
        "ManifestworkApplied=False Processing: 0 of 1 ManifestWorks are available",
      ],
    },
    {
      name: "degraded",
      observed: observe({ clusters: ["c1"], works: [newWork("c1", { is: ["Applied", "Degraded"] })] }),
      want: [
        "PlacementVerified=True AsExpected: ",
        "PlacementRolledOut=False Progressing: 0 of 1 clusters done",
        "ManifestworkApplied=False NotAsExpected: 1 ManifestWorks are degraded",
      ],
    },
    {
      name: "nobody chosen",
      observed: observe(),
      want: [
        "PlacementVerified=False PlacementDecisionEmpty: no cluster is selected by p",
        "PlacementRolledOut=True Complete: ",
        "ManifestworkApplied=False PlacementDecisionEmpty: ",
      ],
    },
    {
      name: "no such Placement",
      observed: observe({ decisions: new Map([["p", undefined]]) }),
      want: ["PlacementVerified=False PlacementDecisionNotFound: Cannot find placement p"],
    },
    {
      name: "a strategy that is not supported",
      observed: observe({
        replicaSet: newReplicaSet({
          spec: { placementRefs: [{ name: "p", rolloutStrategy: { type: "Progressive" } as never }] },
        }),
      }),
      want: [
        'PlacementVerified=False NotAsExpected: rolloutStrategy Progressive of placementRef "p" is not supported by this version of Hawser, want All',
      ],
    },
  ]) {
    test(name, () => assert.deepEqual(conditionsOf(observed), want))
  }

  test("what has been said is not said again", () => {
    const observed = observe({ clusters: ["c1"], works: [newWork("c1")] })
    const replicaSet = { ...observed.replicaSet, status: statusOf(observed) }
    assert.deepEqual(planReplicaSet({ ...observed, replicaSet, nowMs: NOW_MS + 60_000 }).actions, [])
  })
})

test("workName, replicaSetLabel: the same for the same object, another for one of the same name", () => {
  assert.equal(workName(newReplicaSet()), workName(newReplicaSet({ meta: { resourceVersion: "6" } })))
  assert.notEqual(workName(newReplicaSet()), workName(newReplicaSet({ meta: { uid: "u2" } })))
  assert.equal(replicaSetLabel(newReplicaSet()), "apps.web")
})
