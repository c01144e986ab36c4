import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManagedClusterSet, ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import type { ObjectMeta } from "#apimachinery/meta.ts"
import { mergePatch } from "#apimachinery/patch/merge-patch.ts"
import type { Plan } from "#runtime/plan.ts"
import { planBinding, planBuiltInSet, planClusterSet } from "./cluster-set.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const SET_LABEL = "cluster.open-cluster-management.io/clusterset"

type Selector = ManagedClusterSet["spec"]["clusterSelector"]
const set = (name: string, clusterSelector: Selector, meta: ObjectMeta = {}): ManagedClusterSet => ({
  apiVersion: "cluster.open-cluster-management.io/v1beta2",
  kind: "ManagedClusterSet",
  metadata: { name, ...meta },
  spec: { clusterSelector },
})
const EXCLUSIVE: Selector = { selectorType: "ExclusiveClusterSetLabel" }
const EVERYTHING: Selector = { selectorType: "LabelSelector", labelSelector: {} }

/** The selector after the plan was carried out on `found`. */
function selectorAfter(plan: Plan, found: ManagedClusterSet | undefined): unknown {
  const [action] = plan.actions
  if (action === undefined) return "untouched"
  if (action.do === "create") return (action.object as ManagedClusterSet).spec.clusterSelector
  assert.ok(action.do === "patch")
  return (mergePatch(found, action.patch) as ManagedClusterSet).spec.clusterSelector
}

for (const { name, of, found, want } of [
  { name: "default is made", of: "default", found: undefined, want: EXCLUSIVE },
  { name: "global is made", of: "global", found: undefined, want: EVERYTHING },
  { name: "no other is", of: "team", found: undefined, want: "untouched" },
  { name: "default as it should be", of: "default", found: set("default", EXCLUSIVE), want: "untouched" },
  { name: "global as it should be", of: "global", found: set("global", EVERYTHING), want: "untouched" },
  {
    name: "global with labels is emptied",
    of: "global",
    found: set("global", { selectorType: "LabelSelector", labelSelector: { matchLabels: { a: "b" } } }),
    want: EVERYTHING,
  },
  {
    name: "default turned into global is turned back",
    of: "default",
    found: set("default", EVERYTHING),
    want: EXCLUSIVE,
  },
  {
    name: "who opted out is left alone",
    of: "default",
    found: set("default", EVERYTHING, { annotations: { "cluster.open-cluster-management.io/autoupdate": "false" } }),
    want: "untouched",
  },
  {
    name: "one that is being deleted is left alone",
    of: "default",
    found: set("default", EVERYTHING, { deletionTimestamp: "2026-01-02T03:04:05Z" }),
    want: "untouched",
  },
]) {
  test(`planBuiltInSet: ${name}`, () => assert.deepEqual(selectorAfter(planBuiltInSet(of, found), found), want))
}

const cluster = (labels: Record<string, string>): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name: "c", labels },
  spec: {},
})

type Conditions = { status: { conditions: { type: string; status: string; reason: string; message: string }[] } }
const conditionOf = ({ actions: [action] }: Plan) => {
  if (action === undefined) return undefined
  assert.ok(action.do === "patch" && action.subresource === "status")
  const { status, reason, message } = (action.patch as Conditions).status.conditions[0]!
  return [status, reason, message].join(" ").trim()
}

const CLUSTERS = [
  cluster({ [SET_LABEL]: "team", zone: "a" }),
  cluster({ [SET_LABEL]: "other", zone: "a" }),
  cluster({}),
]
for (const { name, selector, want } of [
  { name: "by its label", selector: EXCLUSIVE, want: "False ClustersSelected 1 ManagedClusters selected" },
  {
    name: "by selector",
    selector: { selectorType: "LabelSelector" as const, labelSelector: { matchLabels: { zone: "a" } } },
    want: "False ClustersSelected 2 ManagedClusters selected",
  },
  { name: "all", selector: EVERYTHING, want: "False ClustersSelected 3 ManagedClusters selected" },
  {
    name: "none by a selector that is not there",
    selector: { selectorType: "LabelSelector" as const },
    want: "True NoClusterMatched No ManagedCluster selected",
  },
]) {
  test(`planClusterSet: members ${name}`, () =>
    assert.equal(conditionOf(planClusterSet(set("team", selector), CLUSTERS, NOW_MS)), want))
}

test("planClusterSet: said once", () => {
  const before = set("team", EXCLUSIVE)
  const [action] = planClusterSet(before, CLUSTERS, NOW_MS).actions
  assert.ok(action?.do === "patch")
  const after = mergePatch(before, action.patch) as ManagedClusterSet
  assert.deepEqual(planClusterSet(after, CLUSTERS, NOW_MS + 60_000).actions, [])
})

const binding: ManagedClusterSetBinding = {
  apiVersion: "cluster.open-cluster-management.io/v1beta2",
  kind: "ManagedClusterSetBinding",
  metadata: { name: "team", namespace: "n" },
  spec: { clusterSet: "team" },
}
for (const { name, found, want } of [
  { name: "its set is there", found: set("team", EXCLUSIVE), want: "True ClusterSetBound" },
  { name: "no such set", found: undefined, want: "False ClusterSetNotFound" },
  {
    name: "its set is being deleted",
    found: set("team", EXCLUSIVE, { deletionTimestamp: "2026-01-02T03:04:05Z" }),
    want: "False ClusterSetNotFound",
  },
]) {
  test(`planBinding: ${name}`, () => assert.equal(conditionOf(planBinding(binding, found, NOW_MS)), want))
}
