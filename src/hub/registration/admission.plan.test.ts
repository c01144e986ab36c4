import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import type { ResourceAttributes } from "#api/kubernetes/authorization.ts"
import type { ObjectMeta } from "#apimachinery/meta.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import { checkManagedCluster, checkManagedClusterSetBinding, defaultManagedCluster } from "./admission.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const NOW = "2026-01-02T03:04:05Z"
const OLD = "2025-01-01T00:00:00Z"
const SET = "cluster.open-cluster-management.io/clusterset"

const cluster = (spec: ManagedCluster["spec"], meta: ObjectMeta = {}): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name: "c1", ...meta },
  spec,
})

/** What RBAC would be asked, as `verb resource/subresource name`. */
const ask = (attributes: ResourceAttributes) =>
  `${attributes.verb} ${attributes.resource}/${attributes.subresource} ${attributes.name}`
const question = <T>(object: T, before: T | undefined, allowed: readonly string[] = []) => ({
  object,
  before,
  user: { name: "ann" },
  mayUser: (attributes: ResourceAttributes) => allowed.includes(ask(attributes)),
  nowMs: NOW_MS,
})

const taint = (timeAdded?: string, value?: string) => ({
  key: "k",
  effect: "NoSelect" as const,
  ...(value === undefined ? {} : { value }),
  ...(timeAdded === undefined ? {} : { timeAdded }),
})

for (const { name, taints, before, want } of [
  { name: "new cluster: the server's time", taints: taint(OLD), before: undefined, want: NOW },
  { name: "new taint: the server's time", taints: taint(), before: [], want: NOW },
  { name: "new taint with about the time", taints: taint("2026-01-02T03:03:00Z"), before: [], want: NOW },
  { name: "new taint with a time made up", taints: taint(OLD), before: [], want: "refused" },
  { name: "unchanged", taints: taint(OLD), before: [taint(OLD)], want: OLD },
  { name: "time changed", taints: taint(NOW), before: [taint(OLD)], want: "refused" },
  { name: "time dropped", taints: taint(), before: [taint(OLD)], want: "refused" },
  { name: "value changed: counts anew", taints: taint(undefined, "v"), before: [taint(OLD)], want: NOW },
  { name: "value changed, old time kept", taints: taint(OLD, "v"), before: [taint(OLD)], want: "refused" },
]) {
  test(`defaultManagedCluster: taint of a ${name}`, () => {
    const stored = before === undefined ? undefined : cluster({ taints: before })
    const made = defaultManagedCluster(question(cluster({ taints: [taints] }), stored), { defaultSet: false })
    if (want === "refused") assert.ok(made instanceof StatusError && made.reason === "BadRequest")
    else {
      assert.ok(!(made instanceof StatusError))
      assert.equal(made.spec.taints?.[0]?.timeAdded, want)
    }
  })
}

for (const { name, labels, defaultSet, want } of [
  { name: "in no set", labels: undefined, defaultSet: true, want: "default" },
  { name: "with an empty label", labels: { [SET]: "" }, defaultSet: true, want: "default" },
  { name: "in a set", labels: { [SET]: "team" }, defaultSet: true, want: "team" },
  { name: "in no set, gate off", labels: undefined, defaultSet: false, want: undefined },
]) {
  test(`defaultManagedCluster: one ${name}`, () => {
    const object = cluster({}, labels === undefined ? {} : { labels })
    const made = defaultManagedCluster(question(object, undefined), { defaultSet })
    assert.ok(!(made instanceof StatusError))
    assert.equal(made.metadata.labels?.[SET], want)
  })
}

for (const taints of ["k", [null], { key: "k" }]) {
  test(`defaultManagedCluster: taints ${JSON.stringify(taints)} are left to the schema to refuse`, () => {
    const object = cluster({ taints } as unknown as ManagedCluster["spec"])
    assert.equal(defaultManagedCluster(question(object, undefined), { defaultSet: false }), object)
  })
}

