import assert from "node:assert/strict"
import { test } from "node:test"
import { newMetrics } from "#lib/metrics.ts"
import { addProcessMetrics } from "#lib/process-metrics.ts"
import { newWidgetServer } from "#apiserver/testing/widget-server.ts"

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"

async function measured() {
  const server = await newWidgetServer({ metrics: newMetrics() })
  const lines = async (start: string) => {
    const { text } = await server.send("GET", "/metrics")
    return text.split("\n").filter((line) => line.startsWith(start))
  }
  return { ...server, lines }
}

test("requests by what they are about and how they end", async () => {
  const { send, lines } = await measured()
  await send("POST", `${CONFIG_MAPS}?dryRun=All`, { metadata: { name: "a" } })
  await send("GET", CONFIG_MAPS)
  await send("DELETE", `${CONFIG_MAPS}/none`)
  const of = (code: number, dryRun: string, scope: string, verb: string) =>
    `apiserver_request_total{code="${code}",component="apiserver",dry_run="${dryRun}",group="",resource="configmaps",scope="${scope}",subresource="",verb="${verb}",version="v1"} 1`
  assert.deepEqual(await lines("apiserver_request_total"), [
    of(201, "All", "resource", "POST"),
    of(200, "", "namespace", "LIST"),
    of(404, "", "resource", "DELETE"),
  ])
  assert.equal((await lines("apiserver_request_duration_seconds_count")).length, 4)
  assert.equal((await lines("apiserver_response_sizes_count")).length, 4)
})

test("names that clients make up are no labels", async () => {
  const { send, lines } = await measured()
  for (const path of ["/x", "/y", "/apis/z/v1/things", "/api/v1/nothings/a", `${CONFIG_MAPS}/a/made-up`]) {
    await send("GET", path)
    await send("BREW", path)
  }
  const labels = (await lines("apiserver_request_total")).join("\n")
  assert.doesNotMatch(labels, /\/x|\/y|things|made-up|BREW/)
})

test("watches that are open, and what they were sent", async () => {
  const { send, watch, lines } = await measured()
  const open = await watch(`${CONFIG_MAPS}?watch=1`)
  await send("POST", CONFIG_MAPS, { metadata: { name: "a" } })
  assert.match((await lines("apiserver_longrunning_requests"))[0]!, /verb="WATCH",version="v1"} 1$/)
  open.stop()
  open.stop()
  assert.match((await lines("apiserver_longrunning_requests"))[0]!, /verb="WATCH",version="v1"} 0$/)
  assert.deepEqual(await lines("apiserver_watch_events_total"), [
    'apiserver_watch_events_total{group="",resource="configmaps",version="v1"} 1',
  ])
})

test("what is stored, what is in flight", async () => {
  const { lines } = await measured()
  assert.match((await lines("apiserver_storage_objects")).join("\n"), /\{resource="namespaces"\} 2/)
  assert.match((await lines("apiserver_resource_objects")).join("\n"), /\{group="",resource="namespaces"\} 2/)
  assert.deepEqual(await lines("apiserver_current_inflight_requests"), [
    'apiserver_current_inflight_requests{request_kind="mutating"} 0',
    'apiserver_current_inflight_requests{request_kind="readOnly"} 0',
  ])
})

test("the process", () => {
  const metrics = newMetrics()
  addProcessMetrics(metrics)
  assert.match(metrics.text(), /^process_resident_memory_bytes [1-9]\d+$/m)
  assert.match(metrics.text(), /^process_cpu_seconds_total [\d.]+$/m)
})
