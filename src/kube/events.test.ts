import assert from "node:assert/strict"
import { test } from "node:test"
import { silentLog } from "#lib/log.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { newEventRecorder } from "./events.ts"
import { newKubeClient } from "./rest.ts"
import { newFakeObjects } from "./testing/fake-objects.ts"
import { widget } from "./testing/types.ts"

function newWorld() {
  const clock = newVirtualClock(1_800_000_000_000)
  const server = newFakeObjects()
  const recorder = newEventRecorder({
    client: newKubeClient({ transport: server.transport, userAgent: "test", clock }),
    clock,
    random: seededRandom(1),
    log: silentLog,
    reportingController: "open-cluster-management.io/hawser-hub",
    reportingInstance: "host",
  })
  const stored = () => [...server.objects.values()] as (KubeObject & { note?: string; series?: object })[]
  return { clock, server, recorder, stored }
}

const target = widget("ns", "w", { uid: "u", resourceVersion: "5" })

test("newEventRecorder: one event", async () => {
  const { clock, server, recorder, stored } = newWorld()
  recorder.event(target, "Normal", "Accepted", "Accept", "Cluster accepted")
  await recorder.flush()
  await clock.settle()
  const [event] = stored()
  const { name, ...metadata } = event!.metadata
  assert.match(name ?? "", /^w\.[0-9a-f]{16}$/)
  assert.deepEqual(
    { ...event, metadata },
    {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace: "ns", uid: "uid-1", resourceVersion: "1" },
      eventTime: "2027-01-15T08:00:00.000000Z",
      reportingController: "open-cluster-management.io/hawser-hub",
      reportingInstance: "host",
      action: "Accept",
      reason: "Accepted",
      regarding: {
        apiVersion: "example.com/v1",
        kind: "Widget",
        name: "w",
        namespace: "ns",
        uid: "u",
        resourceVersion: "5",
      },
      note: "Cluster accepted",
      type: "Normal",
    },
  )
  assert.equal(server.requests[0], "POST /apis/events.k8s.io/v1/namespaces/ns/events")
})

test("newEventRecorder: alike events are one series for six minutes", async () => {
  const { clock, recorder, stored } = newWorld()
  const record = async () => {
    recorder.event(target, "Warning", "Failed", "Apply", "no")
    await recorder.flush()
  }
  for (let i = 0; i < 3; i++) await record()
  await clock.advance(359_000)
  await record()
  assert.deepEqual(
    stored().map(({ series }) => series),
    [{ count: 4, lastObservedTime: "2027-01-15T08:05:59.000000Z" }],
  )
  recorder.event(target, "Warning", "Failed", "Apply", "something else")
  await clock.advance(361_000)
  await record()
  assert.equal(stored().length, 3)
})

test("newEventRecorder: an event whose series expired on the server is written anew", async () => {
  const { server, recorder, stored } = newWorld()
  const record = async () => {
    recorder.event(target, "Normal", "R", "A", "n")
    await recorder.flush()
  }
  await record()
  server.objects.clear()
  await record()
  await record()
  assert.equal(stored().length, 1)
})

test("newEventRecorder: a storm is slowed to its bound, and beyond the queue's dropped", async () => {
  const { clock, server, recorder } = newWorld()
  for (let i = 0; i < 5_000; i++) recorder.event(target, "Normal", "R", "A", `note ${i}`)
  await clock.settle()
  assert.equal(server.requests.length, 50)
  await clock.advance(10_000)
  assert.equal(server.requests.length, 150)
  await clock.advance(600_000)
  // One was taken from the queue at once, so that a thousand more had room.
  assert.equal(server.requests.length, 1_001)
  assert.equal(clock.timerCount, 0)
})

test("newEventRecorder: failures are no one's problem", async () => {
  const { server, recorder, stored } = newWorld()
  server.failure = "connection"
  recorder.event(target, "Normal", "R", "A", "n")
  await recorder.flush()
  server.failure = undefined
  recorder.event(target, "Normal", "R", "A", "n")
  await recorder.flush()
  assert.equal(stored().length, 1)
})

test("newEventRecorder: cluster-scoped objects, and notes that are too long", async () => {
  const { recorder, stored } = newWorld()
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" } }
  recorder.event(node, "Normal", "R", "A", "ö".repeat(600))
  await recorder.flush()
  const [event] = stored()
  assert.equal(event?.metadata.namespace, "default")
  const note = event?.note ?? ""
  assert.ok(Buffer.byteLength(note) <= 1_024)
  assert.match(note, /^ö+…$/)
})
