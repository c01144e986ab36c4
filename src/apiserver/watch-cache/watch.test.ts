import assert from "node:assert/strict"
import { test } from "node:test"
import { newWidgetServer } from "#apiserver/testing/widget-server.ts"
import { WATCH_BACKLOG_BYTES_MAX } from "./watch.ts"

const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
const MERGE = { "content-type": "application/merge-patch+json" }
const widget = (name: string, labels: object = {}) => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name, labels },
})

/** A server whose next revision is 3. */
const newServer = () => newWidgetServer({ store: { historyEventsMax: 10 } })

test("without a revision the present comes first, then changes", async () => {
  const { send, watch } = await newServer()
  await send("POST", WIDGETS, widget("a"))
  const [unset, zero] = [await watch(`${WIDGETS}?watch=1`), await watch(`${WIDGETS}?watch=1&resourceVersion=0`)]
  await send("POST", WIDGETS, widget("b"))
  await send("PATCH", `${WIDGETS}/a`, { spec: { size: 1 } }, MERGE)
  await send("DELETE", `${WIDGETS}/b`)
  const want = ["ADDED a 3", "ADDED b 4", "MODIFIED a 5", "DELETED b 6"]
  assert.deepEqual(unset.brief(), want)
  assert.deepEqual(zero.brief(), want)
  unset.stop()
  await send("DELETE", `${WIDGETS}/a`)
  assert.deepEqual(unset.brief(), want)
  assert.equal(zero.brief().length, 5)
})

test("from a revision only later changes come", async () => {
  const { send, watch } = await newServer()
  await send("POST", WIDGETS, widget("a"))
  await send("POST", WIDGETS, widget("b"))
  const events = await watch(`${WIDGETS}?watch=1&resourceVersion=3`)
  assert.deepEqual(events.brief(), ["ADDED b 4"])
})

test("a revision that is no longer known ends the watch with 410", async () => {
  const { send, watch } = await newServer()
  for (let i = 0; i < 20; i++) await send("POST", WIDGETS, widget(`a${i}`))
  const events = await watch(`${WIDGETS}?watch=1&resourceVersion=3`)
  const [error] = events.events()
  assert.deepEqual([error.type, error.object.code, error.object.reason], ["ERROR", 410, "Expired"])
  assert.match(error.object.message, /^too old resource version: 3 \(\d+\)$/)
  assert.ok(events.ended)
})

test("a revision of the future waits silently", async () => {
  const { send, watch } = await newServer()
  const events = await watch(`${WIDGETS}?watch=1&resourceVersion=4`)
  await send("POST", WIDGETS, widget("a"))
  await send("POST", WIDGETS, widget("b"))
  assert.deepEqual(events.brief(), [])
  await send("POST", WIDGETS, widget("c"))
  assert.deepEqual(events.brief(), ["ADDED c 5"])
})

test("objects enter and leave a selection", async () => {
  const { send, watch } = await newServer()
  await send("POST", WIDGETS, widget("a", { app: "x" }))
  const events = await watch(`${WIDGETS}?watch=1&labelSelector=app%3Dx`)
  const label = (app: string) => send("PATCH", `${WIDGETS}/a`, { metadata: { labels: { app } } }, MERGE)
  await label("y")
  await label("z")
  await label("x")
  await send("PATCH", `${WIDGETS}/a`, { spec: { size: 1 } }, MERGE)
  await send("POST", WIDGETS, widget("b", { app: "y" }))
  await send("DELETE", `${WIDGETS}/b`)
  await send("DELETE", `${WIDGETS}/a`)
  assert.deepEqual(events.brief(), ["ADDED a 3", "DELETED a 4", "ADDED a 6", "MODIFIED a 7", "DELETED a 10"])
  // What left is told as it was known, with the revision at which it left.
  assert.equal(events.events()[1].object.metadata.labels.app, "x")
})

test("one object, by field selector and by the deprecated path", async () => {
  const { send, watch } = await newServer()
  const watches = [
    await watch(`${WIDGETS}?watch=1&fieldSelector=metadata.name%3Da`),
    await watch("/apis/example.com/v1/widgets?watch=1&fieldSelector=metadata.name%3Da"),
    await watch("/apis/example.com/v1/watch/namespaces/default/widgets/a"),
  ]
  await send("POST", WIDGETS, widget("a"))
  await send("POST", WIDGETS, widget("ab"))
  for (const events of watches) assert.deepEqual(events.brief(), ["ADDED a 3"])
})

