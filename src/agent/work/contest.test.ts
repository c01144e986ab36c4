import assert from "node:assert/strict"
import { test } from "node:test"
import { Contest } from "./contest.ts"

test("Contest: the first corrections are free, later ones wait longer and longer, up to five minutes", () => {
  const contest = new Contest()
  for (let i = 0; i < 5; i++) assert.equal(contest.waitMs("a", 1_000), 0)
  let nowMs = 1_000
  const waits: number[] = []
  for (let i = 0; i < 11; i++) {
    const waitMs = contest.waitMs("a", nowMs)
    waits.push(waitMs)
    nowMs += waitMs
    assert.equal(contest.waitMs("a", nowMs), 0)
  }
  assert.deepEqual(waits.slice(0, 4), [1_000, 2_000, 4_000, 8_000])
  assert.equal(waits.at(-1), 300_000)
})

test("Contest: objects are judged apart, and calm clears the count", () => {
  const contest = new Contest()
  for (let i = 0; i < 5; i++) contest.waitMs("a", 0)
  assert.equal(contest.waitMs("a", 0), 1_000)
  assert.equal(contest.waitMs("b", 0), 0)
  assert.equal(contest.waitMs("a", 600_000), 0)
  assert.equal(contest.waitMs("a", 600_000), 0)
})
