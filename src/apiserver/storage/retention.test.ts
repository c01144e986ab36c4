import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { KEPT_MS, Retention } from "./retention.ts"

test("nothing is forgotten while it is young and small", () => {
  const retention = new Retention(1_000)
  for (let revision = 1; revision <= 10; revision++) retention.add(revision, revision * 1_000, 100)
  assert.equal(retention.take(10_000), 0)
})

test("what is old goes first, a few marks at a time", () => {
  const retention = new Retention(1_000_000)
  for (let revision = 1; revision <= 10; revision++) retention.add(revision, revision * 1_000, 100)
  assert.equal(retention.take(KEPT_MS + 3_001), 3)
  assert.equal(retention.take(KEPT_MS + 3_001), 0)
  assert.equal(retention.take(KEPT_MS + 60_000), 7)
  assert.equal(retention.take(KEPT_MS + 60_000), 10)
})

test("after enough calls what is kept is young and within the bound", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ pause: fc.nat(2_000), bytes: fc.nat(500) }), { maxLength: 200 }), (writes) => {
      const retention = new Retention(2_000)
      let nowMs = 0
      let forgotten = 0
      const take = () => {
        const revision = retention.take(nowMs)
        assert.ok(revision === 0 || revision > forgotten)
        forgotten = Math.max(forgotten, revision)
        return revision > 0
      }
      for (const [i, { pause, bytes }] of writes.entries()) {
        nowMs += pause
        retention.add(i + 1, nowMs, bytes)
        take()
        assert.ok(forgotten <= i + 1)
      }
      while (take());
      const kept = writes.slice(forgotten)
      assert.ok(kept.reduce((sum, { bytes }) => sum + bytes, 0) <= 2_000)
    }),
    { numRuns: 100 },
  )
})
