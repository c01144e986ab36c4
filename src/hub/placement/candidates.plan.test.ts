import assert from "node:assert/strict"
import { test } from "node:test"
import { CLUSTER_SET_LABEL } from "#api/cluster/names.ts"
import { findCandidates, isInSet } from "./candidates.plan.ts"
import { newBinding, newCluster, newPlacement, newSet } from "./testing/objects.ts"

const inSet = (name: string, set: string, meta = {}) =>
  newCluster(name, { meta: { labels: { [CLUSTER_SET_LABEL]: set }, ...meta } })
const DELETED = { deletionTimestamp: "2026-01-02T03:04:00Z" }
const EAST = newSet("east")
const WEST = newSet("west")
const GLOBAL = newSet("global", { selectorType: "LabelSelector", labelSelector: {} })
const SLIP = newSet("slip", {
  selectorType: "LabelSelector",
  labelSelector: { matchExpressions: [{ key: "k", operator: "in", values: ["v"] }] },
})
const CLUSTERS = [inSet("e1", "east"), inSet("w1", "west"), inSet("e2", "east")]

for (const { name, bindings, sets, wanted, clusters = CLUSTERS, want } of [
  { name: "no binding", bindings: [], sets: [EAST], want: { none: "NoManagedClusterSetBindings", sets: [] } },
  {
    name: "a binding of a set that is not there counts as none",
    bindings: [newBinding("south")],
    sets: [EAST],
    wanted: ["south"],
    want: { none: "NoManagedClusterSetBindings", sets: ["south"] },
  },
  {
    name: "nor does one that names another set, or is being deleted",
    bindings: [newBinding("east", { clusterSet: "west" }), newBinding("west", { meta: DELETED })],
    sets: [EAST, WEST],
    want: { none: "NoManagedClusterSetBindings", sets: [] },
  },
  {
    name: "the sets that are wanted are not bound",
    bindings: [newBinding("east")],
    sets: [EAST, WEST],
    wanted: ["west", "south"],
    want: { none: "NoIntersection", sets: ["west", "south"] },
  },
  {
    name: "bound sets without a cluster",
    bindings: [newBinding("west"), newBinding("east")],
    sets: [EAST, WEST],
    clusters: [inSet("s1", "south")],
    want: { none: "AllManagedClusterSetsEmpty", sets: ["east", "west"] },
  },
  {
    name: "a cluster that is being deleted is nobody",
    bindings: [newBinding("east")],
    sets: [EAST],
    clusters: [inSet("e1", "east", DELETED)],
    want: { none: "AllManagedClusterSetsEmpty", sets: ["east"] },
  },
  {
    name: "all bound sets when none is wanted",
    bindings: [newBinding("west"), newBinding("east")],
    sets: [EAST, WEST],
    want: { clusters: ["e1", "w1", "e2"], sets: ["east", "west"] },
  },
  {
    name: "of the bound sets those that are wanted",
    bindings: [newBinding("west"), newBinding("east")],
    sets: [EAST, WEST],
    wanted: ["east", "south"],
    want: { clusters: ["e1", "e2"], sets: ["east"] },
  },
  {
    name: "a cluster of two sets is one candidate",
    bindings: [newBinding("global"), newBinding("east")],
    sets: [EAST, GLOBAL],
    want: { clusters: ["e1", "w1", "e2"], sets: ["east", "global"] },
  },
  {
    name: "a set that cannot be read hides the answer",
    bindings: [newBinding("slip"), newBinding("east")],
    sets: [EAST, SLIP],
    want: { unreadable: ["slip"] },
  },
  {
    name: "but not from who does not want it",
    bindings: [newBinding("slip"), newBinding("east")],
    sets: [EAST, SLIP],
    wanted: ["east"],
    want: { clusters: ["e1", "e2"], sets: ["east"] },
  },
]) {
  test(`findCandidates: ${name}`, () => {
    const placement = newPlacement(wanted === undefined ? {} : { clusterSets: wanted })
    const found = findCandidates({ placement, bindings, sets, clusters })
    assert.deepEqual(
      "clusters" in found ? { ...found, clusters: found.clusters.map((c) => c.metadata.name) } : found,
      want,
    )
  })
}

for (const { name, set, want } of [
  { name: "its label", set: EAST, want: true },
  { name: "the label of another set", set: WEST, want: false },
  { name: "no word of how members are found: by label", set: { ...EAST, spec: {} as never }, want: true },
  { name: "a selector that matches", set: newSet("x", labelled("tier", "gold")), want: true },
  { name: "a selector that does not", set: newSet("x", labelled("tier", "tin")), want: false },
  { name: "an empty selector: everybody", set: GLOBAL, want: true },
  { name: "no selector: nobody", set: newSet("x", { selectorType: "LabelSelector" }), want: false },
  { name: "a selector that cannot be read: nobody", set: SLIP, want: false },
  { name: "a set found by selector ignores its label", set: newSet("east", labelled("tier", "tin")), want: false },
]) {
  test(`isInSet: ${name}`, () => {
    const cluster = newCluster("e1", { meta: { labels: { [CLUSTER_SET_LABEL]: "east", tier: "gold" } } })
    assert.equal(isInSet(cluster, set), want)
  })
}

function labelled(key: string, value: string) {
  return { selectorType: "LabelSelector" as const, labelSelector: { matchLabels: { [key]: value } } }
}
