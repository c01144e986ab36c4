import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Placement } from "#api/cluster/v1beta1.ts"
import { formatTime } from "#lib/clock.ts"
import { checkTolerations, claimsOf, compilePredicates, judgeTaints, Misconfigured } from "./filters.plan.ts"
import { newCluster, NOW_MS } from "./testing/objects.ts"

type Toleration = NonNullable<Placement["spec"]["tolerations"]>[number]
type Taint = NonNullable<ManagedCluster["spec"]["taints"]>[number]

const label = (key: string, value: string) => ({ labelSelector: { matchLabels: { [key]: value } } })
const claim = (key: string, ...values: string[]) => ({
  claimSelector: { matchExpressions: [{ key, operator: "In", values }] },
})
const CLUSTER = newCluster("c1", {
  meta: { labels: { env: "prod" } },
  status: { clusterClaims: [{ name: "platform.open-cluster-management.io", value: "kind" }] },
})
const KIND = claim("platform.open-cluster-management.io", "kind", "k3s")
const AWS = claim("platform.open-cluster-management.io", "aws")

for (const { name, selectors, want } of [
  { name: "none: every cluster", selectors: [], want: true },
  { name: "one without a selector: every cluster", selectors: [undefined], want: true },
  { name: "an empty selector: every cluster", selectors: [{}], want: true },
  { name: "a label that it has", selectors: [label("env", "prod")], want: true },
  { name: "a label that it has not", selectors: [label("env", "dev")], want: false },
  { name: "a claim that it makes", selectors: [KIND], want: true },
  { name: "a claim that it does not make", selectors: [AWS], want: false },
  { name: "label and claim of one must both match", selectors: [{ ...label("env", "prod"), ...AWS }], want: false },
  { name: "one of several is enough", selectors: [label("env", "dev"), AWS, KIND], want: true },
  { name: "none of several", selectors: [label("env", "dev"), AWS], want: false },
]) {
  test(`compilePredicates: ${name}`, () => {
    const predicates = selectors.map((s) => (s === undefined ? {} : { requiredClusterSelector: s }))
    assert.equal(compilePredicates(predicates)(CLUSTER), want)
  })
}

