import assert from "node:assert/strict"
import { test } from "node:test"
import { newMetrics } from "./metrics.ts"

test("newMetrics: Prometheus text of every type", () => {
  const metrics = newMetrics()
  const requests = metrics.counter("requests_total", "Requests\nby code.")
  requests.add({ code: "200" })
  requests.add({ code: "200" }, 2)
  requests.add({ code: 'a "b" \\' })
  metrics.gauge("depth", "Depth.").set(3)
  metrics.gauge("depth", "Depth.").set(2)
  const seconds = metrics.histogram("seconds", "Time.", [0.1, 1])
  for (const value of [0.1, 0.5, 7]) seconds.observe(value, { x: "y" })
  assert.equal(
    metrics.text(),
    `# HELP requests_total Requests\\nby code.
# TYPE requests_total counter
requests_total{code="200"} 3
requests_total{code="a \\"b\\" \\\\"} 1
# HELP depth Depth.
# TYPE depth gauge
depth 2
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{x="y",le="0.1"} 1
seconds_bucket{x="y",le="1"} 2
seconds_bucket{x="y",le="+Inf"} 3
seconds_sum{x="y"} 7.6
seconds_count{x="y"} 3
`,
  )
})

test("newMetrics: one name is of one type", () => {
  const metrics = newMetrics()
  metrics.counter("a", "A.")
  assert.throws(() => metrics.gauge("a", "A."), /"a": it is a counter already/)
})

test("newMetrics: series without end are cut off", () => {
  const metrics = newMetrics()
  const counter = metrics.counter("a", "A.")
  for (let i = 0; i < 10_002; i++) counter.add({ i: String(i) })
  assert.equal(metrics.text().split("\n").length, 2 + 10_000 + 1)
})
