import assert from "node:assert/strict"
import { test } from "node:test"
import type { Placement } from "#api/cluster/v1beta1.ts"
import { formatTime } from "#lib/clock.ts"
import { Misconfigured } from "./filters.plan.ts"
import { coordinatesOf, totalScores, type ScoringInput } from "./prioritizers.plan.ts"
import { newCluster, NOW_MS } from "./testing/objects.ts"

type Policy = NonNullable<Placement["spec"]["prioritizerPolicy"]>

const builtIn = (name: string, weight?: number) => ({
  scoreCoordinate: { type: "BuiltIn" as const, builtIn: name },
  ...(weight === undefined ? {} : { weight }),
})
const addOn = (resourceName: string, scoreName: string, weight?: number) => ({
  scoreCoordinate: { type: "AddOn" as const, addOn: { resourceName, scoreName } },
  ...(weight === undefined ? {} : { weight }),
})
const BALANCE = { builtIn: "Balance", weight: 1 }
const STEADY = { builtIn: "Steady", weight: 1 }
const NOBODY_KNOWS = builtIn("Spread")

for (const { name, policy, want } of [
  { name: "none: balance and steady", policy: undefined, want: [BALANCE, STEADY] },
  { name: "an empty one is the same", policy: {}, want: [BALANCE, STEADY] },
  { name: "an empty mode is Additive", policy: { mode: "" }, want: [BALANCE, STEADY] },
  {
    name: "Additive overlays the weights of the defaults, and 0 takes them away",
    policy: { mode: "Additive", configurations: [builtIn("Steady", 3), builtIn("Balance", 0)] },
    want: [{ builtIn: "Steady", weight: 3 }],
  },
  {
    name: "Additive adds others",
    policy: { configurations: [addOn("usage", "cpu", -2), builtIn("ResourceAllocatableCPU")] },
    want: [
      BALANCE,
      STEADY,
      { builtIn: "ResourceAllocatableCPU", weight: 1 },
      { addOn: { resourceName: "usage", scoreName: "cpu" }, weight: -2 },
    ],
  },
  {
    name: "Exact has nothing but what is written",
    policy: { mode: "Exact", configurations: [builtIn("ResourceAllocatableMemory", 2)] },
    want: [{ builtIn: "ResourceAllocatableMemory", weight: 2 }],
  },
  { name: "Exact without anything", policy: { mode: "Exact" }, want: [] },
  {
    name: "of a built-in that is written twice the last counts",
    policy: { mode: "Exact", configurations: [builtIn("Steady", 5), builtIn("Steady", 2)] },
    want: [{ builtIn: "Steady", weight: 2 }],
  },
  {
    name: "what has no weight is not looked at",
    policy: { mode: "Exact", configurations: [builtIn("Spread", 0), addOn("", "", 0)] },
    want: [],
  },
] satisfies { name: string; policy: Policy | undefined; want: unknown[] }[]) {
  test(`coordinatesOf: ${name}`, () => assert.deepEqual(coordinatesOf(policy), want))
}

for (const { name, policy, message } of [
  { name: "a mode that nobody knows", policy: { mode: "Some" }, message: "incorrect prioritizer policy mode: Some" },
  {
    name: "a built-in that nobody knows",
    policy: { configurations: [NOBODY_KNOWS] },
    message: "incorrect builtin prioritizer: Spread",
  },
  {
    name: "no coordinate",
    policy: { configurations: [{ weight: 1 } as never] },
    message: "scoreCoordinate field is required",
  },
  {
    name: "an add-on without its score's name",
    policy: { configurations: [addOn("usage", "")] },
    message: "addOn.resourceName and addOn.scoreName are required for a score of type AddOn",
  },
] satisfies { name: string; policy: Policy; message: string }[]) {
  test(`coordinatesOf: ${name} is misconfigured`, () => {
    assert.throws(() => coordinatesOf(policy), new Misconfigured(message))
  })
}

const [A, B, C] = ["a", "b", "c"].map((name) => newCluster(name)) as [never, never, never]
const sized = (name: string, cpu: string | undefined, capacity = cpu) =>
  newCluster(name, {
    status: {
      ...(cpu === undefined ? {} : { allocatable: { cpu } }),
      ...(capacity === undefined ? {} : { capacity: { cpu: capacity } }),
    },
  })
const busy = (counts: Record<string, number>) => (cluster: string) => counts[cluster] ?? 0
const usage = (value: number, validUntil?: string) => ({
  apiVersion: "cluster.open-cluster-management.io/v1alpha1",
  kind: "AddOnPlacementScore",
  metadata: { name: "usage", namespace: "a" },
  status: {
    scores: [
      { name: "disk", value: 7 },
      { name: "cpu", value },
    ],
    ...(validUntil === undefined ? {} : { validUntil }),
  },
})
const usageOfA =
  (value: number, validUntil?: string): ScoringInput["addOnScore"] =>
  (cluster, name) =>
    cluster === "a" && name === "usage" ? usage(value, validUntil) : undefined

