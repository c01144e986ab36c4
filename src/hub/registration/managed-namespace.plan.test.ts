import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManagedClusterSet } from "#api/cluster/v1beta2.ts"
import type { ObjectMeta } from "#apimachinery/meta.ts"
import { planManagedNamespaces } from "./managed-namespace.plan.ts"

const SET_LABEL = "cluster.open-cluster-management.io/clusterset"
const conditions = [
  { type: "NamespaceAvailable", status: "True", reason: "NamespaceApplied", message: "", lastTransitionTime: "" },
] as const
type Told = NonNullable<NonNullable<ManagedCluster["status"]>["managedNamespaces"]>

const set = (name: string, namespaces: string[], selected = false, meta: ObjectMeta = {}): ManagedClusterSet => ({
  apiVersion: "cluster.open-cluster-management.io/v1beta2",
  kind: "ManagedClusterSet",
  metadata: { name, ...meta },
  spec: {
    clusterSelector: selected
      ? { selectorType: "LabelSelector", labelSelector: { matchLabels: { region: "eu" } } }
      : { selectorType: "ExclusiveClusterSetLabel" },
    managedNamespaces: namespaces.map((n) => ({ name: n })),
  },
})
const cluster = (told: Told | undefined, meta: ObjectMeta = {}): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name: "c1", uid: "u", resourceVersion: "7", labels: { [SET_LABEL]: "team", region: "eu" }, ...meta },
  spec: {},
  ...(told === undefined ? {} : { status: { managedNamespaces: told } }),
})

for (const { name, given, sets, want } of [
  { name: "no set wants any", given: cluster(undefined), sets: [set("team", [])], want: "nothing" },
  {
    name: "by set and name",
    given: cluster(undefined),
    sets: [set("team", ["b", "a"]), set("europe", ["a"], true), set("other", ["x"])],
    want: [
      { name: "a", clusterSet: "europe" },
      { name: "a", clusterSet: "team" },
      { name: "b", clusterSet: "team" },
    ],
  },
  {
    name: "told already",
    given: cluster([{ name: "a", clusterSet: "team", conditions: [...conditions] }]),
    sets: [set("team", ["a"])],
    want: "nothing",
  },
  {
    name: "one more: what is known of the first stays",
    given: cluster([{ name: "a", clusterSet: "team", conditions: [...conditions] }]),
    sets: [set("team", ["a", "b"])],
    want: [
      { name: "a", clusterSet: "team", conditions },
      { name: "b", clusterSet: "team" },
    ],
  },
  {
    name: "the cluster left the set",
    given: cluster([{ name: "a", clusterSet: "team" }], { labels: {} }),
    sets: [set("team", ["a"])],
    want: null,
  },
  {
    name: "the set is on its way out",
    given: cluster([{ name: "a", clusterSet: "team" }]),
    sets: [set("team", ["a"], false, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
    want: null,
  },
  { name: "the set is gone", given: cluster([{ name: "a", clusterSet: "team" }]), sets: [], want: null },
  {
    name: "the cluster is on its way out",
    given: cluster([{ name: "a", clusterSet: "team" }], { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    sets: [],
    want: "nothing",
  },
]) {
  test(`planManagedNamespaces: ${name}`, () => {
    const [action, ...more] = planManagedNamespaces(given, sets).actions
    assert.equal(more.length, 0)
    if (action === undefined) return assert.equal("nothing", want)
    assert.ok(action.do === "patch")
    assert.deepEqual(action.patch, { status: { managedNamespaces: want } })
    assert.deepEqual([action.subresource, action.uid, action.resourceVersion], ["status", "u", "7"])
  })
}
