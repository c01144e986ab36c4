import assert from "node:assert/strict"
import { test } from "node:test"
import type { Placement } from "#api/cluster/v1beta1.ts"
import { findCondition, type Condition } from "#apimachinery/conditions.ts"
import { formatTime } from "#lib/clock.ts"
import { describeWrite, writesOf } from "#runtime/apply-plan.ts"
import type { Plan } from "#runtime/plan.ts"
import { planPlacement, select, type ObservedPlacement } from "./placement.plan.ts"
import { newBinding, newCluster, newDecision, newPlacement, newSet, NOW_MS, observe } from "./testing/objects.ts"

const clusters = (...names: string[]) => names.map((name) => newCluster(name))
const tainted = (name: string, effect: "NoSelect" | "NoSelectIfNew", timeAdded?: string) =>
  newCluster(name, { spec: { taints: [{ key: "k", effect, ...(timeAdded === undefined ? {} : { timeAdded }) }] } })

const writes = (plan: Plan) => writesOf(plan.actions).map((write) => Object.values(describeWrite(write)).join(" "))

/** The status that a plan writes. */
function statusOf(plan: Plan): NonNullable<Placement["status"]> {
  const write = writesOf(plan.actions).at(-1)
  assert.ok(write?.do === "patch" && write.subresource === "status" && write.key.name === "p")
  return (write.patch as { status: NonNullable<Placement["status"]> }).status
}

for (const { name, observed, want } of [
  { name: "all, when no number is wanted", observed: { clusters: clusters("c", "a", "b") }, want: ["c", "a", "b"] },
  {
    name: "as many as are wanted: by name, when nothing else is between them",
    observed: { placement: newPlacement({ numberOfClusters: 2 }), clusters: clusters("c", "b", "a") },
    want: ["a", "b"],
  },
  {
    name: "none, when none are wanted",
    observed: { placement: newPlacement({ numberOfClusters: 0 }), clusters: clusters("a") },
    want: [],
  },
  {
    name: "none, when fewer than none are wanted",
    observed: { placement: newPlacement({ numberOfClusters: -1 }), clusters: clusters("a", "b", "c") },
    want: [],
  },
  {
    name: "where it is: a cluster that comes before it by name changes nothing",
    observed: {
      placement: newPlacement({ numberOfClusters: 1 }),
      clusters: clusters("a", "b"),
      decisions: [newDecision(1, ["b"])],
    },
    want: ["b"],
  },
  {
    name: "away from where it is, when that is twice as busy as it is steady",
    observed: {
      placement: newPlacement({ numberOfClusters: 1 }),
      clusters: clusters("a", "b"),
      decisions: [newDecision(1, ["b"])],
      otherDecisions: (cluster) => (cluster === "b" ? 1 : 0),
    },
    want: ["a"],
  },
  {
    name: "not those that its predicates leave out",
    observed: {
      placement: newPlacement({
        predicates: [{ requiredClusterSelector: { labelSelector: { matchLabels: { env: "prod" } } } }],
      }),
      clusters: [newCluster("a", { meta: { labels: { env: "prod" } } }), newCluster("b")],
    },
    want: ["a"],
  },
  {
    name: "not one with a taint; one with NoSelectIfNew when it is there already",
    observed: {
      clusters: [tainted("a", "NoSelect"), tainted("b", "NoSelectIfNew"), tainted("c", "NoSelectIfNew")],
      decisions: [newDecision(1, ["a", "b"])],
    },
    want: ["b"],
  },
] satisfies { name: string; observed: Partial<ObservedPlacement>; want: string[] }[]) {
  test(`select: ${name}`, () => {
    const selection = select(observe(observed))
    assert.deepEqual(
      selection.clusters.map((c) => c.metadata.name),
      want,
    )
  })
}

const CREATE = "create placementdecisions.cluster.open-cluster-management.io apps/p-decision-1"
const DECIDE = "patch placementdecisions.cluster.open-cluster-management.io/status apps/p-decision-1"
const REPORT = "patch placements.cluster.open-cluster-management.io/status apps/p"
const WELL = ["PlacementMisconfigured False Succeedconfigured: Placement configurations check pass"]

