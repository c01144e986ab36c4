import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManifestCondition } from "#api/work/parts.ts"
import { aggregateHealth, healthAgainMs, healthCondition, isHealthDetail } from "./health.plan.ts"

const manifest = (
  ordinal: number,
  status: "True" | "False" | "Unknown",
  reason: string,
  message = "m",
): ManifestCondition => ({
  resourceMeta: { ordinal, kind: "Pod", name: `p${ordinal}`, namespace: ordinal === 0 ? "" : "ns" },
  statusFeedback: {},
  conditions: [{ type: "Healthy", status, reason, message, lastTransitionTime: "2026-01-01T00:00:00Z" }],
})

for (const { name, given, want } of [
  { name: "all are", given: [manifest(0, "True", "Current")], want: "True Current: All resources are healthy" },
  {
    name: "the worst gives the reason and comes first",
    given: [manifest(0, "False", "InProgress"), manifest(1, "False", "Failed", "late"), manifest(2, "True", "Current")],
    want: 'False Failed: 2 of 3 resources are not healthy: Pod "ns/p1": late; Pod "p0": m',
  },
  {
    name: "nobody knows",
    given: [manifest(0, "Unknown", "Unknown"), manifest(1, "True", "Current")],
    want: 'Unknown Unknown: 1 of 2 resources are not healthy: Pod "p0": m',
  },
  {
    name: "many",
    given: [1, 2, 3, 4, 5].map((i) => manifest(i, "False", "NotFound")),
    want: 'False NotFound: 5 of 5 resources are not healthy: Pod "ns/p1": m; Pod "ns/p2": m; Pod "ns/p3": m; and 2 more',
  },
]) {
  test(`health of a work: ${name}`, () => {
    const { type, status, reason, message, observedGeneration } = aggregateHealth(given, 7)
    assert.deepEqual([type, observedGeneration], ["Healthy", 7])
    assert.equal(`${status} ${reason}: ${message}`, want)
  })
}

for (const { name, live, want } of [
  { name: "not read", live: undefined, want: "Unknown Unknown: Resource was not read" },
  { name: "not there", live: null, want: "False NotFound: Resource not found" },
  {
    name: "well",
    live: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } },
    want: "True Current: Resource is always ready",
  },
  {
    name: "of many words",
    live: {
      apiVersion: "a.b/v1",
      kind: "Thing",
      metadata: { name: "a" },
      status: { conditions: [{ type: "Stalled", status: "True", message: "x".repeat(10_000) }] },
    },
    want: `False Failed: ${"x".repeat(255)}…`,
  },
]) {
  test(`health of an object: ${name}`, () => {
    const { status, reason, message } = healthCondition(live, 0)
    assert.equal(`${status} ${reason}: ${message}`, want)
  })
}

test("what is detail: the words of health alone", () => {
  const status = (health: "False" | "True", message: string, name = "w") => {
    const manifests = [manifest(0, health, "InProgress", message)]
    const conditions = [{ ...aggregateHealth(manifests, 1), lastTransitionTime: "2026-01-01T00:00:00Z" }]
    return { conditions: [...conditions, { ...conditions[0]!, type: name }], resourceStatus: { manifests } }
  }
  const before = status("False", "1/3")
  assert.equal(isHealthDetail(before, before), false)
  const counted = {
    ...status("False", "2/3"),
    conditions: [status("False", "2/3").conditions[0]!, before.conditions[1]!],
  }
  assert.equal(isHealthDetail(before, counted), true)
  assert.equal(isHealthDetail(before, status("True", "1/3")), false)
  assert.equal(isHealthDetail(before, { ...counted, conditions: [counted.conditions[0]!] }), false)
  assert.equal(isHealthDetail(undefined, before), false)
})

test("a pod that no node has taken is looked at when its seconds are over", () => {
  const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }]
  const pod = (seconds: number) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { creationTimestamp: `2026-01-01T00:00:${seconds}Z` },
    status: { phase: "Pending", conditions },
  })
  const nowMs = Date.parse("2026-01-01T00:01:00Z")
  assert.equal(healthAgainMs([pod(50), pod(55), pod(10), null], nowMs), 5_000)
  assert.equal(healthAgainMs([pod(10), undefined], nowMs), undefined)
})