for (const { name, by, input, want } of [
  { name: "nothing counts: nobody leads", by: [], input: { clusters: [A, B] }, want: { a: 0, b: 0 } },
  {
    name: "Steady: 100 where it is",
    by: [builtIn("Steady")],
    input: { clusters: [A, B], decided: new Set(["b"]) },
    want: { a: 0, b: 100 },
  },
  {
    name: "a weight multiplies, also below 0",
    by: [builtIn("Steady", -2)],
    input: { clusters: [A, B], decided: new Set(["b"]) },
    want: { a: 0, b: -200 },
  },
  { name: "Balance: all idle", by: [builtIn("Balance")], input: { clusters: [A, B] }, want: { a: 100, b: 100 } },
  {
    name: "Balance: from -100 for the busiest to 100 for the idle, cut towards 0 before it is doubled",
    by: [builtIn("Balance")],
    input: { clusters: [A, B, C], otherDecisions: busy({ a: 3, b: 1 }) },
    want: { a: -100, b: 2 * 16, c: 100 },
  },
  {
    name: "Balance: the busiest counts although it is not ranked",
    by: [builtIn("Balance")],
    input: { clusters: [A, B], allClusters: [A, B, C], otherDecisions: busy({ a: 2, c: 4 }) },
    want: { a: 0, b: 100 },
  },
  {
    name: "ResourceAllocatableCPU: from -100 for the least to 100 for the most; without a figure no score",
    by: [builtIn("ResourceAllocatableCPU")],
    input: { clusters: [sized("a", "1"), sized("b", "2500m"), sized("c", "4"), sized("d", undefined)] },
    want: { a: -100, b: 0, c: 100, d: 0 },
  },
  {
    name: "ResourceAllocatableCPU: all the same",
    by: [builtIn("ResourceAllocatableCPU")],
    input: { clusters: [sized("a", "2"), sized("b", "2000m"), sized("c", undefined)] },
    want: { a: 100, b: 100, c: 0 },
  },
  {
    name: "ResourceAllocatableCPU: what tells no capacity is not counted",
    by: [builtIn("ResourceAllocatableCPU")],
    input: {
      clusters: [newCluster("a", { status: { allocatable: { cpu: "100" } } }), sized("b", "1"), sized("c", "4")],
    },
    want: { a: 0, b: -100, c: 100 },
  },
  {
    name: "ResourceAllocatableMemory: looks at memory",
    by: [builtIn("ResourceAllocatableMemory")],
    input: { clusters: [sized("a", "1"), sized("b", "4")] },
    want: { a: 0, b: 0 },
  },
  {
    name: "add-on: its score, and 0 where there is none",
    by: [addOn("usage", "cpu", 3)],
    input: { clusters: [A, B], addOnScore: usageOfA(20) },
    want: { a: 60, b: 0 },
  },
  {
    name: "add-on: a score of another name",
    by: [addOn("usage", "memory")],
    input: { clusters: [A], addOnScore: usageOfA(20) },
    want: { a: 0 },
  },
  {
    name: "add-on: valid to the very moment",
    by: [addOn("usage", "cpu")],
    input: { clusters: [A], addOnScore: usageOfA(20, formatTime(NOW_MS)) },
    want: { a: 20 },
  },
  {
    name: "add-on: expired",
    by: [addOn("usage", "cpu")],
    input: { clusters: [A], addOnScore: usageOfA(20, formatTime(NOW_MS - 1000)) },
    want: { a: 0 },
  },
  {
    name: "all together",
    by: [builtIn("Steady", 2), builtIn("Balance"), addOn("usage", "cpu", -1)],
    input: {
      clusters: [A, B],
      decided: new Set(["a"]),
      otherDecisions: busy({ a: 1 }),
      addOnScore: usageOfA(30),
    },
    want: { a: 2 * 100 - 100 - 30, b: 100 },
  },
] satisfies { name: string; by: Policy["configurations"]; input: Partial<ScoringInput>; want: object }[]) {
  test(`totalScores: ${name}`, () => {
    const clusters = input.clusters
    const scores = totalScores(
      {
        allClusters: clusters,
        decided: new Set(),
        otherDecisions: () => 0,
        addOnScore: () => undefined,
        nowMs: NOW_MS,
        ...(input as Partial<ScoringInput>),
        clusters,
      },
      coordinatesOf({ mode: "Exact", configurations: by }),
    )
    assert.deepEqual(Object.fromEntries(scores), want)
  })
}
