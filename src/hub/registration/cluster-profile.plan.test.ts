import assert from "node:assert/strict"
import { test } from "node:test"
import type { ClusterProfile } from "#api/cluster/profile.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManagedClusterSet, ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import { mergePatch } from "#apimachinery/patch/merge-patch.ts"
import { planProfile, planProfiles } from "./cluster-profile.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const SET_LABEL = "cluster.open-cluster-management.io/clusterset"
const gone = { deletionTimestamp: "2026-01-01T00:00:00Z" }

const cluster = (name: string, set: string, meta = {}): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name, labels: { [SET_LABEL]: set }, ...meta },
  spec: {},
})
const binding = (clusterSet: string, bound = true, meta = {}): ManagedClusterSetBinding => ({
  apiVersion: "cluster.open-cluster-management.io/v1beta2",
  kind: "ManagedClusterSetBinding",
  metadata: { name: clusterSet, namespace: "n", ...meta },
  spec: { clusterSet },
  status: {
    conditions: [{ type: "Bound", status: bound ? "True" : "False", reason: "X", message: "", lastTransitionTime: "" }],
  },
})
const sets = new Map(
  ["team", "other"].map((name): [string, ManagedClusterSet] => [
    name,
    {
      apiVersion: "cluster.open-cluster-management.io/v1beta2",
      kind: "ManagedClusterSet",
      metadata: { name },
      spec: { clusterSelector: { selectorType: "ExclusiveClusterSetLabel" } },
    },
  ]),
)
const profile = (name: string, manager = "open-cluster-management"): ClusterProfile => ({
  apiVersion: "multicluster.x-k8s.io/v1alpha1",
  kind: "ClusterProfile",
  metadata: {
    name,
    namespace: "n",
    uid: "u",
    resourceVersion: "7",
    labels: { "x-k8s.io/cluster-manager": manager, "open-cluster-management.io/cluster-name": name },
  },
  spec: { displayName: name, clusterManager: { name: manager } },
})
const CLUSTERS = [cluster("a", "team"), cluster("b", "team"), cluster("x", "other")]

for (const { name, bindings, clusters = CLUSTERS, profiles, want } of [
  { name: "nothing bound", bindings: [], profiles: [], want: [] },
  { name: "one per cluster of the set", bindings: [binding("team")], profiles: [], want: ["create a", "create b"] },
  { name: "there already", bindings: [binding("team")], profiles: [profile("a"), profile("b")], want: [] },
  { name: "not bound yet", bindings: [binding("team", false)], profiles: [], want: [] },
  { name: "no such set", bindings: [binding("lost")], profiles: [profile("a")], want: ["delete a"] },
  { name: "the binding goes", bindings: [binding("team", true, gone)], profiles: [profile("a")], want: ["delete a"] },
  {
    name: "a cluster goes",
    bindings: [binding("team")],
    clusters: [cluster("a", "team"), cluster("b", "team", gone)],
    profiles: [profile("a"), profile("b")],
    want: ["delete b"],
  },
  {
    name: "another manager's stay, and keep their names",
    bindings: [binding("team")],
    profiles: [profile("a", "karmada"), profile("z", "karmada")],
    want: ["create b"],
  },
  {
    name: "two sets",
    bindings: [binding("team"), binding("other")],
    profiles: [profile("b")],
    want: ["create a", "create x"],
  },
]) {
  test(`planProfiles: ${name}`, () => {
    const plan = planProfiles({ namespace: "n", bindings, set: (s) => sets.get(s), clusters, profiles })
    const found = plan.actions.flatMap((together) => {
      assert.ok(together.do === "together")
      return together.actions.map((action) => {
        if (action.do === "create") return `create ${action.object.metadata.name}`
        assert.ok(action.do === "delete")
        return `delete ${action.key.name}`
      })
    })
    assert.deepEqual(found, want)
  })
}

test("planProfile: status first, then labels, then nothing", () => {
  const at = (type: string) => ({ type, status: "True" as const, reason: "R", message: "m", lastTransitionTime: "" })
  const joined: ManagedCluster = {
    ...cluster("a", "team"),
    status: {
      version: { kubernetes: "v1.35.4" },
      clusterClaims: [{ name: "id.k8s.io", value: "1" }],
      conditions: [at("ManagedClusterConditionAvailable"), at("ManagedClusterJoined"), at("Other")],
    },
  }
  let found = profile("a")
  const next = () => {
    const [action] = planProfile(found, joined, NOW_MS).actions
    assert.ok(action?.do === "patch")
    assert.deepEqual([action.uid, action.resourceVersion], ["u", "7"])
    found = mergePatch(found, action.patch) as ClusterProfile
    return action.subresource
  }
  assert.equal(next(), "status")
  assert.deepEqual(
    found.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    ["ControlPlaneHealthy True R", "Joined True R"],
  )
  assert.deepEqual(
    [found.status?.version, found.status?.properties],
    [{ kubernetes: "v1.35.4" }, [{ name: "id.k8s.io", value: "1" }]],
  )
  assert.equal(next(), undefined)
  assert.equal(found.metadata.labels?.["multicluster.x-k8s.io/clusterset"], "team")
  assert.deepEqual(planProfile(found, joined, NOW_MS + 60_000).actions, [])
})

for (const { name, given, of } of [
  { name: "another manager's is left alone", given: profile("a", "karmada"), of: CLUSTERS[0] },
  { name: "the cluster is gone", given: profile("a"), of: undefined },
  {
    name: "on its way out",
    given: { ...profile("a"), metadata: { ...profile("a").metadata, ...gone } },
    of: CLUSTERS[0],
  },
]) {
  test(`planProfile: ${name}`, () => assert.deepEqual(planProfile(given, of, NOW_MS).actions, []))
}
