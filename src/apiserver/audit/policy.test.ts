import assert from "node:assert/strict"
import { test } from "node:test"
import { parseAuditPolicy } from "./policy.ts"

const HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"

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
