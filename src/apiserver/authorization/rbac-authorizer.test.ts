import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { AuthorizationAttributes } from "#apiserver/request.ts"
import { storedObjects } from "#apiserver/testing/stored-objects.ts"
import { newRbacAuthorizer } from "./rbac-authorizer.ts"

const API = "rbac.authorization.k8s.io"
type Rule = {
  verbs: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

const role = (namespace: string | undefined, name: string, rules: Rule[] | null): UnknownObject => ({
  apiVersion: `${API}/v1`,
  kind: namespace === undefined ? "ClusterRole" : "Role",
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  rules,
})
const binding = (namespace: string | undefined, name: string, ref: string, subjects: object[]): UnknownObject => {
  const [kind, roleName] = ref.split("/") as [string, string]
  return {
    apiVersion: `${API}/v1`,
    kind: namespace === undefined ? "ClusterRoleBinding" : "RoleBinding",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: API, kind, name: roleName },
    subjects,
  }
}
const user = (name: string) => ({ kind: "User", name, apiGroup: API })
const group = (name: string) => ({ kind: "Group", name, apiGroup: API })

/** `verb group/resource/subresource namespace name`, `-` for nothing, or `verb /path`. */
function parse(text: string): AuthorizationAttributes {
  const [verb = "", what = "", namespace = "-", name = "-"] = text.split(" ")
  if (what.startsWith("/")) return { resourceRequest: false, verb, path: what }
  const [apiGroup = "", resource = "", subresource = ""] = what.split("/")
  const some = (value: string) => (value === "-" ? "" : value)
  return {
    resourceRequest: true,
    verb,
    group: some(apiGroup),
    version: "v1",
    resource,
    subresource,
    namespace: some(namespace),
    name: some(name),
  }
}

/** The roles that OCM's hub gives to the agent of one cluster. Source: reference of OCM's registration. */
function clusterObjects(cluster: string): UnknownObject[] {
  const subjects = [group(`system:open-cluster-management:${cluster}`), group(`open-cluster-management:${cluster}`)]
  const ownRole = `open-cluster-management:managedcluster:${cluster}`
  return [
    role(undefined, ownRole, [
      {
        apiGroups: ["certificates.k8s.io"],
        resources: ["certificatesigningrequests"],
        verbs: ["create", "get", "list", "watch"],
      },
      {
        apiGroups: ["register.open-cluster-management.io"],
        resources: ["managedclusters/clientcertificates"],
        verbs: ["renew"],
      },
      {
        apiGroups: ["cluster.open-cluster-management.io"],
        resources: ["managedclusters"],
        resourceNames: [cluster],
        verbs: ["get", "list", "update", "watch"],
      },
      {
        apiGroups: ["cluster.open-cluster-management.io"],
        resources: ["managedclusters/status"],
        resourceNames: [cluster],
        verbs: ["patch", "update"],
      },
    ]),
    binding(undefined, ownRole, `ClusterRole/${ownRole}`, subjects),
    binding(
      cluster,
      `${ownRole}:registration`,
      "ClusterRole/open-cluster-management:managedcluster:registration",
      subjects,
    ),
    binding(cluster, `${ownRole}:work`, "ClusterRole/open-cluster-management:managedcluster:work", subjects),
  ]
}
const SHARED_ROLES = [
  role(undefined, "open-cluster-management:managedcluster:registration", [
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "list", "watch", "update"] },
    {
      apiGroups: ["addon.open-cluster-management.io"],
      resources: ["managedclusteraddons"],
      verbs: ["get", "list", "watch"],
    },
    {
      apiGroups: ["addon.open-cluster-management.io"],
      resources: ["managedclusteraddons/status"],
      verbs: ["patch", "update"],
    },
    { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"] },
  ]),
  role(undefined, "open-cluster-management:managedcluster:work", [
    { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
    {
      apiGroups: ["work.open-cluster-management.io"],
      resources: ["manifestworks"],
      verbs: ["get", "list", "watch", "update", "patch"],
    },
    { apiGroups: ["work.open-cluster-management.io"], resources: ["manifestworks/status"], verbs: ["patch", "update"] },
  ]),
]