for (const { name, observed, wantWrites, selected, conditions } of [
  {
    name: "decided",
    observed: { clusters: clusters("a", "b") },
    wantWrites: [CREATE, DECIDE, REPORT],
    selected: 2,
    conditions: [...WELL, "PlacementSatisfied True AllDecisionsScheduled: All cluster decisions scheduled"],
  },
  {
    name: "fewer than are wanted",
    observed: { placement: newPlacement({ numberOfClusters: 5 }), clusters: clusters("a", "b") },
    wantWrites: [CREATE, DECIDE, REPORT],
    selected: 2,
    conditions: [...WELL, "PlacementSatisfied False NotAllDecisionsScheduled: 3 cluster decisions unscheduled"],
  },
  {
    name: "nobody fits",
    observed: { clusters: [tainted("a", "NoSelect")], decisions: [newDecision(1, ["a"])] },
    wantWrites: [DECIDE, REPORT],
    selected: 0,
    conditions: [
      ...WELL,
      "PlacementSatisfied False NoManagedClusterMatched: No ManagedCluster matches any of the cluster predicate",
    ],
  },
  {
    name: "no binding: what was decided is taken back",
    observed: { bindings: [], clusters: clusters("a"), decisions: [newDecision(1, ["a"])] },
    wantWrites: [DECIDE, REPORT],
    selected: 0,
    conditions: [
      ...WELL,
      "PlacementSatisfied False NoManagedClusterSetBindings: No valid ManagedClusterSetBindings found in placement namespace",
    ],
  },
  {
    name: "no set that is both bound and wanted",
    observed: { placement: newPlacement({ clusterSets: ["x", "y"] }), clusters: clusters("a") },
    wantWrites: [CREATE, REPORT],
    selected: 0,
    conditions: [
      ...WELL,
      "PlacementSatisfied False NoIntersection: None of ManagedClusterSets [x,y] is bound to placement namespace",
    ],
  },
  {
    name: "sets without clusters",
    observed: {},
    wantWrites: [CREATE, REPORT],
    selected: 0,
    conditions: [
      ...WELL,
      "PlacementSatisfied False AllManagedClusterSetsEmpty: All ManagedClusterSets [default] have no member ManagedCluster",
    ],
  },
  {
    name: "misconfigured: nobody is selected, and the reason is told",
    observed: {
      placement: newPlacement({ tolerations: [{ value: "v" }] }),
      clusters: clusters("a"),
      decisions: [newDecision(1, ["a"])],
    },
    wantWrites: [DECIDE, REPORT],
    selected: 0,
    conditions: [
      `PlacementMisconfigured True Misconfigured: operator must be "Exists" when key is empty in a toleration`,
      "PlacementSatisfied False NoManagedClusterMatched: No ManagedCluster matches any of the cluster predicate",
    ],
  },
  {
    name: "a wrong way of ranking is told before there are clusters to rank",
    observed: { placement: newPlacement({ prioritizerPolicy: { mode: "Some" } }), bindings: [] },
    wantWrites: [CREATE, REPORT],
    selected: 0,
    conditions: [
      "PlacementMisconfigured True Misconfigured: incorrect prioritizer policy mode: Some",
      "PlacementSatisfied False NoManagedClusterSetBindings: No valid ManagedClusterSetBindings found in placement namespace",
    ],
  },
] satisfies {
  name: string
  observed: Partial<ObservedPlacement>
  wantWrites: string[]
  selected: number
  conditions: string[]
}[]) {
  test(`planPlacement: ${name}`, () => {
    const plan = planPlacement(observe(observed))
    assert.deepEqual(writes(plan), wantWrites)
    const status = statusOf(plan)
    assert.equal(status.numberOfSelectedClusters, selected)
    assert.deepEqual(
      (status.conditions ?? []).map((c) => `${c.type} ${c.status} ${c.reason}: ${c.message}`),
      conditions,
    )
    assert.ok(status.conditions?.every((c) => c.lastTransitionTime === formatTime(NOW_MS)))
  })
}

