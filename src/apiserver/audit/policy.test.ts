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

for (const [text, message] of [
  ["", "want apiVersion audit.k8s.io/v1 and kind Policy"],
  ["apiVersion: audit.k8s.io/v1beta1\nkind: Policy", "want apiVersion audit.k8s.io/v1 and kind Policy"],
  [HEAD, "it has no rules"],
  [`${HEAD}rules: [{}]`, "rules[0].level: Required value"],
  [
    `${HEAD}rules: [{level: All, omitStages: [End], users: u}]`,
    'rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse", ' +
      "rules[0].users: Invalid value: want a list of strings, " +
      'rules[0].omitStages[0]: Invalid value: "End": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
  ],
  [
    `${HEAD}rules: [{level: None, nonResourceURLs: [x, "/a*b"], namespaces: [a]}]`,
    `rules[0].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules must begin with a '/' character, ` +
      `rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule, ` +
      "rules[0].nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs",
  ],
  [
    `${HEAD}rules: [{level: None, resources: [{group: apps/v1}, {resourceNames: [a]}]}]`,
    'rules[0].resources.group: Invalid value: "apps/v1": want a DNS subdomain, ' +
      "rules[0].resources.resourceNames: Invalid value: using resourceNames requires at least one resource",
  ],
] as const) {
  test(`parseAuditPolicy: refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseAuditPolicy(text), { message: `Cannot read audit policy: ${message}` })
  })
}
