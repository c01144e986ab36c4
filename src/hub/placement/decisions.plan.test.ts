import assert from "node:assert/strict"
import { test } from "node:test"
import type { PlacementDecision } from "#api/cluster/v1beta1.ts"
import { writesOf, type Write } from "#runtime/apply-plan.ts"
import { clustersOf, planDecisions } from "./decisions.plan.ts"
import { newDecision, newPlacement } from "./testing/objects.ts"

const PLACEMENT = newPlacement()
const many = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `c${String(from + i).padStart(3, "0")}`)
const group = (name: string, ...clusters: string[]) => ({ name, clusters })

/** A write in one line: what, which object, and its clusters or labels. */
function textOf(action: Write): string {
  if (action.do === "create") return `create ${action.object.metadata.name}`
  if (action.do === "delete") return `delete ${action.key.name}`
  assert.ok(action.do === "patch")
  const { status, metadata } = action.patch as { status?: PlacementDecision["status"]; metadata?: { labels: object } }
  if (action.subresource !== "status") return `${action.key.name} labels ${Object.values(metadata!.labels).join(",")}`
  const clusters = status!.decisions.map((d) => d.clusterName)
  return `${action.key.name} = ${clusters.length > 5 ? `${clusters[0]}..${clusters.at(-1)}` : clusters.join(",")}`
}

for (const { name, groups, existing, want } of [
  { name: "nobody: one empty object", groups: [group("")], existing: [], want: ["create p-decision-1"] },
  { name: "as wanted: nothing", groups: [group("", "a", "b")], existing: [newDecision(1, ["a", "b"])], want: [] },
  { name: "one more", groups: [group("", "a", "b")], existing: [newDecision(1, ["a"])], want: ["p-decision-1 = a,b"] },
  { name: "none left", groups: [group("")], existing: [newDecision(1, ["a"])], want: ["p-decision-1 = "] },
  {
    name: "100 are one object",
    groups: [group("", ...many(0, 100))],
    existing: [],
    want: ["create p-decision-1", "p-decision-1 = c000..c099"],
  },
  {
    name: "101 are two",
    groups: [group("", ...many(0, 101))],
    existing: [],
    want: ["create p-decision-1", "create p-decision-2", "p-decision-1 = c000..c099", "p-decision-2 = c100"],
  },
  {
    name: "objects are counted across groups",
    groups: [group("x", ...many(0, 101)), group("", "z")],
    existing: [
      newDecision(1, many(0, 100), { index: 0, name: "x" }),
      newDecision(2, ["c100"], { index: 0, name: "x" }),
    ],
    want: ["create p-decision-3", "p-decision-3 = z"],
  },
  {
    name: "another group: labels",
    groups: [group("x", "a")],
    existing: [newDecision(1, ["a"])],
    want: ["p-decision-1 labels p,0,x"],
  },
  {
    name: "too many objects: the last ones go",
    groups: [group("", "a")],
    existing: [newDecision(2, ["b"]), newDecision(1, ["a"])],
    want: ["delete p-decision-2"],
  },
  {
    name: "a cluster is added to its new object before its old one goes",
    groups: [group("", "a", "b")],
    existing: [newDecision(1, ["a"]), newDecision(2, ["b"])],
    want: ["p-decision-1 = a,b", "delete p-decision-2"],
  },
  {
    name: "one cluster more at the front: one write, and nobody moves",
    groups: [group("", ...many(0, 201))],
    existing: [newDecision(1, many(1, 101)), newDecision(2, many(101, 201))],
    want: ["create p-decision-3", "p-decision-3 = c000"],
  },
  {
    name: "a page less: its clusters take the places that became free, then it goes",
    groups: [group("", ...many(2, 101), "z")],
    existing: [newDecision(1, many(0, 100)), newDecision(2, ["c100", "z"])],
    want: ["p-decision-1 = c002..z", "delete p-decision-2"],
  },
  {
    name: "a group that grew by a page pushes the next one on, which is written first",
    groups: [group("x", ...many(0, 101)), group("", "z")],
    existing: [newDecision(1, many(0, 100), { index: 0, name: "x" }), newDecision(2, ["z"], { index: 1, name: "" })],
    want: ["p-decision-2 labels p,0,x", "create p-decision-3", "p-decision-3 = z", "p-decision-2 = c100"],
  },
  {
    name: "an exchange begins with a write that only adds",
    groups: [group("x", "b"), group("", "a")],
    existing: [newDecision(1, ["a"], { index: 0, name: "x" }), newDecision(2, ["b"], { index: 1, name: "" })],
    want: ["p-decision-1 = a,b", "p-decision-2 = a", "p-decision-1 = b"],
  },
  {
    name: "an exchange between others than the first",
    groups: [group("x", "d"), group("y", "b", "c"), group("", "a")],
    existing: [
      newDecision(1, ["c"], { index: 0, name: "x" }),
      newDecision(2, ["a"], { index: 1, name: "y" }),
      newDecision(3, ["b"], { index: 2, name: "" }),
    ],
    want: ["p-decision-2 = a,b,c", "p-decision-1 = d", "p-decision-3 = a", "p-decision-2 = b,c"],
  },
]) {
  test(`planDecisions: ${name}`, () =>
    assert.deepEqual(writesOf(planDecisions(PLACEMENT, groups, existing)).map(textOf), want))
}

