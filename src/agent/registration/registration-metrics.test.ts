import assert from "node:assert/strict"
import { test } from "node:test"
import { newMetrics } from "#lib/metrics.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { registrationMetrics } from "./registration-metrics.ts"

test("registrationMetrics: lives and ages are those of the moment they are asked for", async () => {
  const clock = newVirtualClock(0)
  const metrics = newMetrics()
  const told = registrationMetrics(metrics, clock, "c1")!
  const series = () =>
    metrics
      .text()
      .split("\n")
      .filter((line) => line.includes("{"))
  assert.deepEqual(series(), ['hawser_agent_hub_session{cluster="c1"} 0'])
  told.certificate(100_000)
  told.leaseRenewed()
  told.session(true)
  await clock.advance(30_000)
  assert.deepEqual(series(), [
    'hawser_agent_certificate_ttl_seconds{cluster="c1"} 70',
    'hawser_agent_lease_renewal_age_seconds{cluster="c1"} 30',
    'hawser_agent_hub_session{cluster="c1"} 1',
  ])
  told.end()
  assert.deepEqual(series(), [])
})
