import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { storedObjects } from "#apiserver/testing/stored-objects.ts"
import { checkBindingEscalation, checkRoleEscalation } from "./escalation.ts"
import { compactRules, uncoveredRules } from "./policy-rule.ts"
import { newRbacAuthorizer } from "./rbac-authorizer.ts"

const API = "rbac.authorization.k8s.io"
type Rule = {
  verbs: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

const rbac = (kind: string, namespace: string, name: string, more: object): UnknownObject => ({
  apiVersion: `${API}/v1`,
  kind,
  metadata: { name, ...(namespace === "" ? {} : { namespace }) },
  ...more,
})
const clusterRole = (name: string, rules: Rule[], more: object = {}) =>
  rbac("ClusterRole", "", name, { rules, ...more })
const bind = (name: string, who: string, namespace = "") =>
  rbac(namespace === "" ? "ClusterRoleBinding" : "RoleBinding", namespace, name, {
    roleRef: { apiGroup: API, kind: "ClusterRole", name },
    subjects: [{ kind: "User", name: who }],
  })

const SECRETS: Rule = { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"] }
const PODS: Rule = { apiGroups: [""], resources: ["pods"], verbs: ["get"] }
const { reader } = await storedObjects(
  clusterRole("pods", [PODS]),
  bind("pods", "limited"),
  clusterRole("secrets", [SECRETS]),
  bind("secrets", "local", "n"),
  clusterRole("escalator", [
    { apiGroups: [API], resources: ["roles"], verbs: ["escalate"] },
    { apiGroups: [API], resources: ["clusterroles"], resourceNames: ["mine"], verbs: ["escalate"] },
  ]),
  bind("escalator", "escalator"),
  clusterRole("binder", [
    { apiGroups: [API], resources: ["clusterroles"], resourceNames: ["secrets"], verbs: ["bind"] },
  ]),
  bind("binder", "binder"),
  clusterRole("cluster-admin", [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ]),
  bind("cluster-admin", "admin"),
)
const authorizer = newRbacAuthorizer(reader)
const userOf = (name: string) => ({ name, groups: name === "master" ? ["system:masters"] : ["g", "h"] })

const AGGREGATION = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] } }
const mine = clusterRole("mine", [SECRETS])
const inNamespace = rbac("Role", "n", "r", { rules: [SECRETS] })
const refused = (name: string, rule: string) =>
  `clusterroles.rbac.authorization.k8s.io "mine" is forbidden: user "${name}" (groups=["g" "h"]) is attempting to grant RBAC permissions not currently held:\n${rule}`
const SECRETS_TEXT = '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'

