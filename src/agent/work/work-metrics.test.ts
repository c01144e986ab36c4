import assert from "node:assert/strict"
import { test } from "node:test"
import { newMetrics } from "#lib/metrics.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { workMetrics } from "./work-metrics.ts"

function newWorld() {
  const clock = newVirtualClock(0)
  const metrics = newMetrics()
  const told = workMetrics(metrics, clock, new AbortController().signal)
  const read = (series: string) => {
    const line = metrics
      .text()
      .split("\n")
      .find((candidate) => candidate.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }
  return { clock, told, read }
}

test("workMetrics: the lag is from the first change until the hub has the status", async () => {
  const { clock, told, read } = newWorld()
  told.changed("a")
  await clock.advance(2_000)
  told.changed("a")
  told.changed("b")
  await clock.advance(1_000)
  assert.equal(read("hawser_agent_status_lag_oldest_seconds"), 3)
  told.reported("a", { isWritten: true, startedMs: clock.nowMs() })
  assert.deepEqual([read("hawser_agent_status_lag_seconds_sum"), read("hawser_agent_status_lag_seconds_count")], [3, 1])
  assert.equal(read("hawser_agent_status_lag_oldest_seconds"), 1)
})

test("workMetrics: a change that the status says nothing of, or of a work that is gone, is no lag", () => {
  const { clock, told, read } = newWorld()
  const startedMs = clock.nowMs()
  told.changed("a")
  told.reported("a", { isWritten: false, startedMs })
  told.changed("b")
  told.forgot("b")
  told.reported("c", { isWritten: true, startedMs })
  assert.deepEqual(
    [read("hawser_agent_status_lag_seconds_count"), read("hawser_agent_status_lag_oldest_seconds")],
    [undefined, 0],
  )
})

test("workMetrics: a change while a report is on its way waits for the next", async () => {
  const { clock, told, read } = newWorld()
  told.changed("a")
  const startedMs = clock.nowMs()
  await clock.advance(1_000)
  told.changed("a")
  await clock.advance(1_000)
  told.reported("a", { isWritten: true, startedMs })
  assert.deepEqual(
    [read("hawser_agent_status_lag_seconds_sum"), read("hawser_agent_status_lag_oldest_seconds")],
    [2, 1],
  )
})
