import assert from "node:assert/strict"
import { test } from "node:test"
import { newMetrics } from "#lib/metrics.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { newWorkqueue } from "#kube/workqueue.ts"
import { controllerMetrics } from "./controller-metrics.ts"

test("controllerMetrics: a queue's depth, adds, waiting, work under way and retries, under client-go's names", async () => {
  const clock = newVirtualClock(0)
  const metrics = newMetrics()
  const { queue: observer } = controllerMetrics(metrics, clock, "accept", 4)
  const queue = newWorkqueue({ clock, random: seededRandom(1), observer: observer! })
  const read = (name: string) =>
    Number(new RegExp(`^${name}\\{name="accept"\\} (\\S+)$`, "m").exec(metrics.text())?.[1])
  assert.equal(read("workqueue_depth"), 0)
  for (const key of ["a", "b", "a"]) queue.add(key)
  assert.deepEqual([read("workqueue_depth"), read("workqueue_adds_total")], [2, 2])
  await clock.advance(2_000)
  const key = (await queue.get())!
  assert.deepEqual([read("workqueue_depth"), read("workqueue_queue_duration_seconds_sum")], [1, 2])
  await clock.advance(3_000)
  assert.equal(read("workqueue_unfinished_work_seconds"), 3)
  queue.addRateLimited(key)
  queue.done(key)
  assert.deepEqual(
    ["workqueue_unfinished_work_seconds", "workqueue_work_duration_seconds_sum", "workqueue_retries_total"].map(read),
    [0, 3, 1],
  )
  queue.shutDown()
  assert.equal(read("workqueue_depth"), 0, "what waits in a queue that has ended waits no more")
})

test("controllerMetrics: controllers of one name are counted together", () => {
  const clock = newVirtualClock(0)
  const metrics = newMetrics()
  const [one, other] = [1, 2].map(() => controllerMetrics(metrics, clock, "shared-role", 1).queue!)
  one!.added("a")
  other!.added("a")
  other!.shutDown()
  assert.match(metrics.text(), /^workqueue_depth\{name="shared-role"\} 1$/m)
})