for (const { name, who, object, before, want } of [
  { name: "rules that are not held", who: "limited", object: mine, want: refused("limited", SECRETS_TEXT) },
  { name: "rules that are held", who: "limited", object: clusterRole("mine", [PODS]), want: undefined },
  {
    name: "a part of them is held",
    who: "limited",
    object: clusterRole("mine", [
      { apiGroups: ["", "apps"], resources: ["pods"], verbs: ["get", "delete"] },
      { nonResourceURLs: ["/metrics"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods"], resourceNames: ["a"], verbs: ["get", "patch"] },
    ]),
    want: refused(
      "limited",
      [
        '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["patch"]}',
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
        '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "delete"]}',
        '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
      ].join("\n"),
    ),
  },
  {
    name: "held in a namespace only, for a ClusterRole",
    who: "local",
    object: mine,
    want: refused("local", SECRETS_TEXT),
  },
  { name: "held in the namespace, for a Role there", who: "local", object: inNamespace, want: undefined },
  { name: "a member of system:masters", who: "master", object: mine, want: undefined },
  { name: "an administrator", who: "admin", object: mine, want: undefined },
  { name: "who may escalate Roles", who: "escalator", object: inNamespace, want: undefined },
  {
    name: "who may escalate one ClusterRole, creating it",
    who: "escalator",
    object: mine,
    want: refused("escalator", SECRETS_TEXT),
  },
  {
    name: "who may escalate one ClusterRole, changing it",
    who: "escalator",
    object: mine,
    before: clusterRole("mine", []),
    want: undefined,
  },
  {
    name: "only owners and finalizers change",
    who: "limited",
    object: { ...mine, metadata: { ...mine.metadata, finalizers: ["a/b"] } },
    before: mine,
    want: undefined,
  },
  {
    name: "labels change",
    who: "limited",
    object: { ...mine, metadata: { ...mine.metadata, labels: { a: "b" } } },
    before: mine,
    want: refused("limited", SECRETS_TEXT),
  },
  {
    name: "an aggregation rule",
    who: "limited",
    object: clusterRole("mine", [], AGGREGATION),
    want: 'clusterroles.rbac.authorization.k8s.io "mine" is forbidden: must have cluster-admin privileges to use the aggregationRule',
  },
  {
    name: "an aggregation rule that is taken away",
    who: "limited",
    object: clusterRole("mine", []),
    before: clusterRole("mine", [], AGGREGATION),
    want: 'clusterroles.rbac.authorization.k8s.io "mine" is forbidden: must have cluster-admin privileges to use the aggregationRule',
  },
  {
    name: "an aggregation rule by an administrator",
    who: "admin",
    object: clusterRole("mine", [], AGGREGATION),
    want: undefined,
  },
]) {
  test(`checkRoleEscalation: ${name}`, () => {
    const { namespace = "" } = object.metadata
    const resource = object.kind.toLowerCase() + "s"
    const refusal = checkRoleEscalation(authorizer, { user: userOf(who), resource, namespace, object, before })
    assert.deepEqual([refusal?.message, refusal?.code], [want, want === undefined ? undefined : 403])
  })
}

for (const { name, who, object, want } of [
  {
    name: "a role with rules that are not held",
    who: "limited",
    object: bind("secrets", "x"),
    want:
      'clusterrolebindings.rbac.authorization.k8s.io "secrets" is forbidden: user "limited" (groups=["g" "h"]) is attempting to grant RBAC permissions not currently held:\n' +
      SECRETS_TEXT,
  },
  { name: "a role with rules that are held", who: "limited", object: bind("pods", "x"), want: undefined },
  { name: "held in the namespace", who: "local", object: bind("secrets", "x", "n"), want: undefined },
  { name: "a role that may be bound", who: "binder", object: bind("secrets", "x", "m"), want: undefined },
  {
    name: "a role that does not exist",
    who: "limited",
    object: bind("missing", "x"),
    want: 'clusterrolebindings.rbac.authorization.k8s.io "missing" not found',
  },
  {
    name: "a role that does not exist, by an administrator",
    who: "admin",
    object: bind("missing", "x"),
    want: undefined,
  },
]) {
  test(`checkBindingEscalation: ${name}`, () => {
    const { namespace = "" } = object.metadata
    const resource = object.kind.toLowerCase() + "s"
    const refusal = checkBindingEscalation(authorizer, { user: userOf(who), resource, namespace, object })
    assert.equal(refusal?.message, want)
  })
}

const rule = (more: Partial<Rule>) => ({
  verbs: ["get"],
  apiGroups: [""],
  resources: ["pods"],
  resourceNames: [],
  nonResourceURLs: [],
  ...more,
})
for (const { name, held, wanted, covered } of [
  {
    name: "everything covers a wildcard",
    held: rule({ resources: ["*"], verbs: ["*"], apiGroups: ["*"] }),
    wanted: rule({ resources: ["*"], verbs: ["*"], apiGroups: ["*"] }),
    covered: true,
  },
  { name: "one resource does not cover all", held: rule({}), wanted: rule({ resources: ["*"] }), covered: false },
  { name: "one verb does not cover all", held: rule({}), wanted: rule({ verbs: ["*"] }), covered: false },
  {
    name: "a resource does not cover its subresources",
    held: rule({}),
    wanted: rule({ resources: ["pods/log"] }),
    covered: false,
  },
  {
    name: "*/log covers pods/log",
    held: rule({ resources: ["*/log"] }),
    wanted: rule({ resources: ["pods/log"] }),
    covered: true,
  },
  {
    name: "pods/log does not cover */log",
    held: rule({ resources: ["pods/log"] }),
    wanted: rule({ resources: ["*/log"] }),
    covered: false,
  },
  { name: "all names cover one", held: rule({}), wanted: rule({ resourceNames: ["a"] }), covered: true },
  { name: "one name does not cover all", held: rule({ resourceNames: ["a"] }), wanted: rule({}), covered: false },
  {
    name: "one name covers itself",
    held: rule({ resourceNames: ["a", "b"] }),
    wanted: rule({ resourceNames: ["a"] }),
    covered: true,
  },
]) {
  test(`uncoveredRules: ${name}`, () => assert.equal(uncoveredRules([held], [wanted]).length === 0, covered))
}

test("uncoveredRules: paths", () => {
  const url = (...nonResourceURLs: string[]) => ({ ...rule({ apiGroups: [], resources: [] }), nonResourceURLs })
  assert.deepEqual(uncoveredRules([url("/a/*")], [url("/a/b", "/a/*", "/a")]), [url("/a")])
  assert.deepEqual(uncoveredRules([url("/a")], [url("*")]), [url("*")])
  assert.deepEqual(compactRules([rule({}), url("/a"), rule({ verbs: ["list"] })]), [
    url("/a"),
    rule({ verbs: ["get", "list"] }),
  ])
})
