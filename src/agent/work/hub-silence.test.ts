import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "#lib/random.ts"
import { HubSilence } from "./hub-silence.ts"

test("a hub that answers is asked by all", () => {
  const silence = new HubSilence(seededRandom(1))
  assert.deepEqual([silence.mayAsk("a", 0), silence.mayAsk("b", 0), silence.answered()], [true, true, []])
})

test("a hub that does not is asked by one at a time, ever less often", () => {
  const silence = new HubSilence(seededRandom(1))
  assert.ok(silence.mayAsk("a", 0) && silence.mayAsk("b", 0))
  const waits = [silence.unanswered("a", 0)!]
  assert.equal(silence.unanswered("b", 1), undefined)
  let nowMs = 0
  for (let i = 0; i < 12; i++) {
    assert.equal(silence.mayAsk("c", nowMs + waits[i]! - 1), false)
    nowMs += waits[i]!
    assert.equal(silence.mayAsk("a", nowMs), true)
    assert.equal(silence.mayAsk("b", nowMs), false)
    waits.push(silence.unanswered("a", nowMs)!)
  }
  assert.ok(waits[0]! <= 2_000 && waits.at(-1)! >= 20_000 && Math.max(...waits) <= 60_000, waits.join(" "))
  assert.deepEqual(silence.answered().toSorted(), ["a", "b", "c"])
  assert.deepEqual([silence.mayAsk("a", nowMs), silence.mayAsk("b", nowMs), silence.answered()], [true, true, []])
})