for (const { query, want } of [
  {
    query: "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan",
    want: ["ADDED a 3", "BOOKMARK - 3"],
  },
  { query: "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=3", want: ["ADDED a 3"] },
  { query: "sendInitialEvents=false&resourceVersionMatch=NotOlderThan", want: [] },
]) {
  test(`initial events: ${query}`, async () => {
    const { send, watch } = await newServer()
    await send("POST", WIDGETS, widget("a"))
    const events = await watch(`${WIDGETS}?watch=1&${query}`)
    assert.deepEqual(events.brief(), want)
    const mark = events.events().find((e) => e.type === "BOOKMARK")
    if (mark !== undefined) {
      assert.deepEqual(mark.object, {
        kind: "Widget",
        apiVersion: "example.com/v1",
        metadata: { resourceVersion: "3", annotations: { "k8s.io/initial-events-end": "true" } },
      })
    }
    await send("POST", WIDGETS, widget("b"))
    assert.deepEqual(events.brief(), [...want, "ADDED b 4"])
  })
}

test("initial events as of a revision of the future are 504", async () => {
  const { watch } = await newServer()
  const events = await watch(
    `${WIDGETS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=9`,
  )
  assert.deepEqual(events.brief(), ["ERROR - 504"])
})

test("initial events need their companion", async () => {
  const { send } = await newServer()
  const answer = await send("GET", `${WIDGETS}?watch=1&sendInitialEvents=true`)
  assert.deepEqual(
    [answer.status, answer.body.message],
    [
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
  )
})

test("bookmarks come each minute and at the end", async () => {
  const { send, watch, clock } = await newServer()
  const events = await watch(`${WIDGETS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=150`)
  await clock.advance(59_999)
  assert.deepEqual(events.brief(), [])
  await send("POST", "/api/v1/namespaces/default/configmaps", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "c" },
  })
  await clock.advance(1)
  assert.deepEqual(events.brief(), ["BOOKMARK - 3"])
  await clock.advance(90_000)
  assert.deepEqual(events.brief(), ["BOOKMARK - 3", "BOOKMARK - 3", "BOOKMARK - 3"])
  assert.ok(events.ended)
  assert.equal(clock.timerCount, 0)
})

test("a watch without a timeout ends between half an hour and an hour", async () => {
  const { watch, clock } = await newServer()
  const events = await watch(`${WIDGETS}?watch=1`)
  await clock.advance(1_800_000 - 1)
  assert.equal(events.ended, false)
  await clock.advance(1_800_001)
  assert.equal(events.ended, true)
})

test("a slow reader is cut off, others go on", async () => {
  const { send, watch } = await newServer()
  const [slow, other] = [await watch(`${WIDGETS}?watch=1`), await watch(`${WIDGETS}?watch=1`)]
  slow.queued = WATCH_BACKLOG_BYTES_MAX
  await send("POST", WIDGETS, widget("a"))
  assert.equal(slow.ended, false)
  slow.queued = WATCH_BACKLOG_BYTES_MAX + 1
  await send("POST", WIDGETS, widget("b"))
  assert.equal(slow.ended, true)
  await send("POST", WIDGETS, widget("c"))
  assert.deepEqual([slow.brief().length, other.brief().length], [2, 3])
})

test("a table in a watch names its columns once to each watcher", async () => {
  const { send, watch } = await newServer()
  const accept = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" }
  const [first, second] = [await watch(`${WIDGETS}?watch=1`, accept), await watch(`${WIDGETS}?watch=1`, accept)]
  await send("POST", WIDGETS, widget("a"))
  await send("POST", WIDGETS, widget("b"))
  for (const events of [first, second]) {
    const tables = events.events().map((e) => e.object)
    assert.deepEqual(
      tables.map((t) => [t.kind, t.columnDefinitions?.length, t.rows[0].cells]),
      [
        ["Table", 1, ["a"]],
        ["Table", undefined, ["b"]],
      ],
    )
  }
})

test("metadata alone in a watch", async () => {
  const { send, watch } = await newServer()
  const events = await watch(`${WIDGETS}?watch=1`, {
    accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
  })
  await send("POST", WIDGETS, widget("a"))
  await send("DELETE", `${WIDGETS}/a`)
  assert.deepEqual(events.brief(), ["ADDED a 3", "DELETED a 4"])
  assert.deepEqual(Object.keys(events.events()[0].object), ["kind", "apiVersion", "metadata"])
})
