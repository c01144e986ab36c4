import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { newWorkqueue } from "./workqueue.ts"

const key = fc.constantFrom("a", "b", "c")
const step = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key }),
  fc.record({ do: fc.constant("addAfter" as const), key, delayMs: fc.nat(50) }),
  fc.record({ do: fc.constant("addRateLimited" as const), key }),
  fc.record({ do: fc.constant("forget" as const), key }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.nat(30) }),
)

test("newWorkqueue: no key is lost, none is with two workers, and every add is followed by a later start", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(20),
      async (steps, workers, workMs) => {
        const clock = newVirtualClock(0)
        const queue = newWorkqueue({ clock, random: seededRandom(1), backoff: { initialMs: 5, maxMs: 40 } })
        const active = new Set<string>()
        /** Counted up at every add and every start, to know which came last. */
        let moment = 0
        const lastAdd = new Map<string, number>()
        const lastStart = new Map<string, number>()
        const work = async () => {
          for (let got = await queue.get(); got !== undefined; got = await queue.get()) {
            assert.ok(!active.has(got), `${got} is with one worker`)
            active.add(got)
            lastStart.set(got, ++moment)
            const took = Promise.withResolvers<void>()
            clock.setTimer(workMs, took.resolve)
            await took.promise
            active.delete(got)
            queue.done(got)
          }
        }
        const running = Promise.all(Array.from({ length: workers }, work))
        for (const each of steps) {
          if (each.do !== "advance" && each.do !== "forget") lastAdd.set(each.key, ++moment)
          if (each.do === "add") queue.add(each.key)
          else if (each.do === "addAfter") queue.addAfter(each.key, each.delayMs)
          else if (each.do === "addRateLimited") queue.addRateLimited(each.key)
          else if (each.do === "forget") queue.forget(each.key)
          else await clock.advance(each.ms)
        }
        await clock.advance(10_000)
        for (const [added, at] of lastAdd)
          assert.ok((lastStart.get(added) ?? 0) > at, `${added} was worked on after its add`)
        assert.deepEqual([queue.length, queue.delayedLength, active.size], [0, 0, 0])
        queue.shutDown()
        await running
      },
    ),
    { numRuns: 150 },
  )
})
