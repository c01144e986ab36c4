import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { detachedLease, TOMBSTONES_MAX, tombstonesOf, type Tombstone } from "#api/cluster/detached.ts"
import { describeWrite } from "#runtime/apply-plan.ts"
import type { Write } from "#runtime/apply-plan.ts"
import { CLEARED_MS, newDetachedBinding, planTombstones, TOMBSTONE_MS } from "./tombstone.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const tombstone = (uid: string, agoMs: number, clearedAgoMs?: number): Tombstone => ({
  uid,
  detachedMs: NOW_MS - agoMs,
  workloads: "remove",
  ...(clearedAgoMs === undefined ? {} : { clearedMs: NOW_MS - clearedAgoMs }),
})
const binding = newDetachedBinding("c1")

describe("planTombstones", () => {
  for (const { name, tombstones, want, requeueAfterMs } of [
    { name: "waits for its agent", tombstones: [tombstone("a", 1000)], want: [], requeueAfterMs: TOMBSTONE_MS - 1000 },
    {
      name: "obeyed: seen for a while",
      tombstones: [tombstone("a", 5000, 1000)],
      want: [],
      requeueAfterMs: CLEARED_MS - 1000,
    },
    {
      name: "one of two is over",
      tombstones: [tombstone("a", TOMBSTONE_MS), tombstone("b", 1000)],
      want: ["update c1/detached-clusters"],
      requeueAfterMs: TOMBSTONE_MS - 1000,
    },
    {
      name: "the last one is over",
      tombstones: [tombstone("a", 1e9, CLEARED_MS)],
      want: ["delete c1/hawser:detached-cluster", "delete c1/detached-clusters"],
    },
  ]) {
    test(name, () => {
      const plan = planTombstones({ lease: detachedLease("c1", tombstones), binding }, NOW_MS)
      const writes = plan.actions.map((action) => describeWrite(action as Write))
      assert.deepEqual(
        writes.map(({ do: verb, key }) => `${verb} ${key}`),
        want,
      )
      assert.equal(plan.requeueAfterMs, requeueAfterMs)
    })
  }
})

describe("tombstones", () => {
  test("what was written is read", () => {
    const written = [
      tombstone("a", 0),
      tombstone("b", 3000, 1000),
      { ...tombstone("c", 0), workloads: "keep" } as const,
    ]
    assert.deepEqual(tombstonesOf(detachedLease("c1", written)), written)
  })

  test("the oldest go when there are too many", () => {
    const many = Array.from({ length: TOMBSTONES_MAX + 2 }, (_, i) => tombstone(`u${i}`, 1000))
    assert.deepEqual(
      tombstonesOf(detachedLease("c1", many)).map(({ uid }) => uid),
      many.slice(2).map(({ uid }) => uid),
    )
  })

  for (const text of [
    "",
    "{",
    "7",
    "null",
    '[{"uid":7}]',
    '[{"uid":"a","detachedAt":"soon","workloads":"remove"}]',
    "[null]",
  ]) {
    test(`no tombstone can be read in ${text}`, () => {
      const lease = detachedLease("c1", [])
      const broken = {
        ...lease,
        metadata: { ...lease.metadata, annotations: { "hawser.dev/detached-clusters": text } },
      }
      assert.deepEqual(tombstonesOf(broken), [])
    })
  }

  test("what is not understood takes nothing away", () => {
    const lease = detachedLease("c1", [])
    const text = '[{"uid":"a","detachedAt":"2026-01-01T00:00:00Z","workloads":"explode"}]'
    const odd = { ...lease, metadata: { ...lease.metadata, annotations: { "hawser.dev/detached-clusters": text } } }
    assert.equal(tombstonesOf(odd)[0]?.workloads, "keep")
  })
})
