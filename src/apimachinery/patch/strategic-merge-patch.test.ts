import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { DEPLOYMENT } from "#apimachinery/testing/workload-schema.ts"
import { strategicMergePatch } from "./strategic-merge-patch.ts"

const withSpec = (spec: object): UnknownObject => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: {}, spec })
const withPod = (pod: object): UnknownObject => withSpec({ template: { spec: pod } })
const podPatch = (pod: object) => ({ spec: { template: { spec: pod } } })
const a = { name: "a", image: "a:1" }
const b = { name: "b", image: "b:1" }
const c = { name: "c", image: "c:1" }

// Expected values are those of k8s.io/apimachinery/pkg/util/strategicpatch 0.35.
for (const { name, doc, patch, want } of [
  {
    name: "merges elements by key, new ones first",
    doc: withPod({ containers: [a, b] }),
    patch: podPatch({
      containers: [
        { name: "c", image: "c:1" },
        { name: "b", image: "b:2" },
      ],
    }),
    want: withPod({ containers: [c, a, { name: "b", image: "b:2" }] }),
  },
  {
    name: "$patch: delete removes an element",
    doc: withPod({ containers: [a, b] }),
    patch: podPatch({ containers: [{ name: "a", $patch: "delete" }] }),
    want: withPod({ containers: [b] }),
  },
  {
    name: "$patch: replace replaces a list",
    doc: withPod({ containers: [a, b] }),
    patch: podPatch({ containers: [{ $patch: "replace" }, c] }),
    want: withPod({ containers: [c] }),
  },
  {
    name: "$patch: replace replaces an object",
    doc: withPod({ containers: [a], nodeSelector: { x: "1" } }),
    patch: podPatch({ $patch: "replace", containers: [c] }),
    want: withPod({ containers: [c] }),
  },
  {
    name: "$patch: delete empties an object",
    doc: withPod({ containers: [a] }),
    patch: podPatch({ $patch: "delete" }),
    want: withPod({}),
  },
  {
    name: "$setElementOrder orders, the server's own elements between",
    doc: withPod({ containers: [a, b, c] }),
    patch: podPatch({
      "$setElementOrder/containers": [{ name: "c" }, { name: "a" }],
      containers: [{ name: "a", image: "a:2" }],
    }),
    want: withPod({ containers: [b, c, { name: "a", image: "a:2" }] }),
  },
  {
    name: "$setElementOrder without changes",
    doc: withPod({ containers: [a, b] }),
    patch: podPatch({ "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] }),
    want: withPod({ containers: [b, a] }),
  },
  {
    name: "$retainKeys clears the other alternatives",
    doc: withPod({ volumes: [{ name: "v", emptyDir: {} }] }),
    patch: podPatch({ volumes: [{ name: "v", configMap: { name: "m" }, $retainKeys: ["name", "configMap"] }] }),
    want: withPod({ volumes: [{ name: "v", configMap: { name: "m" } }] }),
  },
  {
    name: "$retainKeys in an object",
    doc: withSpec({ strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } }),
    patch: { spec: { strategy: { type: "Recreate", $retainKeys: ["type"] } } },
    want: withSpec({ strategy: { type: "Recreate" } }),
  },
  {
    name: "an atomic list is replaced",
    doc: withPod({ tolerations: [{ key: "x" }] }),
    patch: podPatch({ tolerations: [{ key: "y" }] }),
    want: withPod({ tolerations: [{ key: "y" }] }),
  },
  {
    name: "null removes a field and a key of a map",
    doc: withPod({ containers: [a], nodeSelector: { x: "1", y: "2" } }),
    patch: podPatch({ containers: [{ name: "a", image: null }], nodeSelector: { x: null } }),
    want: withPod({ containers: [{ name: "a" }], nodeSelector: { y: "2" } }),
  },
  {
    name: "nulls of what is new vanish",
    doc: withPod({}),
    patch: podPatch({ nodeSelector: { x: null, y: "2" } }),
    want: withPod({ nodeSelector: { y: "2" } }),
  },
  {
    name: "nested lists merge too",
    doc: withPod({ containers: [{ ...a, env: [{ name: "E", value: "1" }] }] }),
    patch: podPatch({ containers: [{ name: "a", env: [{ name: "F", value: "2" }] }] }),
    want: withPod({
      containers: [
        {
          ...a,
          env: [
            { name: "F", value: "2" },
            { name: "E", value: "1" },
          ],
        },
      ],
    }),
  },
  {
    name: "ports merge by number",
    doc: withPod({ containers: [{ ...a, ports: [{ containerPort: 80, name: "http" }] }] }),
    patch: podPatch({ containers: [{ name: "a", ports: [{ containerPort: 80, name: "web" }] }] }),
    want: withPod({ containers: [{ ...a, ports: [{ containerPort: 80, name: "web" }] }] }),
  },
]) {
  test(`strategicMergePatch: ${name}`, () => {
    const before = structuredClone({ doc, patch })
    assert.deepEqual(strategicMergePatch(doc, patch, DEPLOYMENT), want)
    assert.deepEqual({ doc, patch }, before)
  })
}

const withFinalizers = (...finalizers: string[]): UnknownObject => ({ ...withSpec({}), metadata: { finalizers } })

for (const { name, doc, metadata, want } of [
  {
    name: "a list of scalars is a set",
    doc: withFinalizers("f/a", "f/b"),
    metadata: { finalizers: ["f/b", "f/c"] },
    want: ["f/a", "f/b", "f/c"],
  },
  {
    name: "$deleteFromPrimitiveList",
    doc: withFinalizers("f/a", "f/b"),
    metadata: { "$deleteFromPrimitiveList/finalizers": ["f/a", "f/x"] },
    want: ["f/b"],
  },
  {
    name: "$setElementOrder of scalars",
    doc: withFinalizers("f/a", "f/b"),
    metadata: { "$setElementOrder/finalizers": ["f/b", "f/a"] },
    want: ["f/b", "f/a"],
  },
]) {
  test(`strategicMergePatch: ${name}`, () => {
    assert.deepEqual(strategicMergePatch(doc, { metadata }, DEPLOYMENT).metadata.finalizers, want)
  })
}

for (const { name, doc = withPod({ containers: [a] }), patch, code, message } of [
  {
    name: "what is no object",
    patch: [],
    code: 400,
    message: "json: cannot unmarshal array into Go value of type map[string]interface {}",
  },
  {
    name: "an element without its key",
    patch: podPatch({ containers: [{ image: "x" }] }),
    code: 500,
    message: "map: map[image:x] does not contain declared merge key: name",
  },
  {
    name: "an unknown directive",
    patch: podPatch({ containers: [{ name: "a", $patch: "frob" }] }),
    code: 500,
    message: "unknown patch type: frob in map: map[$patch:frob name:a]",
  },
  {
    name: "an unknown directive of an object",
    patch: podPatch({ $patch: "frob" }),
    code: 500,
    message: "unknown patch type: frob in map: map[$patch:frob]",
  },
  {
    name: "a member beside $retainKeys that it lacks",
    doc: withSpec({ strategy: { type: "x" } }),
    patch: { spec: { strategy: { type: "Recreate", $retainKeys: ["rollingUpdate"] } } },
    code: 400,
    message: "invalid patch format of retainKeys",
  },
  {
    name: "an order for a field that is none",
    patch: { spec: { "$setElementOrder/nope": ["a"] } },
    code: 500,
    message: 'unable to find api field in struct DeploymentSpec for the json field "nope"',
  },
  {
    name: "elements that $setElementOrder lacks",
    patch: podPatch({ "$setElementOrder/containers": [{ name: "a" }], containers: [{ name: "b" }] }),
    code: 500,
    message: "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
  },
  {
    name: "elements of different types",
    doc: withFinalizers("f/a"),
    patch: { metadata: { finalizers: [1] } },
    code: 500,
    message: "list element types are not identical: [[f/a] [1]]",
  },
  {
    name: "lists of lists",
    doc: withFinalizers("f/a"),
    patch: { metadata: { finalizers: [["x"]] } },
    code: 500,
    message: "list element types are not identical: [[f/a] [[x]]]",
  },
]) {
  test(`strategicMergePatch refuses ${name}`, () => {
    assert.throws(() => strategicMergePatch(doc, patch, DEPLOYMENT), { code, message })
  })
}

test("strategicMergePatch: null changes nothing", () => {
  const doc = withPod({ containers: [a] })
  assert.deepEqual(strategicMergePatch(doc, null, DEPLOYMENT), doc)
})
