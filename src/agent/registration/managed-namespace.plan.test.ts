import assert from "node:assert/strict"
import { test } from "node:test"
import { managedNamespaceLabel, planNamespaces, reportNamespaces, wantedNamespaces } from "./managed-namespace.plan.ts"

const LABEL = "clusterset.open-cluster-management.io/hub"
const NOW_MS = Date.parse("2026-01-01T00:00:00Z")
const namespace = (name: string) => ({ apiVersion: "v1" as const, kind: "Namespace" as const, metadata: { name } })

test("managedNamespaceLabel: a hash is cut to what a label's name may have", () => {
  assert.equal(managedNamespaceLabel("a".repeat(64)), `clusterset.open-cluster-management.io/${"a".repeat(63)}`)
})

for (const { name, wanted, marked, want } of [
  { name: "nothing wanted, nothing there", wanted: [], marked: [], want: [] },
  { name: "there", wanted: ["a"], marked: ["a"], want: [] },
  { name: "missing", wanted: ["a", "b"], marked: ["a"], want: ["b true"] },
  { name: "no longer wanted", wanted: ["a"], marked: ["a", "b"], want: ["b false"] },
  { name: "both", wanted: ["a"], marked: ["b"], want: ["a true", "b false"] },
]) {
  test(`planNamespaces: ${name}`, () => {
    const plan = planNamespaces(wanted, marked.map(namespace), LABEL)
    const found = [...plan].map(([key, action]) => {
      assert.ok(action.do === "patch" && action.key.name === key)
      return `${key} ${(action.patch["metadata"] as { labels: Record<string, string> }).labels[LABEL]}`
    })
    assert.deepEqual(found, want)
  })
}

test("wantedNamespaces: each once, and none of a cluster on its way out", () => {
  const cluster = (deletionTimestamp?: string) => ({
    apiVersion: "cluster.open-cluster-management.io/v1" as const,
    kind: "ManagedCluster" as const,
    metadata: { name: "c1", ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    spec: {},
    status: {
      managedNamespaces: [
        { name: "a", clusterSet: "one" },
        { name: "a", clusterSet: "two" },
        { name: "b", clusterSet: "two" },
      ],
    },
  })
  assert.deepEqual(wantedNamespaces(cluster()), ["a", "b"])
  assert.deepEqual(wantedNamespaces(cluster("2026-01-01T00:00:00Z")), [])
})

test("reportNamespaces: done, failed, and not known", () => {
  const wanted = ["a", "b", "c"].map((name) => ({ name, clusterSet: "team" }))
  const outcomes = new Map([
    ["a", undefined],
    ["b", "namespaces is forbidden"],
  ])
  const reported = reportNamespaces(wanted, outcomes, NOW_MS)
  assert.deepEqual(
    reported.map(({ name, conditions = [] }) => [
      name,
      ...conditions.map((c) => `${c.status} ${c.reason}: ${c.message}`),
    ]),
    [
      ["a", "True NamespaceApplied: Namespace successfully applied and managed"],
      ["b", "False NamespaceApplyFailed: Failed to apply namespace: namespaces is forbidden"],
      ["c"],
    ],
  )
  assert.deepEqual(reportNamespaces(reported, outcomes, NOW_MS + 1000), reported)
})
