import assert from "node:assert/strict"
import { test } from "node:test"
import { sleep } from "./clock.ts"
import { newVirtualClock } from "./virtual-clock.ts"

const START = 1_800_000_000_000

test("newVirtualClock: timers run by time, ties by creation, and see the time that they were set for", async () => {
  const clock = newVirtualClock(START)
  const ran: string[] = []
  const note = (name: string) => () => void ran.push(`${name}@${clock.nowMs() - START}`)
  clock.setTimer(20, note("late"))
  clock.setTimer(10, note("first"))
  clock.setTimer(10, note("second"))
  clock.setTimer(-5, note("now"))
  clock.setTimer(21, note("not yet"))
  await clock.advance(20)
  assert.deepEqual(ran, ["now@0", "first@10", "second@10", "late@20"])
  assert.equal(clock.nowMs(), START + 20)
  assert.equal(clock.timerCount, 1)
})

test("newVirtualClock: what a timer sets off is over before the next timer runs", async () => {
  const clock = newVirtualClock(START)
  const ran: string[] = []
  clock.setTimer(10, () => {
    void (async () => {
      for (let i = 0; i < 1_000; i++) await Promise.resolve()
      await new Promise((resolve) => setImmediate(resolve))
      ran.push("long chain")
      await sleep(clock, 0)
      ran.push("timer of the same instant")
    })()
  })
  clock.setTimer(11, () => void ran.push("next"))
  await clock.advance(20)
  assert.deepEqual(ran, ["long chain", "timer of the same instant", "next"])
})

test("newVirtualClock: a cancelled timer never runs, not even when one of the same instant cancels it", async () => {
  const clock = newVirtualClock(START)
  const ran: string[] = []
  const first = clock.setTimer(10, () => {
    ran.push("first")
    second.cancel()
  })
  const second = clock.setTimer(10, () => void ran.push("second"))
  await clock.advance(10)
  first.cancel()
  assert.deepEqual(ran, ["first"])
  assert.equal(clock.timerCount, 0)
})

test("runUntil: stops at the instant at which the condition holds", async () => {
  const clock = newVirtualClock(START)
  let ticks = 0
  const tick = () => {
    ticks++
    clock.setTimer(1_000, tick)
  }
  clock.setTimer(1_000, tick)
  assert.equal(await clock.runUntil(() => ticks === 3), true)
  assert.equal(clock.nowMs(), START + 3_000)
  assert.equal(await clock.runUntil(() => ticks === 100, 10_000), false)
  assert.equal(ticks, 13)
  assert.equal(await clock.runUntil(START + 14_500), true)
  assert.deepEqual([ticks, clock.nowMs()], [14, START + 14_500])
})

test("runUntil: gives up when no timer is left", async () => {
  const clock = newVirtualClock(START)
  assert.equal(await clock.runUntil(() => false), false)
})

test("newVirtualClock: does not run twice at once", async () => {
  const clock = newVirtualClock(START)
  const running = clock.advance(1)
  await assert.rejects(clock.advance(1), /running already/)
  await running
  await clock.advance(1)
})