const agent = {
  name: "system:open-cluster-management:c1:agent",
  groups: [
    "system:open-cluster-management:c1",
    "system:open-cluster-management:managed-clusters",
    "system:authenticated",
  ],
}
const fleet = newRbacAuthorizer(
  (await storedObjects(...SHARED_ROLES, ...clusterObjects("c1"), ...clusterObjects("c2"))).reader,
)

for (const { allowed, text } of [
  { allowed: true, text: "get cluster.open-cluster-management.io/managedclusters - c1" },
  { allowed: false, text: "get cluster.open-cluster-management.io/managedclusters - c2" },
  { allowed: false, text: "list cluster.open-cluster-management.io/managedclusters" },
  { allowed: true, text: "watch cluster.open-cluster-management.io/managedclusters - c1" },
  { allowed: false, text: "delete cluster.open-cluster-management.io/managedclusters - c1" },
  { allowed: false, text: "patch cluster.open-cluster-management.io/managedclusters - c1" },
  { allowed: true, text: "patch cluster.open-cluster-management.io/managedclusters/status - c1" },
  { allowed: false, text: "patch cluster.open-cluster-management.io/managedclusters/status - c2" },
  { allowed: true, text: "renew register.open-cluster-management.io/managedclusters/clientcertificates" },
  { allowed: false, text: "update register.open-cluster-management.io/managedclusters/accept - c1" },
  { allowed: true, text: "create certificates.k8s.io/certificatesigningrequests" },
  { allowed: false, text: "update certificates.k8s.io/certificatesigningrequests/approval - x" },
  { allowed: true, text: "list work.open-cluster-management.io/manifestworks c1" },
  { allowed: false, text: "list work.open-cluster-management.io/manifestworks c2" },
  { allowed: false, text: "list work.open-cluster-management.io/manifestworks" },
  { allowed: false, text: "create work.open-cluster-management.io/manifestworks c1" },
  { allowed: false, text: "delete work.open-cluster-management.io/manifestworks c1 w" },
  { allowed: true, text: "update work.open-cluster-management.io/manifestworks/status c1 w" },
  { allowed: true, text: "update coordination.k8s.io/leases c1 managed-cluster-lease" },
  { allowed: false, text: "update coordination.k8s.io/leases c2 managed-cluster-lease" },
  { allowed: false, text: "get -/secrets c1 x" },
  { allowed: true, text: "create -/events c1" },
  { allowed: false, text: "get /healthz" },
]) {
  test(`authorize: the agent of c1 ${allowed ? "may" : "may not"} ${text}`, () => {
    assert.equal(fleet.authorize(agent, parse(text)).allowed, allowed)
  })
}

test("authorize: the reason names the binding, as upstream words it", () => {
  assert.equal(
    fleet.authorize(agent, parse("list work.open-cluster-management.io/manifestworks c1")).reason,
    'RBAC: allowed by RoleBinding "open-cluster-management:managedcluster:c1:work/c1" of ClusterRole ' +
      '"open-cluster-management:managedcluster:work" to Group "system:open-cluster-management:c1"',
  )
  assert.equal(
    fleet.authorize(agent, parse("create certificates.k8s.io/certificatesigningrequests")).reason,
    'RBAC: allowed by ClusterRoleBinding "open-cluster-management:managedcluster:c1" of ClusterRole ' +
      '"open-cluster-management:managedcluster:c1" to Group "system:open-cluster-management:c1"',
  )
  assert.deepEqual(fleet.authorize(agent, parse("get -/secrets c1 x")), { allowed: false, reason: "" })
})

test("authorize: members of system:masters may do everything", () => {
  const admin = { name: "a", groups: ["system:masters"] }
  for (const text of ["delete -/nodes - n", "get /metrics", "escalate rbac/clusterroles"]) {
    assert.deepEqual(fleet.authorize(admin, parse(text)), { allowed: true, reason: "" })
  }
})