for (const { name, selector, message } of [
  { name: "CEL", selector: { celSelector: { celExpressions: ["true"] } }, message: /celSelector is not supported/ },
  {
    name: "an operator that nobody knows",
    selector: { labelSelector: { matchExpressions: [{ key: "a", operator: "Is", values: ["b"] }] } },
    message: /"Is" is not a valid label selector operator/,
  },
  { name: "In without values", selector: claim("a"), message: /values set can't be empty/ },
]) {
  test(`compilePredicates: ${name} is misconfigured, even behind one that matches`, () => {
    const predicates = [{}, { requiredClusterSelector: selector }]
    assert.throws(
      () => compilePredicates(predicates),
      (error) => error instanceof Misconfigured && message.test(error.message),
    )
  })
}

test("claimsOf: the last value of a name counts", () => {
  const clusterClaims = [
    { name: "a", value: "1" },
    { name: "b", value: "2" },
    { name: "a", value: "3" },
  ]
  assert.deepEqual(claimsOf(newCluster("c", { status: { clusterClaims } })), { a: "3", b: "2" })
  assert.deepEqual(claimsOf(newCluster("c")), {})
})

for (const { name, toleration, message } of [
  { name: "a key and a value", toleration: { key: "k", value: "v" } },
  { name: "a key alone", toleration: { key: "k", operator: "Exists" } },
  { name: "everything", toleration: { operator: "Exists" } },
  { name: "Exists with a value", toleration: { key: "k", operator: "Exists", value: "v" }, message: /must be empty/ },
  { name: "no key", toleration: { operator: "Equal", value: "v" }, message: /must be "Exists"/ },
  { name: "nothing at all", toleration: {}, message: /must be "Exists"/ },
]) {
  test(`checkTolerations: ${name}${message === undefined ? "" : " is misconfigured"}`, () => {
    const check = () => checkTolerations([toleration])
    if (message === undefined) check()
    else assert.throws(check, (error) => error instanceof Misconfigured && message.test(error.message))
  })
}

const taint = (effect: Taint["effect"], parts: Partial<Taint> = {}): Taint => ({
  key: "gpu",
  value: "yes",
  effect,
  ...parts,
})
const addedAgo = (seconds: number) => taint("NoSelect", { timeAdded: formatTime(NOW_MS - seconds * 1000) })
const forSeconds = (tolerationSeconds: number): Toleration => ({ key: "gpu", operator: "Exists", tolerationSeconds })

for (const { name, taints, tolerations = [], decided = false, want } of [
  { name: "no taint", taints: [], want: { tolerated: true } },
  { name: "NoSelect", taints: [taint("NoSelect")], want: { tolerated: false } },
  { name: "NoSelect on a decided cluster", taints: [taint("NoSelect")], decided: true, want: { tolerated: false } },
  { name: "NoSelectIfNew", taints: [taint("NoSelectIfNew")], want: { tolerated: false } },
  {
    name: "NoSelectIfNew on a decided cluster",
    taints: [taint("NoSelectIfNew")],
    decided: true,
    want: { tolerated: true },
  },
  { name: "PreferNoSelect", taints: [taint("PreferNoSelect")], want: { tolerated: true } },
  {
    name: "each must be tolerated",
    taints: [taint("NoSelect"), taint("NoSelect", { key: "spot" })],
    tolerations: [{ key: "gpu", operator: "Exists" }],
    want: { tolerated: false },
  },
  {
    name: "same value",
    taints: [taint("NoSelect")],
    tolerations: [{ key: "gpu", value: "yes" }],
    want: { tolerated: true },
  },
  {
    name: "other value",
    taints: [taint("NoSelect")],
    tolerations: [{ key: "gpu", value: "no" }],
    want: { tolerated: false },
  },
  {
    name: "Equal without a value fits a taint without one",
    taints: [{ key: "gpu", effect: "NoSelect" as const }],
    tolerations: [{ key: "gpu", operator: "Equal" }],
    want: { tolerated: true },
  },
  {
    name: "any value",
    taints: [taint("NoSelect")],
    tolerations: [{ key: "gpu", operator: "Exists" }],
    want: { tolerated: true },
  },
  { name: "any key", taints: [taint("NoSelect")], tolerations: [{ operator: "Exists" }], want: { tolerated: true } },
  {
    name: "other key",
    taints: [taint("NoSelect")],
    tolerations: [{ key: "spot", operator: "Exists" }],
    want: { tolerated: false },
  },
  {
    name: "same effect",
    taints: [taint("NoSelect")],
    tolerations: [{ operator: "Exists", effect: "NoSelect" as const }],
    want: { tolerated: true },
  },
  {
    name: "other effect",
    taints: [taint("NoSelect")],
    tolerations: [{ operator: "Exists", effect: "NoSelectIfNew" as const }],
    want: { tolerated: false },
  },
  {
    name: "an operator that nobody knows tolerates nothing",
    taints: [taint("NoSelect")],
    tolerations: [{ key: "gpu", operator: "NotEqual", value: "yes" }],
    want: { tolerated: false },
  },
  {
    name: "a second before it ends",
    taints: [addedAgo(59)],
    tolerations: [forSeconds(60)],
    want: { tolerated: true, expiresAtMs: NOW_MS + 1000 },
  },
  { name: "at its end", taints: [addedAgo(60)], tolerations: [forSeconds(60)], want: { tolerated: false } },
  { name: "for no time", taints: [addedAgo(0)], tolerations: [forSeconds(0)], want: { tolerated: false } },
  {
    name: "a taint of unknown age",
    taints: [taint("NoSelect")],
    tolerations: [forSeconds(60)],
    want: { tolerated: false },
  },
  {
    name: "of several tolerations the longest holds",
    taints: [addedAgo(59)],
    tolerations: [forSeconds(1), forSeconds(120), forSeconds(60)],
    want: { tolerated: true, expiresAtMs: NOW_MS + 61_000 },
  },
  {
    name: "one without an end outlives all",
    taints: [addedAgo(59)],
    tolerations: [forSeconds(60), { key: "gpu", operator: "Exists" }],
    want: { tolerated: true },
  },
  {
    name: "of several taints the first end wakes",
    taints: [addedAgo(10), { ...addedAgo(30), key: "spot" }],
    tolerations: [{ operator: "Exists", tolerationSeconds: 60 }],
    want: { tolerated: true, expiresAtMs: NOW_MS + 30_000 },
  },
] satisfies {
  name: string
  taints: Taint[]
  tolerations?: Toleration[]
  decided?: boolean
  want: unknown
}[]) {
  test(`judgeTaints: ${name}`, () => {
    const cluster = newCluster("c1", { spec: { taints } })
    assert.deepEqual(judgeTaints(cluster, tolerations, { decided, nowMs: NOW_MS }), want)
  })
}
