import assert from "node:assert/strict"
import { test } from "node:test"
import { flowControlObjects } from "#apiserver/builtin/flow-control-objects.ts"
import { inOrder, matchesFlow, type FlowRequest } from "./flow-schema.plan.ts"

const schemas = inOrder(flowControlObjects().filter(({ kind }) => kind === "FlowSchema"))
const somebody = { name: "u", groups: ["system:authenticated"] }
const account = (namespace: string) => ({
  name: `system:serviceaccount:${namespace}:a`,
  groups: ["system:serviceaccounts", "system:authenticated"],
})
const node = { name: "system:node:n", groups: ["system:nodes", "system:authenticated"] }
const base: FlowRequest = {
  user: somebody,
  isResource: true,
  verb: "get",
  path: "/api/v1/pods",
  group: "",
  namespace: "default",
  resource: "pods",
}
const lease = { group: "coordination.k8s.io", resource: "leases" }

// As kube-apiserver 1.35 answers for its own FlowSchemas.
for (const [want, request] of [
  ["exempt", { user: { name: "admin", groups: ["system:masters", "system:authenticated"] } }],
  ["probes", { isResource: false, path: "/healthz" }],
  ["global-default", { isResource: false, path: "/healthz/ping" }],
  ["global-default", { isResource: false, path: "/healthz", verb: "post" }],
  ["global-default", {}],
  ["global-default", { user: { name: "system:anonymous", groups: ["system:unauthenticated"] } }],
  ["service-accounts", { user: account("default") }],
  ["kube-system-service-accounts", { user: account("kube-system") }],
  ["system-leader-election", { user: account("kube-system"), ...lease, verb: "update" }],
  ["kube-system-service-accounts", { user: account("kube-system"), ...lease, verb: "list" }],
  ["system-node-high", { user: node, namespace: "", resource: "nodes/status", verb: "patch" }],
  ["system-nodes", { user: node }],
  ["kube-scheduler", { user: { name: "system:kube-scheduler", groups: ["system:authenticated"] } }],
  [undefined, { user: { name: "u", groups: [] } }],
] as const) {
  test(`matchesFlow: ${want} for ${JSON.stringify(request)}`, () => {
    const found = schemas.find((schema) => matchesFlow(schema, { ...base, ...request }))
    assert.equal(found?.metadata.name, want)
  })
}