test("planPlacement: the status names the objects of every group, pages counted on", () => {
  const all = Array.from({ length: 250 }, (_, i) => newCluster(`c${String(i).padStart(3, "0")}`))
  const placement = newPlacement({
    decisionStrategy: {
      groupStrategy: {
        decisionGroups: [
          {
            groupName: "canary",
            groupClusterSelector: { labelSelector: { matchExpressions: [{ key: "canary", operator: "Exists" }] } },
          },
        ],
        clustersPerDecisionGroup: 150,
      },
    },
  })
  const canary = newCluster("z", { meta: { labels: { canary: "" } } })
  const { decisionGroups } = statusOf(planPlacement(observe({ placement, clusters: [...all, canary] })))
  const named = (...numbers: number[]) => numbers.map((n) => `p-decision-${n}`)
  assert.deepEqual(decisionGroups, [
    { decisionGroupIndex: 0, decisionGroupName: "canary", decisions: named(1), clusterCount: 1 },
    { decisionGroupIndex: 1, decisionGroupName: "", decisions: named(2, 3), clusterCount: 150 },
    { decisionGroupIndex: 2, decisionGroupName: "", decisions: named(4), clusterCount: 100 },
  ])
})

test("planPlacement: conditions of others stay, and a condition that does not change keeps its time", () => {
  const since = "2026-01-01T00:00:00Z"
  const theirs: Condition = { type: "Theirs", status: "True", reason: "R", message: "", lastTransitionTime: since }
  const satisfied = {
    type: "PlacementSatisfied",
    status: "True",
    reason: "Old",
    message: "",
    lastTransitionTime: since,
  }
  const placement = { ...newPlacement(), status: { conditions: [theirs, satisfied as Condition] } }
  const { conditions } = statusOf(planPlacement(observe({ placement, clusters: clusters("a") })))
  assert.deepEqual(findCondition(conditions, "Theirs"), theirs)
  assert.deepEqual(findCondition(conditions, "PlacementSatisfied"), {
    type: "PlacementSatisfied",
    status: "True",
    reason: "AllDecisionsScheduled",
    message: "All cluster decisions scheduled",
    lastTransitionTime: since,
  })
})

for (const { name, placement, sets, why } of [
  { name: "a Placement that is being deleted", placement: newPlacement({}, { deletionTimestamp: formatTime(NOW_MS) }) },
  {
    name: "scheduling is switched off",
    placement: newPlacement(
      {},
      { annotations: { "cluster.open-cluster-management.io/experimental-scheduling-disable": "true" } },
    ),
    why: "annotation cluster.open-cluster-management.io/experimental-scheduling-disable holds the decisions as they are",
  },
  {
    name: "a set whose selector cannot be read",
    sets: [
      newSet("default", {
        selectorType: "LabelSelector",
        labelSelector: { matchExpressions: [{ key: "a", operator: "Is" }] },
      }),
    ],
    why: "cannot read the selector of ManagedClusterSet default",
  },
]) {
  test(`planPlacement: ${name}: the decisions stay as they are`, () => {
    const plan = planPlacement(
      observe({
        clusters: clusters("a"),
        decisions: [newDecision(1, ["b"])],
        ...(placement === undefined ? {} : { placement }),
        ...(sets === undefined ? {} : { sets }),
      }),
    )
    assert.deepEqual(plan, { actions: [], ...(why === undefined ? {} : { why: [why] }) })
  })
}

test("planPlacement: wakes when the first toleration ends", () => {
  const ago = (seconds: number) => formatTime(NOW_MS - seconds * 1000)
  const placement = newPlacement({ tolerations: [{ key: "k", operator: "Exists", tolerationSeconds: 60 }] })
  const all = [tainted("a", "NoSelect", ago(10)), tainted("b", "NoSelect", ago(59)), tainted("c", "NoSelect", ago(60))]
  const plan = planPlacement(observe({ placement, clusters: all, bindings: [newBinding("default")] }))
  assert.equal(plan.requeueAfterMs, 1000)
  assert.equal(statusOf(plan).numberOfSelectedClusters, 2)
})
