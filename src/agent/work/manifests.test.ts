import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { applyOrder, isOwned, prepareManifests, targetKey } from "./manifests.ts"

const TYPES = [
  { group: "", version: "v1", resource: "configmaps", kind: "ConfigMap", namespaced: true },
  { group: "", version: "v1", resource: "secrets", kind: "Secret", namespaced: true },
  { group: "", version: "v1", resource: "namespaces", kind: "Namespace", namespaced: false },
  { group: "apps", version: "v1", resource: "deployments", kind: "Deployment", namespaced: true },
  { group: "example.com", version: "v1", resource: "widgets", kind: "Widget", namespaced: true },
]
const resourceOf = (_: string, kind: string) => TYPES.find((type) => type.kind === kind)

const named = (apiVersion: string, kind: string, name: string, more: Record<string, unknown> = {}): UnknownObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: "ns" },
  ...more,
})
function workOf(manifests: unknown[], spec: Partial<ManifestWork["spec"]> = {}): ManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { name: "w", namespace: "c1" },
    spec: { workload: { manifests: manifests as UnknownObject[] }, ...spec },
  }
}

test("applyOrder: by rank of kind, in the order of the spec within one; ordinals stay", () => {
  const manifests = prepareManifests(
    workOf([
      named("example.com/v1", "Widget", "x"),
      named("apps/v1", "Deployment", "d"),
      named("v1", "ConfigMap", "b"),
      named("v1", "Secret", "a"),
      named("v1", "Namespace", "ns"),
      { not: "an object" },
    ]),
    resourceOf,
  )
  const order = applyOrder(manifests).map((group) => group.map(({ meta }) => `${meta.ordinal}:${meta.kind}`))
  assert.deepEqual(order, [["4:Namespace"], ["2:ConfigMap", "3:Secret"], ["1:Deployment"], ["0:Widget"], ["5:"]])
})

test("prepareManifests: what only servers write is dropped, nulls too", () => {
  const manifest = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "a",
      namespace: "ns",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: null,
      labels: { l: "1" },
      ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x", uid: "y" }],
    },
    data: { a: "1", b: null },
    status: { x: 1 },
  }
  const [prepared] = prepareManifests(workOf([manifest]), resourceOf)
  assert.deepEqual(
    prepared?.object,
    named("v1", "ConfigMap", "a", { data: { a: "1" }, metadata: prepared!.object.metadata }),
  )
  assert.deepEqual(prepared.object.metadata, { name: "a", namespace: "ns", labels: { l: "1" } })
})

test("prepareManifests: stringData becomes data", () => {
  const secret = named("v1", "Secret", "s", { data: { a: "MQ==" }, stringData: { b: "2", a: "3" } })
  const [prepared] = prepareManifests(workOf([secret]), resourceOf)
  assert.deepEqual(prepared?.object.data, { a: "Mw==", b: "Mg==" })
  assert.equal(prepared.object.stringData, undefined)
})

test("prepareManifests: a cluster-scoped object has no namespace, whatever the manifest says", () => {
  const [prepared] = prepareManifests(workOf([named("v1", "Namespace", "n")]), resourceOf)
  assert.equal(prepared?.meta.namespace, "")
  assert.equal(targetKey(prepared.target!), "/v1/namespaces//n")
})

for (const { name, manifest, error } of [
  {
    name: "kind that is not served",
    manifest: named("v9", "Nothing", "a"),
    error: 'the server doesn\'t have a resource type "Nothing"',
  },
  {
    name: "no namespace",
    manifest: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } },
    error: 'Cannot apply ConfigMap "a": it has no namespace',
  },
  {
    name: "no name",
    manifest: { apiVersion: "v1", kind: "ConfigMap", metadata: {} },
    error: "Cannot read manifest 0: want apiVersion, kind and metadata.name",
  },
]) {
  test(`prepareManifests: ${name}`, () => {
    const [prepared] = prepareManifests(workOf([manifest]), resourceOf)
    assert.equal(prepared?.error, error)
    assert.equal(prepared.target, undefined)
  })
}

test("prepareManifests: first matching configuration says it, field by field, with wildcards", () => {
  const rules = (path: string) => [{ type: "JSONPaths" as const, jsonPaths: [{ name: "x", path }] }]
  const work = workOf([named("v1", "ConfigMap", "app-1"), named("v1", "ConfigMap", "other")], {
    manifestConfigs: [
      {
        resourceIdentifier: { resource: "configmaps", name: "app-*", namespace: "n*" },
        updateStrategy: { type: "CreateOnly" },
      },
      {
        resourceIdentifier: { resource: "configmaps", name: "*", namespace: "ns" },
        updateStrategy: { type: "ReadOnly" },
        feedbackRules: rules(".a"),
      },
      { resourceIdentifier: { resource: "configmaps", name: "*", namespace: "*" }, feedbackRules: rules(".b") },
      { resourceIdentifier: { group: "x", resource: "configmaps", name: "*", namespace: "*" }, conditionRules: [] },
    ],
  })
  const prepared = prepareManifests(work, resourceOf)
  assert.deepEqual(
    prepared.map(({ strategy, feedbackRules }) => [strategy.type, feedbackRules]),
    [
      ["CreateOnly", rules(".a")],
      ["ReadOnly", rules(".a")],
    ],
  )
})

const orphaning = (name: string) => ({
  propagationPolicy: "SelectivelyOrphan" as const,
  selectivelyOrphans: { orphaningRules: [{ resource: "configmaps", name, namespace: "ns" }] },
})
for (const { name, option, want } of [
  { name: "by default", option: undefined, want: true },
  { name: "Foreground", option: { propagationPolicy: "Foreground" as const }, want: true },
  { name: "Orphan", option: { propagationPolicy: "Orphan" as const }, want: false },
  { name: "SelectivelyOrphan without rules", option: { propagationPolicy: "SelectivelyOrphan" as const }, want: true },
  { name: "SelectivelyOrphan, named", option: orphaning("a"), want: false },
  { name: "SelectivelyOrphan, another", option: orphaning("b"), want: true },
  { name: "SelectivelyOrphan knows no wildcards", option: orphaning("*"), want: true },
]) {
  test(`isOwned: ${name}`, () => {
    assert.equal(isOwned({ group: "", resource: "configmaps", name: "a", namespace: "ns" }, option), want)
  })
}
