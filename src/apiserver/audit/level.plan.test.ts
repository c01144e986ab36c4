import assert from "node:assert/strict"
import { test } from "node:test"
import { auditConfigFor, type AuditAttributes } from "./level.plan.ts"
import { parseAuditPolicy } from "./policy.ts"

const HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"

const policy = parseAuditPolicy(`${HEAD}
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  nonResourceURLs: ["/healthz*", "/version"]
- level: None
  users: ["system:apiserver"]
  verbs: [watch]
- level: RequestResponse
  resources: [{group: "", resources: ["pods/*", "*/scale"]}]
  omitStages: [ResponseStarted]
  omitManagedFields: false
- level: Request
  resources: [{group: "", resources: [configmaps], resourceNames: [a]}, {group: apps}]
  namespaces: [default]
- level: Metadata
  userGroups: [dev]
`)

const BASE: AuditAttributes = {
  user: { name: "u", groups: ["dev"] },
  isResource: true,
  verb: "get",
  path: "/api/v1/…",
  group: "",
  resource: "configmaps",
  subresource: "",
  namespace: "default",
  name: "a",
}

for (const [want, asked] of [
  ["None", { isResource: false, path: "/healthz/ping" }],
  ["None", { isResource: false, path: "/version" }],
  ["Metadata", { isResource: false, path: "/versions" }],
  ["None", { user: { name: "system:apiserver", groups: ["dev"] }, verb: "watch" }],
  ["Metadata", { user: { name: "system:apiserver", groups: ["dev"] }, name: "b" }],
  ["RequestResponse", { resource: "pods" }],
  ["RequestResponse", { resource: "pods", subresource: "status" }],
  ["RequestResponse", { resource: "x", subresource: "scale" }],
  ["Metadata", { resource: "scale" }],
  ["Request", {}],
  ["Metadata", { name: "b" }],
  ["Metadata", { namespace: "other" }],
  ["Request", { group: "apps", resource: "deployments", subresource: "status", name: "x" }],
  ["None", { user: { name: "x", groups: [] }, name: "b" }],
  ["None", { user: undefined, name: "b" }],
] as const) {
  test(`auditConfigFor: ${want} for ${JSON.stringify(asked)}`, () => {
    assert.equal(auditConfigFor(policy, { ...BASE, ...asked } as AuditAttributes).level, want)
  })
}

test("auditConfigFor: stages add up, a rule's word on managed fields counts", () => {
  const { omitStages, omitManagedFields } = auditConfigFor(policy, { ...BASE, resource: "pods" })
  assert.deepEqual([[...omitStages], omitManagedFields], [["RequestReceived", "ResponseStarted"], false])
  assert.equal(auditConfigFor(policy, BASE).omitManagedFields, true)
})
