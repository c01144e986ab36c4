import assert from "node:assert/strict"
import { test } from "node:test"
import type { DaemonSet } from "#api/kubernetes/apps.ts"
import type { Node, Pod } from "#api/kubernetes/core.ts"
import { planDaemonSet } from "./daemonset.plan.ts"
import { templateHash } from "./pods.ts"
import { newPod, NOW, SELECTOR, statusIn, template, textsOf } from "./testing/objects.ts"

const newNode = (name: string, labels: Record<string, string> = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels },
})
const NODES = [newNode("n1", { disk: "ssd" }), newNode("n2"), newNode("n3", { disk: "ssd" })]

const newSet = (spec: Partial<DaemonSet["spec"]> = {}, meta = {}): DaemonSet => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "ds", namespace: "ns", uid: "u", generation: 2, ...meta },
  spec: { selector: SELECTOR, template: template(), ...spec },
})
const onSsd = { template: { ...template(), spec: { ...template().spec, nodeSelector: { disk: "ssd" } } } }
const on = (node: string, parts: Parameters<typeof newPod>[1] & { version?: string; name?: string } = {}) =>
  newPod(parts.name ?? `on-${node}`, {
    node,
    ...parts,
    meta: { labels: { "controller-revision-hash": templateHash(template(parts.version)) }, ...parts.meta },
  })
const CREATE = "create pods ns/ds-…"
const REPORT = "patch daemonsets.apps/status ns/ds"

for (const { name, set = newSet(), pods, want } of [
  { name: "one on every node", pods: [], want: [CREATE, CREATE, CREATE, REPORT] },
  { name: "nodes that the selector matches", set: newSet(onSsd), pods: [], want: [CREATE, CREATE, REPORT] },
  { name: "all there", pods: [on("n1"), on("n2"), on("n3")], want: [REPORT] },
  {
    name: "a node that is gone, and one that is not wanted",
    set: newSet({ ...onSsd, updateStrategy: { type: "OnDelete" } }),
    pods: [on("n1"), on("n2"), on("n3"), on("n4")],
    want: ["delete pods ns/on-n2", "delete pods ns/on-n4", REPORT],
  },
  {
    name: "two on a node: the older stays",
    pods: [
      on("n1", { name: "young", meta: { creationTimestamp: NOW } }),
      on("n1", { name: "old" }),
      on("n2"),
      on("n3"),
    ],
    want: ["delete pods ns/young", REPORT],
  },
  {
    name: "one that has ended goes first, and its node waits",
    pods: [on("n1", { phase: "Failed" }), on("n2", { phase: "Succeeded" }), on("n3")],
    want: ["delete pods ns/on-n1", "delete pods ns/on-n2", REPORT],
  },
  {
    name: "a node waits for the pod that leaves it",
    pods: [on("n1", { leaving: true }), on("n2"), on("n3")],
    want: [REPORT],
  },
  {
    name: "another template: one at a time",
    set: newSet({ template: template("2") }),
    pods: [on("n1"), on("n2"), on("n3")],
    want: ["delete pods ns/on-n1", REPORT],
  },
  {
    name: "another template: as many as may be missing, a share rounded up",
    set: newSet({
      template: template("2"),
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "50%" } },
    }),
    pods: [on("n1"), on("n2"), on("n3")],
    want: ["delete pods ns/on-n1", "delete pods ns/on-n2", REPORT],
  },
  {
    name: "another template: none while a new one is not ready",
    set: newSet({ template: template("2") }),
    pods: [on("n1", { version: "2", ready: false }), on("n2"), on("n3")],
    want: [REPORT],
  },
  {
    name: "another template: those that are not ready go at once",
    set: newSet({ template: template("2") }),
    pods: [on("n1"), on("n2", { ready: false }), on("n3", { ready: false })],
    want: ["delete pods ns/on-n2", "delete pods ns/on-n3", REPORT],
  },
  {
    name: "another template, OnDelete: nothing by itself",
    set: newSet({ template: template("2"), updateStrategy: { type: "OnDelete" } }),
    pods: [on("n1"), on("n2"), on("n3")],
    want: [REPORT],
  },
  { name: "being deleted: nothing", set: newSet({}, { deletionTimestamp: NOW }), pods: [on("n4")], want: [REPORT] },
] satisfies { name: string; set?: DaemonSet; pods: Pod[]; want: string[] }[]) {
  test(`planDaemonSet: ${name}`, () => assert.deepEqual(textsOf(planDaemonSet(set, pods, NODES).actions), want))
}

test("planDaemonSet: a pod is made for its node and says its revision", () => {
  const [action] = planDaemonSet(newSet(), [on("n1"), on("n2")], NODES).actions
  assert.ok(action?.do === "together" && action.actions[0]?.do === "create")
  const pod = action.actions[0].object as Pod
  assert.equal(pod.spec.nodeName, "n3")
  assert.equal(pod.metadata.labels?.["controller-revision-hash"], templateHash(template()))
})

test("planDaemonSet: the status counts nodes", () => {
  const pods = [
    on("n1"),
    on("n1", { name: "second" }),
    on("n2", { version: "0", ready: false }),
    on("n4"),
    on("n3", { leaving: true }),
  ]
  assert.deepEqual(statusIn(planDaemonSet(newSet(), pods, NODES).actions), {
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    desiredNumberScheduled: 3,
    numberReady: 1,
    observedGeneration: 2,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
  })
})
