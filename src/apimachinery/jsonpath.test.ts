import assert from "node:assert/strict"
import { test } from "node:test"
import { findJsonPath, JsonPathError, parseJsonPath } from "./jsonpath.ts"

const pod = {
  metadata: { name: "web", labels: { "app.kubernetes.io/name": "shop", tier: "front" } },
  spec: {
    containers: [
      { name: "a", image: "a:1", ports: [{ containerPort: 80 }, { containerPort: 443 }] },
      { name: "b", image: "b:2", tty: true },
    ],
  },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "PodScheduled", status: "False" },
    ],
    restarts: [3, 1, 2],
  },
}

for (const { path, want } of [
  { path: ".metadata.name", want: ["web"] },
  { path: "{.metadata.name}", want: ["web"] },
  { path: "$.metadata.name", want: ["web"] },
  { path: ".metadata.missing.deeper", want: [] },
  { path: ".metadata.name.deeper", want: [] },
  { path: String.raw`.metadata.labels.app\.kubernetes\.io/name`, want: ["shop"] },
  { path: ".metadata.labels['app.kubernetes.io/name']", want: ["shop"] },
  { path: ".metadata.labels['tier','app.kubernetes.io/name']", want: ["front", "shop"] },
  { path: ".spec.containers[0].image", want: ["a:1"] },
  { path: ".spec.containers[-1].image", want: ["b:2"] },
  { path: ".spec.containers[2].image", want: [] },
  { path: ".spec.containers[*].name", want: ["a", "b"] },
  { path: ".spec.containers[0,1].name", want: ["a", "b"] },
  { path: ".status.restarts[0:2]", want: [3, 1] },
  { path: ".status.restarts[-2:]", want: [1, 2] },
  { path: ".status.restarts[::2]", want: [3, 2] },
  { path: "..containerPort", want: [80, 443] },
  { path: ".metadata.labels.*", want: ["shop", "front"] },
  { path: '.status.conditions[?(@.type=="Ready")].status', want: ["True"] },
  { path: ".status.conditions[?(@.type=='Absent')].status", want: [] },
  { path: ".status.conditions[?( @.status != 'True' )].type", want: ["PodScheduled"] },
  { path: ".spec.containers[?(@.tty)].name", want: ["b"] },
  { path: ".spec.containers[?(@.tty==true)].name", want: ["b"] },
  { path: ".status.restarts[?(@>1)]", want: [3, 2] },
  { path: ".spec.containers[?(@.ports[0].containerPort<=80)].name", want: ["a"] },
  { path: "", want: [pod] },
]) {
  test(`findJsonPath: ${path}`, () => assert.deepEqual(findJsonPath(parseJsonPath(path), pod), want))
}

for (const path of ["metadata.name", ".a[", ".a[b]", ".a['x]", ".a[?(@.b==)]", ".a[?(@.b==1]", ".a b", ".a[::0]"]) {
  test(`parseJsonPath: ${path} is refused`, () => assert.throws(() => parseJsonPath(path), JsonPathError))
}
