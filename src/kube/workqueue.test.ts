import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import type { WorkqueueOptions } from "./workqueue.ts"
import { newWorkqueue } from "./workqueue.ts"

function newWorld(options: Partial<WorkqueueOptions> = {}) {
  const clock = newVirtualClock(0)
  return { clock, queue: newWorkqueue({ clock, random: seededRandom(1), ...options }) }
}

test("newWorkqueue: first in, first out, each key once", async () => {
  const { queue } = newWorld()
  for (const key of ["a", "b", "a", "c", "b"]) queue.add(key)
  assert.equal(queue.length, 3)
  assert.deepEqual([await queue.get(), await queue.get(), await queue.get()], ["a", "b", "c"])
})

test("newWorkqueue: a key that is added while it is processed comes again after done, once", async () => {
  const { queue } = newWorld()
  queue.add("a")
  assert.equal(await queue.get(), "a")
  queue.add("a")
  queue.add("a")
  assert.equal(queue.length, 0)
  queue.done("a")
  assert.equal(queue.length, 1)
  assert.equal(await queue.get(), "a")
  queue.done("a")
  assert.equal(queue.length, 0)
})

test("newWorkqueue: one who waits gets the key at once", async () => {
  const { clock, queue } = newWorld()
  const got: (string | undefined)[] = []
  for (let i = 0; i < 2; i++) void queue.get().then((key) => got.push(key))
  queue.add("a")
  queue.add("a")
  queue.add("b")
  await clock.settle()
  assert.deepEqual(got, ["a", "b"])
  queue.done("a")
  assert.equal(await queue.get(), "a")
})

test("addAfter: of two delays the shorter counts, and one wake is one key", async () => {
  const { clock, queue } = newWorld()
  queue.addAfter("a", 1_000)
  queue.addAfter("a", 100)
  queue.addAfter("a", 500)
  await clock.advance(99)
  assert.deepEqual([queue.length, queue.delayedLength], [0, 1])
  await clock.advance(1)
  assert.deepEqual([queue.length, queue.delayedLength], [1, 0])
  assert.equal(await queue.get(), "a")
  queue.done("a")
  await clock.advance(1_000)
  assert.equal(queue.length, 0)
})

test("addAfter: no delay is now", () => {
  const { queue } = newWorld()
  queue.addAfter("a", 0)
  assert.equal(queue.length, 1)
})

test("addRateLimited: the delay grows until forget", async () => {
  const { clock, queue } = newWorld({ backoff: { initialMs: 100, maxMs: 350 } })
  const waits: number[] = []
  const fail = async () => {
    const startMs = clock.nowMs()
    queue.addRateLimited("a")
    await clock.runUntil(() => queue.length === 1)
    queue.done((await queue.get()) ?? "")
    waits.push(clock.nowMs() - startMs)
  }
  for (let i = 0; i < 4; i++) await fail()
  assert.equal(queue.retries("a"), 4)
  queue.forget("a")
  assert.equal(queue.retries("a"), 0)
  await fail()
  const bounds = [100, 200, 350, 350, 100]
  waits.forEach((wait, i) => assert.ok(wait >= bounds[i]! / 2 && wait <= bounds[i]!, `${wait} for ${bounds[i]}`))
})

test("shutDown: whoever waits is told, nothing is handed out, no timer is left", async () => {
  const { clock, queue } = newWorld()
  const waiting = queue.get()
  queue.addAfter("late", 1_000)
  queue.shutDown()
  assert.equal(await waiting, undefined)
  queue.add("a")
  queue.addAfter("b", 10)
  queue.addRateLimited("c")
  assert.equal(await queue.get(), undefined)
  assert.deepEqual([queue.length, clock.timerCount], [0, 0])
})

test("newWorkqueue: refuses more keys than its bound, loudly", () => {
  const { queue } = newWorld({ lengthMax: 2 })
  queue.add("a")
  queue.add("b")
  queue.add("a")
  assert.throws(() => queue.add("c"), /2 keys wait, want at most 2/)
})

test("newWorkqueue: long queues keep their order", async () => {
  const { queue } = newWorld()
  const keys = Array.from({ length: 5_000 }, (_, i) => `k${i}`)
  for (const key of keys) queue.add(key)
  const got: (string | undefined)[] = []
  for (let i = 0; i < keys.length; i++) {
    got.push(await queue.get())
    queue.done(keys[i]!)
  }
  assert.deepEqual(got, keys)
})
