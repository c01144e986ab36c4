import assert from "node:assert/strict"
import { test } from "node:test"
import { ConnectionError } from "#lib/http.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { newStatusError, StatusError } from "#apimachinery/status-error.ts"
import type { WatchOptions } from "./client.ts"
import { newKubeClient } from "./rest.ts"
import { newScriptedTransport } from "./testing/scripted-transport.ts"
import { WIDGETS, widget } from "./testing/types.ts"

function newWorld() {
  const clock = newVirtualClock(0)
  const server = newScriptedTransport()
  const client = newKubeClient({ transport: server.transport, userAgent: "test", clock })
  const told: string[] = []
  const ends: (Error | undefined)[] = []
  const watch = (options: WatchOptions = {}) =>
    client.watch(WIDGETS, options, {
      event: (type, object) => void told.push(`${type} ${object.kind} ${object.metadata.name}`),
      bookmark: (meta) => void told.push(`BOOKMARK ${meta.resourceVersion}`),
      end: (error) => void ends.push(error),
    })
  return { clock, server, told, ends, watch }
}

const added = (name: string) => ({ type: "ADDED", object: widget("ns", name) })

test("watch: query and Accept", async () => {
  const { server, watch } = newWorld()
  watch({
    namespace: "ns",
    labelSelector: "a=b",
    resourceVersion: "7",
    resourceVersionMatch: "NotOlderThan",
    sendInitialEvents: true,
    allowWatchBookmarks: true,
    timeoutSeconds: 300,
    metadataOnly: true,
  })
  const { request } = server.take()
  assert.equal(
    request.path,
    "/apis/example.com/v1/namespaces/ns/widgets?watch=true&labelSelector=a%3Db&resourceVersion=7&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=300",
  )
  assert.equal(
    request.headers["accept"],
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
  )
})

test("watch: events however the bytes are cut, bookmarks, and a clean end", async () => {
  const { clock, server, told, ends, watch } = newWorld()
  watch()
  const stream = server.take().stream()
  const bytes = Buffer.from(JSON.stringify(added("größe")) + "\n")
  for (let i = 0; i < bytes.length; i++) stream.write(bytes.subarray(i, i + 1))
  stream.write(
    JSON.stringify(added("b")) + "\n" + JSON.stringify({ type: "DELETED", object: widget("ns", "b") }) + "\n",
  )
  stream.write({ type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } })
  stream.end()
  await clock.settle()
  assert.deepEqual(told, ["ADDED Widget größe", "ADDED Widget b", "DELETED Widget b", "BOOKMARK 9"])
  assert.deepEqual(ends, [undefined])
  assert.equal(clock.timerCount, 0)
})

test("watch: metadata-only objects have the type's kind", async () => {
  const { clock, server, told, watch } = newWorld()
  watch({ metadataOnly: true })
  server
    .take()
    .stream()
    .write({ type: "ADDED", object: { kind: "PartialObjectMetadata", metadata: { name: "a" } } })
  await clock.settle()
  assert.deepEqual(told, ["ADDED Widget a"])
})

test("watch: an ERROR event is a StatusError, and nothing after it is told", async () => {
  const { clock, server, told, ends, watch } = newWorld()
  watch()
  const stream = server.take().stream()
  const expired = { type: "ERROR", object: newStatusError("Expired", "too old").status }
  stream.write(JSON.stringify(expired) + "\n" + JSON.stringify(added("a")) + "\n")
  await clock.settle()
  stream.end()
  assert.deepEqual(told, [])
  assert.equal(ends.length, 1)
  assert.ok(ends[0] instanceof StatusError && ends[0].reason === "Expired")
  assert.equal(stream.stopped, true)
})

for (const { name, play } of [
  { name: "breaks", play: (s: { end(e?: Error): void }) => s.end(new Error("reset")) },
  {
    name: "ends in the middle of a line",
    play: (s: { write(p: string): void; end(e?: Error): void }) => {
      s.write('{"type":"ADDED","object":{"meta')
      s.end()
    },
  },
  { name: "sends what is no JSON", play: (s: { write(p: string): void }) => s.write("<html>\n") },
  { name: "sends an unknown event", play: (s: { write(p: object): void }) => s.write({ type: "MOVED", object: {} }) },
]) {
  test(`watch: a stream that ${name} ends with a ConnectionError`, async () => {
    const { clock, server, told, ends, watch } = newWorld()
    watch()
    const stream = server.take().stream()
    stream.write(added("a"))
    play(stream)
    await clock.settle()
    assert.deepEqual(told, ["ADDED Widget a"])
    assert.equal(ends.length, 1)
    assert.ok(ends[0] instanceof ConnectionError)
  })
}

test("watch: refused, and not reached", async () => {
  const { clock, server, ends, watch } = newWorld()
  watch()
  server.take().answer(403, newStatusError("Forbidden", "no").status)
  await clock.settle()
  watch()
  server.take().break()
  await clock.settle()
  assert.ok(ends[0] instanceof StatusError && ends[0].reason === "Forbidden")
  assert.ok(ends[1] instanceof ConnectionError)
  assert.equal(ends.length, 2)
})

test("watch: a head that does not come in time ends it; a stream that is silent goes on", async () => {
  const { clock, server, ends, watch } = newWorld()
  watch()
  await clock.advance(60_000)
  assert.ok(ends[0] instanceof ConnectionError)
  assert.equal(server.take().aborted, true)
  watch()
  server.take().stream()
  await clock.advance(3_600_000)
  assert.equal(ends.length, 1)
})

test("watch: after stop nothing is told, and the request is given up", async () => {
  const { clock, server, told, ends, watch } = newWorld()
  const running = watch()
  const exchange = server.take()
  const stream = exchange.stream()
  await clock.settle()
  running.stop()
  running.stop()
  stream.write(added("a"))
  await clock.settle()
  assert.deepEqual([told, ends, exchange.aborted, stream.stopped, clock.timerCount], [[], [], true, true, 0])
  const early = watch()
  early.stop()
  await clock.settle()
  assert.deepEqual([ends, server.take().aborted], [[], true])
})

test("watch: the signal ends it cleanly, also one that was aborted before", async () => {
  const { clock, server, ends, watch } = newWorld()
  const abort = new AbortController()
  watch({ signal: abort.signal })
  server.take().stream()
  await clock.settle()
  abort.abort()
  assert.deepEqual(ends, [undefined])
  watch({ signal: abort.signal })
  await clock.settle()
  assert.deepEqual(ends, [undefined, undefined])
  assert.deepEqual([server.waiting.length, clock.timerCount], [0, 0])
})

test("watch: a handler that throws ends its watch with that error", async () => {
  const clock = newVirtualClock(0)
  const server = newScriptedTransport()
  const client = newKubeClient({ transport: server.transport, userAgent: "test", clock })
  const planted = new Error("planted")
  const ends: (Error | undefined)[] = []
  client.watch(
    WIDGETS,
    {},
    {
      event() {
        throw planted
      },
      bookmark: () => undefined,
      end: (error) => void ends.push(error),
    },
  )
  server.take().stream().write(added("a"))
  await clock.settle()
  assert.deepEqual(ends, [planted])
})
