import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { ignoredFields, IgnoreFieldError, saidOf, withHash } from "./ignore-fields.ts"

const container = (name: string, image: string) => ({ name, image })
const manifest: UnknownObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "a", annotations: { "a.b/c": "x" } },
  spec: { replicas: 2, template: { spec: { containers: [container("a", "a:1"), container("b", "b:1")] } } },
}
type Paths = { readonly jsonPaths?: string[]; readonly jsonPointers?: string[]; readonly jqPathExpressions?: string[] }
const ignoring = (paths: Paths, condition: "OnSpokePresent" | "OnSpokeChange" = "OnSpokePresent", of = manifest) =>
  ignoredFields(of, { type: "ServerSideApply", serverSideApply: { ignoreFields: [{ condition, ...paths }] } })!

for (const { name, paths, want } of [
  { name: "a field", paths: { jsonPaths: [".spec.replicas"] }, want: [["spec", "replicas"]] },
  { name: "a top-level field", paths: { jsonPaths: [".spec"] }, want: [["spec"]] },
  {
    name: "a field of items",
    paths: { jsonPaths: [".spec.template.spec.containers[*].image"] },
    want: [0, 1].map((i) => ["spec", "template", "spec", "containers", i, "image"]),
  },
  {
    name: "a field of the item of a name",
    paths: { jsonPaths: ['.spec.template.spec.containers[?(@.name=="b")].image'] },
    want: [["spec", "template", "spec", "containers", 1, "image"]],
  },
  {
    name: "what is not there",
    paths: { jsonPaths: [".spec.none", ".none.x"], jsonPointers: ["/spec/none"] },
    want: [],
  },
  { name: "a path that cannot be read", paths: { jsonPaths: [".spec[?(.x"] }, want: [] },
  {
    name: "pointers",
    paths: { jsonPointers: ["/metadata/annotations/a.b~1c", "/spec/template/spec/containers/1"] },
    want: [
      ["metadata", "annotations", "a.b/c"],
      ["spec", "template", "spec", "containers", 1],
    ],
  },
  {
    name: "jq, and a place that is named twice",
    paths: {
      jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "b")', ".spec.none"],
      jsonPointers: ["/spec/template/spec/containers/1"],
    },
    want: [["spec", "template", "spec", "containers", 1]],
  },
  { name: "a pointer that is none", paths: { jsonPointers: ["spec/replicas"] }, want: [] },
]) {
  test(`ignored fields: ${name}`, () => assert.deepEqual(ignoring(paths).whilePresent, want))
}

for (const { name, paths, want } of [
  {
    name: "no index",
    paths: { jsonPointers: ["/spec/template/spec/containers/x"] },
    want: /JSON Pointer error in '\/spec\/template\/spec\/containers\/x': "x" is no index of a list of 2/,
  },
  {
    name: "an index beyond the list",
    paths: { jsonPointers: ["/spec/template/spec/containers/2"] },
    want: /"2" is no index of a list of 2/,
  },
  { name: "jq", paths: { jqPathExpressions: [".spec["] }, want: /^JQ expression error in '\.spec\[': unexpected end/ },
  { name: "jq for all", paths: { jqPathExpressions: ["."] }, want: /it names the whole object/ },
]) {
  test(`ignored fields: ${name} is an error`, () =>
    assert.throws(
      () => ignoring(paths),
      (error) => error instanceof IgnoreFieldError && want.test(error.message),
    ))
}

test("ignored fields: none, and another strategy", () => {
  assert.equal(ignoredFields(manifest, { type: "ServerSideApply", serverSideApply: {} }), undefined)
  const ignoreFields = [{ condition: "OnSpokePresent" as const, jsonPaths: [".spec.replicas"] }]
  assert.equal(ignoredFields(manifest, { type: "Update", serverSideApply: { ignoreFields } }), undefined)
})

const live = (change: object, hash?: string): UnknownObject => {
  const annotations = hash === undefined ? {} : { "open-cluster-management.io/config-spec-hash": hash }
  return { ...manifest, metadata: { name: "a", annotations }, ...change } as UnknownObject
}
const scaled = { spec: { ...(manifest["spec"] as object), replicas: 7 } }
const replicasOf = (object: UnknownObject) => (object["spec"] as { replicas?: number }).replicas