const forms = newRbacAuthorizer(
  (
    await storedObjects(
      role(undefined, "forms", [
        { apiGroups: [""], resources: ["pods", "pods/log", "*/scale"], verbs: ["get"] },
        { apiGroups: ["apps"], resources: ["*"], verbs: ["list"] },
        { apiGroups: ["*"], resources: ["widgets"], verbs: ["*"] },
        { apiGroups: [""], resources: ["configmaps"], resourceNames: ["a", "b"], verbs: ["get", "update"] },
        { verbs: ["get"], nonResourceURLs: ["/healthz", "/logs/*", "/x*"] },
      ]),
      binding(undefined, "forms", "ClusterRole/forms", [user("u")]),
      role(undefined, "all-urls", [{ verbs: ["*"], nonResourceURLs: ["*"] }]),
      binding(undefined, "all-urls", "ClusterRole/all-urls", [user("urls")]),
    )
  ).reader,
)
for (const { allowed, text, who = "u" } of [
  { allowed: true, text: "get -/pods n p" },
  { allowed: true, text: "get -/pods/log n p" },
  { allowed: false, text: "get -/pods/exec n p" },
  { allowed: false, text: "get -/log n p" },
  { allowed: true, text: "get -/replicationcontrollers/scale n p" },
  { allowed: false, text: "get -/scale n p" },
  { allowed: false, text: "get apps/deployments/scale n p" },
  { allowed: true, text: "list apps/deployments" },
  { allowed: true, text: "list apps/deployments/status n d" },
  { allowed: false, text: "list -/deployments" },
  { allowed: true, text: "frobnicate example.com/widgets" },
  { allowed: false, text: "get example.com/widgets/status n w" },
  { allowed: true, text: "get -/configmaps n a" },
  { allowed: false, text: "get -/configmaps n c" },
  { allowed: false, text: "list -/configmaps n" },
  { allowed: true, text: "get /healthz" },
  { allowed: false, text: "get /healthz/ready" },
  { allowed: true, text: "get /logs/a/b" },
  { allowed: false, text: "get /logs" },
  { allowed: true, text: "get /xyz" },
  { allowed: false, text: "post /healthz" },
  { allowed: true, text: "post /anything", who: "urls" },
  { allowed: false, text: "get -/pods n p", who: "urls" },
  { allowed: false, text: "get -/pods n p", who: "someone" },
]) {
  test(`authorize: rule forms: ${who} ${allowed ? "may" : "may not"} ${text}`, () => {
    assert.equal(forms.authorize({ name: who, groups: [] }, parse(text)).allowed, allowed)
  })
}

const READ = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }]
const subjects = newRbacAuthorizer(
  (
    await storedObjects(
      role("n", "local", READ),
      role(undefined, "cluster", READ),
      role("n", "empty", null),
      binding("n", "own-namespace", "Role/local", [{ kind: "ServiceAccount", name: "robot" }]),
      binding("n", "other-namespace", "ClusterRole/cluster", [
        { kind: "ServiceAccount", name: "robot", namespace: "m" },
      ]),
      binding(undefined, "no-namespace", "ClusterRole/cluster", [{ kind: "ServiceAccount", name: "nowhere" }]),
      binding(undefined, "local-role", "Role/local", [user("u1")]),
      binding("n", "missing", "Role/missing", [user("u2")]),
      binding("n", "missing-cluster", "ClusterRole/missing", [user("u2"), group("g2")]),
      binding("n", "no-rules", "Role/empty", [user("u3")]),
      binding("n", "no-role", "Foo/cluster", [user("u4")]),
      binding("n", "no-name", "ClusterRole/cluster", [{ kind: "User" }, { kind: "Robot", name: "u5" }]),
    )
  ).reader,
)
for (const { who, groups = [], text, want } of [
  {
    who: "system:serviceaccount:n:robot",
    text: "get -/configmaps n x",
    want: 'RBAC: allowed by RoleBinding "own-namespace/n" of Role "local" to ServiceAccount "robot/n"',
  },
  {
    who: "system:serviceaccount:m:robot",
    text: "get -/configmaps n x",
    want: 'RBAC: allowed by RoleBinding "other-namespace/n" of ClusterRole "cluster" to ServiceAccount "robot/m"',
  },
  { who: "system:serviceaccount:x:robot", text: "get -/configmaps n x", want: false },
  { who: "system:serviceaccount:m:robot", text: "get -/configmaps m x", want: false },
  { who: "system:serviceaccount::nowhere", text: "get -/configmaps n x", want: false },
  { who: "u1", text: "get -/configmaps n x", want: 'RBAC: role.rbac.authorization.k8s.io "local" not found' },
  {
    who: "u2",
    groups: ["g2"],
    text: "get -/configmaps n x",
    want: 'RBAC: [role.rbac.authorization.k8s.io "missing" not found, clusterrole.rbac.authorization.k8s.io "missing" not found]',
  },
  { who: "u3", text: "get -/configmaps n x", want: false },
  { who: "u4", text: "get -/configmaps n x", want: 'RBAC: unsupported role reference kind: "Foo"' },
  { who: "u5", text: "get -/configmaps n x", want: false },
  { who: "undefined", text: "get -/configmaps n x", want: false },
]) {
  test(`authorize: subjects: ${who} ${text}`, () => {
    const decision = subjects.authorize({ name: who, groups }, parse(text))
    const reason = typeof want === "string" ? want : ""
    assert.deepEqual(decision, { allowed: reason.includes("allowed by"), reason })
  })
}

