import assert from "node:assert/strict"
import { test } from "node:test"
import { rulesMatch, type RuleSubject, type MatchRule } from "./match-rules.plan.ts"

const subject = (rest: Partial<RuleSubject> = {}): RuleSubject => ({
  operation: "CREATE",
  group: "apps",
  version: "v1",
  resource: "deployments",
  subresource: "",
  isNamespaced: true,
  name: "web",
  ...rest,
})
const rule = (rest: Partial<MatchRule> = {}): MatchRule => ({
  operations: ["CREATE"],
  apiGroups: ["apps"],
  apiVersions: ["v1"],
  resources: ["deployments"],
  ...rest,
})

test("a rule names operation, group, version and resource, each by name or by *", () => {
  assert.ok(rulesMatch([rule()], subject()))
  assert.ok(
    rulesMatch([rule({ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] })], subject()),
  )
  for (const other of [{ operation: "UPDATE" }, { group: "" }, { version: "v2" }, { resource: "daemonsets" }])
    assert.ok(!rulesMatch([rule()], subject(other)))
  assert.ok(!rulesMatch([], subject()))
  assert.ok(rulesMatch([rule({ operations: ["DELETE"] }), rule()], subject()))
})

test("subresources are named apart", () => {
  const cases: [string, string, boolean][] = [
    ["deployments", "scale", false],
    ["*", "scale", false],
    ["deployments/scale", "scale", true],
    ["deployments/scale", "status", false],
    ["deployments/*", "scale", true],
    ["deployments/*", "", true],
    ["*/*", "status", true],
    ["*/*", "", true],
    ["*/scale", "scale", true],
    ["*/scale", "", false],
  ]
  for (const [resource, subresource, matches] of cases)
    assert.equal(rulesMatch([rule({ resources: [resource] })], subject({ subresource })), matches, resource)
})

test("scope tells what is in a namespace from what is not", () => {
  for (const [scope, namespaced, cluster] of [
    ["*", true, true],
    ["Namespaced", true, false],
    ["Cluster", false, true],
  ] as const) {
    assert.equal(rulesMatch([rule({ scope })], subject()), namespaced)
    assert.equal(rulesMatch([rule({ scope })], subject({ isNamespaced: false })), cluster)
  }
})

test("rules may name single objects", () => {
  assert.ok(rulesMatch([rule({ resourceNames: ["api", "web"] })], subject()))
  assert.ok(!rulesMatch([rule({ resourceNames: ["api"] })], subject()))
  assert.ok(rulesMatch([rule({ resourceNames: [] })], subject({ name: "" })))
})
