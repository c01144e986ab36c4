import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { HubCredentials } from "./credentials.ts"
import { hubOf, LOOK_MS, planFailover, type ObservedHubs } from "./failover.plan.ts"

const NOW_MS = Date.parse("2026-01-01T01:00:00Z")
const hubs = ["a", "b", "c"].map((name) => ({ server: `https://${name}`, clusterEntry: name }))
const credentialsFor = (hub: number, joinedAt?: number): HubCredentials => ({
  clusterName: "c1",
  agentName: "agent",
  hub: hubs[hub] ?? { server: "https://moved", clusterEntry: "moved" },
  ...(joinedAt === undefined ? {} : { joinedAt: hubs[joinedAt]! }),
  certificate: "",
  key: "",
})
const usual: ObservedHubs = {
  hubs,
  current: 0,
  sinceMs: NOW_MS - 3600_000,
  heardMs: NOW_MS - 1_000,
  isDenied: false,
  isDetached: false,
  stored: credentialsFor(0),
  timeoutMs: 600_000,
  nowMs: NOW_MS,
}

for (const { name, observed, want } of [
  { name: "heard of a moment ago", observed: {}, want: { step: "stay", waitMs: LOOK_MS } },
  {
    name: "silent, but not for long enough",
    observed: { heardMs: NOW_MS - 590_000 },
    want: { step: "stay", waitMs: 10_000 },
  },
  {
    name: "silent for too long",
    observed: { heardMs: NOW_MS - 600_000 },
    want: { step: "look", among: [1, 2], why: "the hub has not been heard of for 600 s" },
  },
  {
    name: "the last of them, silent: the first is next",
    observed: { current: 2, stored: credentialsFor(2), heardMs: NOW_MS - 700_000 },
    want: { step: "look", among: [0, 1], why: "the hub has not been heard of for 700 s" },
  },
  {
    name: "followed for a moment only, never heard of",
    observed: { sinceMs: NOW_MS - 30_000, heardMs: undefined, stored: undefined },
    want: { step: "stay", waitMs: LOOK_MS },
  },
  {
    name: "never let in",
    observed: { sinceMs: NOW_MS - 600_000, heardMs: undefined, stored: undefined },
    want: { step: "look", among: [1, 2], why: "the hub has not been heard of for 600 s" },
  },
  {
    name: "denied",
    observed: { isDenied: true },
    want: { step: "look", among: [1, 2], why: "the hub does not accept the cluster any more" },
  },
  {
    name: "detached: an order, however long it is silent",
    observed: { isDetached: true, isDenied: true, heardMs: undefined },
    want: { step: "stay", waitMs: LOOK_MS },
  },
  {
    name: "the only one",
    observed: { hubs: hubs.slice(0, 1), heardMs: undefined },
    want: { step: "stay", waitMs: LOOK_MS },
  },
  {
    name: "another process has moved on",
    observed: { stored: credentialsFor(2), heardMs: NOW_MS },
    want: { step: "follow", hub: 2 },
  },
  {
    name: "the hub itself has moved: it is still this one",
    observed: { stored: credentialsFor(9, 0) },
    want: { step: "stay", waitMs: LOOK_MS },
  },
  {
    name: "the clock was set back: the silence begins anew",
    observed: { heardMs: NOW_MS + 3600_000, sinceMs: NOW_MS + 3600_000 },
    want: { step: "stay", waitMs: LOOK_MS },
  },
] as const) {
  test(`planFailover: ${name}`, () => assert.deepEqual(planFailover({ ...usual, ...observed }), want))
}

test("planFailover: a hub that was heard of within the timeout is left by an order only", () => {
  fc.assert(
    fc.property(
      fc.record({
        count: fc.integer({ min: 1, max: 5 }),
        heardAgoMs: fc.integer({ min: 0, max: 599_999 }),
        sinceAgoMs: fc.integer({ min: 0, max: 10_000_000 }),
        isDetached: fc.boolean(),
      }),
      ({ count, heardAgoMs, sinceAgoMs, isDetached }) => {
        const plan = planFailover({
          ...usual,
          hubs: Array.from({ length: count }, (_, i) => ({ server: `https://${i}`, clusterEntry: "" })),
          stored: undefined,
          heardMs: NOW_MS - heardAgoMs,
          sinceMs: NOW_MS - sinceAgoMs,
          isDetached,
        })
        assert.equal(plan.step, "stay")
        assert.ok("waitMs" in plan && plan.waitMs > 0 && plan.waitMs <= LOOK_MS)
      },
    ),
  )
})

test("hubOf: by where the hub is, or where it was when the cluster joined", () => {
  assert.equal(hubOf(hubs, undefined), undefined)
  assert.equal(hubOf(hubs, credentialsFor(1)), 1)
  assert.equal(hubOf(hubs, credentialsFor(9, 2)), 2)
  assert.equal(hubOf(hubs, credentialsFor(9)), undefined)
})
