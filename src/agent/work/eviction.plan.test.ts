import assert from "node:assert/strict"
import { test } from "node:test"
import type { AppliedManifestWork } from "#api/work/v1.ts"
import { EVICTION_NEVER_MS, evictionEvents, isLeaving, planEviction } from "./eviction.plan.ts"
import type { WorkWhereabouts } from "./eviction.plan.ts"

const GRACE_MS = 60 * 60_000
const START = "2026-01-01T00:00:00Z"
const START_MS = Date.parse(START)

function applied(evictionStartTime?: string, deletionTimestamp?: string): AppliedManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "AppliedManifestWork",
    metadata: { name: "h-w", uid: "u", ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    spec: { hubHash: "h", agentID: "h", manifestWorkName: "w" },
    status: evictionStartTime === undefined ? {} : { evictionStartTime },
  }
}

type Case = {
  name: string
  object: AppliedManifestWork
  whereabouts: WorkWhereabouts
  nowMs?: number
  graceMs?: number
  want: { writes: string[]; requeueAfterMs?: number }
}
const cases: Case[] = [
  { name: "there", object: applied(), whereabouts: "present", want: { writes: [] } },
  { name: "there again", object: applied(START), whereabouts: "present", want: { writes: ["evictionStartTime null"] } },
  {
    name: "missing: the clock starts",
    object: applied(),
    whereabouts: "missing",
    want: { writes: [`evictionStartTime ${START}`], requeueAfterMs: GRACE_MS },
  },
  {
    name: "superseded: the clock starts too",
    object: applied(),
    whereabouts: "superseded",
    want: { writes: [`evictionStartTime ${START}`], requeueAfterMs: GRACE_MS },
  },
  { name: "detached: at once", object: applied(), whereabouts: "detached", want: { writes: ["delete"] } },
  {
    name: "one ms before the end",
    object: applied(START),
    whereabouts: "missing",
    nowMs: START_MS + GRACE_MS - 1,
    want: { writes: [], requeueAfterMs: 1 },
  },
  {
    name: "at the end",
    object: applied(START),
    whereabouts: "missing",
    nowMs: START_MS + GRACE_MS,
    want: { writes: ["delete"] },
  },
  {
    name: "long after the end, but the hub does not answer",
    object: applied(START),
    whereabouts: "unknown",
    nowMs: START_MS + 100 * GRACE_MS,
    want: { writes: [] },
  },
  { name: "not known, clock not started", object: applied(), whereabouts: "unknown", want: { writes: [] } },
  {
    name: "eviction switched off",
    object: applied(START),
    whereabouts: "missing",
    nowMs: START_MS + GRACE_MS,
    graceMs: EVICTION_NEVER_MS,
    want: { writes: ["evictionStartTime null"] },
  },
  { name: "going already", object: applied(undefined, START), whereabouts: "missing", want: { writes: [] } },
]
for (const { name, object, whereabouts, nowMs = START_MS, graceMs = GRACE_MS, want } of cases) {
  test(`planEviction: ${name}`, () => {
    const plan = planEviction(object, whereabouts, { nowMs, graceMs })
    const writes = plan.actions.map((action) => {
      if (action.do !== "patch") return action.do
      const { status } = action.patch as { status: { evictionStartTime: string | null } }
      return `evictionStartTime ${status.evictionStartTime}`
    })
    const { requeueAfterMs } = plan
    assert.deepEqual({ writes, ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }) }, want)
  })
}

const AGENT = { agentId: "h", hubHash: "h" }
const from = (identity: string | undefined, name = "h-w") => {
  const object = applied()
  const annotations = identity === undefined ? {} : { "hawser.dev/hub-identity": identity }
  return { ...object, metadata: { ...object.metadata, name, annotations } }
}
for (const { name, object, want } of [
  { name: "of the ManagedCluster that was detached", object: from("u1"), want: true },
  { name: "of another one under the same name", object: from("u2"), want: false },
  { name: "of an agent that records no identity", object: from(undefined), want: true },
  { name: "of another hub", object: from("u1", "other-w"), want: false },
]) {
  test(`isLeaving: ${name}`, () =>
    assert.equal(isLeaving(object, { identity: "u1", keepsObjects: false }, AGENT), want))
}

test("evictionEvents: one for each turn", () => {
  const told = (object: AppliedManifestWork, whereabouts: WorkWhereabouts, nowMs: number) =>
    evictionEvents(object, planEviction(object, whereabouts, { nowMs, graceMs: GRACE_MS }), whereabouts).map(
      ({ reason, note }) => `${reason}: ${note}`,
    )
  assert.deepEqual(told(applied(), "present", START_MS), [])
  assert.deepEqual(told(applied(), "missing", START_MS), [
    'EvictionStarted: ManifestWork "w" is missing: what it applied will be taken away',
  ])
  assert.deepEqual(told(applied(START), "present", START_MS), [
    'EvictionStopped: ManifestWork "w" is present: what it applied stays',
  ])
  assert.deepEqual(told(applied(START), "missing", START_MS + GRACE_MS), [
    'Evicted: What ManifestWork "w" applied is taken away: the work is missing',
  ])
})