const ACCEPT = "update managedclusters/accept c1"
const inSet = (set: string) => ({ labels: { [SET]: set } })

for (const { name, object, before, allowed = [], terminating = [], want } of [
  { name: "plain", object: cluster({}), before: undefined, want: undefined },
  {
    name: "let in by one who may",
    object: cluster({ hubAcceptsClient: true }),
    before: cluster({}),
    allowed: [ACCEPT],
  },
  { name: "let in by another", object: cluster({ hubAcceptsClient: true }), before: cluster({}), want: "Forbidden" },
  {
    name: "made as let in by another",
    object: cluster({ hubAcceptsClient: true }),
    before: undefined,
    want: "Forbidden",
  },
  {
    name: "let in before",
    object: cluster({ hubAcceptsClient: true }),
    before: cluster({ hubAcceptsClient: true }),
    want: undefined,
  },
  { name: "shut out", object: cluster({}), before: cluster({ hubAcceptsClient: true }), want: undefined },
  {
    name: "let in while its namespace goes",
    object: cluster({ hubAcceptsClient: true }),
    before: cluster({}),
    allowed: [ACCEPT],
    terminating: ["c1"],
    want: "Forbidden",
  },
  {
    name: "moved by one who may join both sets",
    object: cluster({}, inSet("b")),
    before: cluster({}, inSet("a")),
    allowed: ["create managedclustersets/join a", "create managedclustersets/join b"],
  },
  {
    name: "moved by one who may not take it out",
    object: cluster({}, inSet("b")),
    before: cluster({}, inSet("a")),
    allowed: ["create managedclustersets/join b"],
    want: "Forbidden",
  },
  {
    name: "moved by one who may not put it in",
    object: cluster({}, inSet("b")),
    before: cluster({}, inSet("a")),
    allowed: ["create managedclustersets/join a"],
    want: "Forbidden",
  },
  { name: "made in a set by one who may not", object: cluster({}, inSet("a")), before: undefined, want: "Forbidden" },
  {
    name: "with a name that is no namespace's",
    object: cluster({}, { name: "a.b" }),
    before: undefined,
    want: "BadRequest",
  },
  {
    name: "reached without TLS",
    object: cluster({ managedClusterClientConfigs: [{ url: "http://c1" }] }),
    before: undefined,
    want: "BadRequest",
  },
  {
    name: "reached with TLS",
    object: cluster({ managedClusterClientConfigs: [{ url: "https://c1:6443" }] }),
    before: undefined,
  },
] as {
  name: string
  object: ManagedCluster
  before: ManagedCluster | undefined
  allowed?: string[]
  terminating?: string[]
  want?: string
}[]) {
  test(`checkManagedCluster: ${name}`, () => {
    const refusal = checkManagedCluster(question(object, before, allowed), (namespace) =>
      terminating.includes(namespace),
    )
    assert.equal(refusal?.reason, want)
  })
}

const binding = (name: string, clusterSet: string): ManagedClusterSetBinding => ({
  apiVersion: "cluster.open-cluster-management.io/v1beta2",
  kind: "ManagedClusterSetBinding",
  metadata: { name, namespace: "n" },
  spec: { clusterSet },
})

for (const { name, object, before, want } of [
  { name: "by one who may bind", object: binding("a", "a"), before: undefined, want: undefined },
  { name: "by one who may not", object: binding("b", "b"), before: undefined, want: "Forbidden" },
  { name: "changed by one who may not", object: binding("b", "b"), before: binding("b", "b"), want: undefined },
  { name: "of another name than the set's", object: binding("a", "b"), before: undefined, want: "BadRequest" },
  { name: "turned to another set", object: binding("a", "b"), before: binding("a", "a"), want: "BadRequest" },
]) {
  test(`checkManagedClusterSetBinding: ${name}`, () => {
    const refusal = checkManagedClusterSetBinding(question(object, before, ["create managedclustersets/bind a"]))
    assert.equal(refusal?.reason, want)
  })
}