test("authorize: follows every change at once, without reading all bindings again", async () => {
  const objects = await storedObjects(role(undefined, "r", READ), binding("n", "a", "ClusterRole/r", [user("u")]))
  let lists = 0
  const reader: ObjectReader = { ...objects.reader, list: (...args) => (lists++, objects.reader.list(...args)) }
  const authorizer = newRbacAuthorizer(reader)
  const may = (namespace: string) =>
    authorizer.authorize({ name: "u", groups: [] }, parse(`get -/configmaps ${namespace} x`)).allowed
  assert.deepEqual([may("n"), may("m")], [true, false])
  const afterFirst = lists
  await objects.put(binding("m", "b", "ClusterRole/r", [user("u")]))
  assert.deepEqual([may("n"), may("m")], [true, true])
  await objects.put(binding("n", "a", "ClusterRole/r", [user("someone")]))
  assert.deepEqual([may("n"), may("m")], [false, true])
  await objects.put(binding(undefined, "c", "ClusterRole/r", [user("u")]))
  assert.deepEqual([may("n"), may("m")], [true, true])
  await objects.remove(binding(undefined, "c", "ClusterRole/r", []))
  await objects.remove(binding("m", "b", "ClusterRole/r", []))
  assert.deepEqual([may("n"), may("m")], [false, false])
  await objects.put(binding("n", "a", "ClusterRole/r", [user("u")]))
  await objects.put(role(undefined, "r", []))
  assert.equal(may("n"), false)
  assert.equal(lists, afterFirst)
})

test("authorize: any sequence of changes leads to what a fresh authorizer says", async () => {
  const change = fc.record({
    namespace: fc.constantFrom(undefined, "n", "m"),
    name: fc.constantFrom("a", "b"),
    users: fc.array(fc.constantFrom("u", "v"), { maxLength: 3 }),
    remove: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (changes) => {
      const objects = await storedObjects(role(undefined, "r", READ))
      const authorizer = newRbacAuthorizer(objects.reader)
      for (const { namespace, name, users, remove } of changes) {
        const object = binding(namespace, name, "ClusterRole/r", users.map(user))
        await (remove ? objects.remove(object) : objects.put(object))
        const fresh = newRbacAuthorizer(objects.reader)
        for (const who of ["u", "v"]) {
          for (const where of ["n", "m"]) {
            const attributes = parse(`get -/configmaps ${where} x`)
            const asked = { name: who, groups: [] }
            assert.equal(authorizer.authorize(asked, attributes).allowed, fresh.authorize(asked, attributes).allowed)
          }
        }
      }
    }),
    { numRuns: 50 },
  )
})

test("rulesFor: cluster-wide rules and those of the namespace, each binding once", () => {
  const { rules, problems } = fleet.rulesFor(agent, "c1")
  assert.deepEqual([rules.length, problems], [4 + 4 + 3, []])
  assert.equal(fleet.rulesFor(agent, "c2").rules.length, 4)
  assert.equal(fleet.rulesFor(agent, "").rules.length, 4)
  const { problems: missing } = subjects.rulesFor({ name: "u2", groups: [] }, "n")
  assert.deepEqual(
    missing.map(({ roleName }) => roleName),
    ["missing", "missing"],
  )
})