test("OnSpokePresent: changed on the member it is not said, as it was it is", () => {
  const ignored = ignoring({ jsonPaths: [".spec.replicas"] })
  assert.equal(replicasOf(saidOf(manifest, ignored, live(scaled))), undefined)
  assert.equal(replicasOf(saidOf(manifest, ignored, live({}))), 2)
  assert.equal(replicasOf(manifest), 2)
})

test("OnSpokePresent: another value on the hub changes nothing, not even the hash", () => {
  const ignored = ignoring({ jsonPaths: [".spec.replicas"] })
  const edited = { ...manifest, spec: { ...(manifest["spec"] as object), replicas: 5 } }
  const after = ignoring({ jsonPaths: [".spec.replicas"] }, "OnSpokePresent", edited)
  assert.equal(after.hash, ignored.hash)
  assert.equal(replicasOf(saidOf(edited, after, live({}, ignored.hash))), undefined)
})

test("OnSpokeChange: left alone until the hub says something else", () => {
  const ignored = ignoring({ jsonPaths: [".spec.replicas"] }, "OnSpokeChange")
  assert.equal(replicasOf(saidOf(manifest, ignored, live(scaled, ignored.hash))), undefined)
  const edited = { ...manifest, spec: { ...(manifest["spec"] as object), replicas: 5 } }
  const after = ignoring({ jsonPaths: [".spec.replicas"] }, "OnSpokeChange", edited)
  assert.notEqual(after.hash, ignored.hash)
  assert.equal(replicasOf(saidOf(edited, after, live(scaled, ignored.hash))), 5)
})

test("items are compared with those of their name, and leave the others in place", () => {
  const ignored = ignoring({ jsonPaths: [".spec.template.spec.containers[*].image"] })
  const containers = [container("sidecar", "s:1"), container("b", "b:2"), container("a", "a:1")]
  const said = saidOf(manifest, ignored, live({ spec: { template: { spec: { containers } } } }))
  assert.deepEqual(said["spec"], {
    replicas: 2,
    template: { spec: { containers: [container("a", "a:1"), { name: "b" }] } },
  })
  const items = ignoring({ jsonPointers: ["/spec/template/spec/containers/0", "/spec/template/spec/containers/1"] })
  const others = [container("a", "a:9"), container("b", "b:9")]
  assert.deepEqual(saidOf(manifest, items, live({ spec: { template: { spec: { containers: others } } } }))["spec"], {
    replicas: 2,
    template: { spec: { containers: [] } },
  })
})

test("the hash is that of the content, whatever the order of members, and is carried by the object", () => {
  const { spec, metadata, ...head } = manifest as UnknownObject & { spec: object }
  const turned = { metadata, spec, ...head } as UnknownObject
  const ignored = ignoring({ jsonPaths: [".spec.replicas"] })
  assert.equal(ignoring({ jsonPaths: [".spec.replicas"] }, "OnSpokePresent", turned).hash, ignored.hash)
  assert.deepEqual(withHash(manifest, ignored).metadata.annotations, {
    "a.b/c": "x",
    "open-cluster-management.io/config-spec-hash": ignored.hash,
  })
})

test("the hash is OCM's", () => {
  // Source: OCM pkg/work/spoke/apply/server_side_apply_test.go, "server side apply ignore update".
  const metadata = { namespace: "default", name: "test" }
  const config: UnknownObject = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { foo1: "bar1" } }
  const paths = { jsonPaths: [".data"] }
  const want = "4c07ba481d04e9c38e5ed3bf24139537"
  assert.equal(ignoring(paths, "OnSpokeChange", config).hash, want)
  const strategy = {
    type: "ServerSideApply",
    serverSideApply: { ignoreFields: [{ condition: "OnSpokeChange", ...paths }] },
  } as const
  const said = { ...config, metadata: { ...metadata, uid: "u", creationTimestamp: null } }
  assert.equal(ignoredFields(config, strategy as never, said)?.hash, want)
  assert.notEqual(ignoredFields(config, strategy as never, { ...said, data: { foo1: "bar2" } })?.hash, want)
})