test("planDecisions: an object that is being deleted is not deleted again", () => {
  const leaving = newDecision(2, ["b"])
  const deletionTimestamp = "2026-01-02T03:04:00Z"
  const existing = [newDecision(1, ["a"]), { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp } }]
  assert.deepEqual(planDecisions(PLACEMENT, [group("", "a")], existing), [])
})

test("planDecisions: a deletion is of the object that was seen", () => {
  const old = newDecision(2, ["b"])
  const existing = [newDecision(1, ["a"]), { ...old, metadata: { ...old.metadata, uid: "d2" } }]
  const [action] = writesOf(planDecisions(PLACEMENT, [group("", "a")], existing))
  assert.deepEqual(action?.do === "delete" && { key: action.key, uid: action.uid }, {
    key: { namespace: "apps", name: "p-decision-2" },
    uid: "d2",
  })
})

test("planDecisions: a new object belongs to its Placement and says its group", () => {
  const [action] = writesOf(planDecisions(PLACEMENT, [group("canary", "a")], []))
  assert.deepEqual(action?.do === "create" && action.object, {
    apiVersion: "cluster.open-cluster-management.io/v1beta1",
    kind: "PlacementDecision",
    metadata: {
      name: "p-decision-1",
      namespace: "apps",
      labels: {
        "cluster.open-cluster-management.io/placement": "p",
        "cluster.open-cluster-management.io/decision-group-index": "0",
        "cluster.open-cluster-management.io/decision-group-name": "canary",
      },
      ownerReferences: [
        {
          apiVersion: "cluster.open-cluster-management.io/v1beta1",
          kind: "Placement",
          name: "p",
          uid: "p-uid",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
  })
})

test("clustersOf: what an object names; nothing before it has a status", () => {
  assert.deepEqual(clustersOf(newDecision(1, ["a", "", "b"])), ["a", "b"])
  assert.deepEqual(clustersOf({ ...newDecision(1, []), status: undefined as never }), [])
  assert.deepEqual(clustersOf(undefined), [])
})

test("planDecisions: the first write of a page holds it against the version that was observed, later ones cannot", () => {
  const at = (n: number, clusters: string[], group?: { index: number; name: string }): PlacementDecision => {
    const decision = newDecision(n, clusters, group)
    return { ...decision, metadata: { ...decision.metadata, uid: `u${n}`, resourceVersion: `${n}0` } }
  }
  const held = (writes: readonly Write[]) =>
    writes.map((write) => [textOf(write), "resourceVersion" in write ? write.resourceVersion : undefined])
  assert.deepEqual(held(writesOf(planDecisions(PLACEMENT, [group("", "a", "b")], [at(1, ["a"])]))), [
    ["p-decision-1 = a,b", "10"],
  ])
  assert.deepEqual(held(writesOf(planDecisions(PLACEMENT, [group("x", "a", "b")], [at(1, ["a"])]))), [
    ["p-decision-1 labels p,0,x", "10"],
    ["p-decision-1 = a,b", undefined],
  ])
})
