import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import type { ReflectorOptions } from "./reflector.ts"
import { runReflector } from "./reflector.ts"
import { newKubeClient } from "./rest.ts"
import type { Exchange } from "./testing/scripted-transport.ts"
import { newScriptedTransport } from "./testing/scripted-transport.ts"
import { WIDGETS, widget } from "./testing/types.ts"

function start(options: Partial<ReflectorOptions<UnknownObject>> = {}) {
  const clock = newVirtualClock(0)
  const server = newScriptedTransport()
  const client = newKubeClient({ transport: server.transport, userAgent: "test", clock })
  const told: string[] = []
  const abort = new AbortController()
  const done = runReflector<UnknownObject>({
    client,
    type: WIDGETS,
    clock,
    random: seededRandom(1),
    signal: abort.signal,
    sink: {
      replace: (objects) => void told.push(`replace ${objects.map((object) => object.metadata.name).join(",")}`),
      changed: (object) => void told.push(`changed ${object.metadata.name}`),
      deleted: (object) => void told.push(`deleted ${object.metadata.name}`),
    },
    ...options,
  })
  /** Waits for the next request, in virtual time. */
  const next = async (): Promise<Exchange> => {
    assert.ok(await clock.runUntil(() => server.waiting.length > 0, 120_000), "a request comes")
    return server.take()
  }
  const stop = async () => {
    abort.abort()
    await done
    await clock.settle()
    assert.equal(clock.timerCount, 0, "no timer is left")
  }
  return { clock, server, told, next, stop }
}

const event = (type: string, name: string, resourceVersion: string) => ({
  type,
  object: widget("ns", name, { resourceVersion }),
})
const bookmark = (resourceVersion: string, initialEnd = false) => ({
  type: "BOOKMARK",
  object: {
    metadata: { resourceVersion, ...(initialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}) },
  },
})
const listOf = (resourceVersion: string, names: string[], more?: string) => ({
  metadata: { resourceVersion, continue: more },
  items: names.map((name) => widget("ns", name)),
})
const expired = newStatusError("Expired", "too old").status
const unsupported = newStatusError("Invalid", "sendInitialEvents: Forbidden").status
const kindOf = ({ query }: Exchange) =>
  query.get("watch") !== "true"
    ? `list limit=${query.get("limit")}`
    : query.get("sendInitialEvents") === "true"
      ? "initial"
      : `watch ${query.get("resourceVersion")}`

/** Answers with a first state of `a` at version 10, and leaves the stream open. */
async function synced(options?: Partial<ReflectorOptions<UnknownObject>>) {
  const world = start(options)
  const exchange = await world.next()
  const stream = exchange.stream()
  stream.write(event("ADDED", "a", "9"))
  stream.write(bookmark("10", true))
  await world.clock.settle()
  assert.deepEqual(world.told.splice(0), ["replace a"])
  return { ...world, stream, exchange }
}

test("runReflector: a first state by events is handed over whole, then changes follow on the same watch", async () => {
  const { clock, told, next, stop } = start()
  const first = await next()
  assert.equal(kindOf(first), "initial")
  assert.equal(first.query.get("resourceVersionMatch"), "NotOlderThan")
  assert.equal(first.query.get("allowWatchBookmarks"), "true")
  const stream = first.stream()
  for (const name of ["a", "b", "c"]) stream.write(event("ADDED", name, "5"))
  stream.write(event("MODIFIED", "a", "6"))
  stream.write(event("DELETED", "b", "7"))
  stream.write(bookmark("6"))
  await clock.settle()
  assert.deepEqual(told, [])
  stream.write(bookmark("7", true))
  stream.write(event("DELETED", "a", "8"))
  stream.write(event("ADDED", "d", "9"))
  stream.write(event("MODIFIED", "d", "10"))
  await clock.settle()
  assert.deepEqual(told, ["replace a,c", "deleted a", "changed d", "changed d"])
  await stop()
})

test("runReflector: a first state that breaks off is thrown away", async () => {
  const { clock, told, next, stop } = start()
  const stream = (await next()).stream()
  stream.write(event("ADDED", "a", "5"))
  stream.end()
  const again = await next()
  assert.equal(kindOf(again), "initial")
  const whole = again.stream()
  whole.write(event("ADDED", "a", "5"))
  whole.write(event("ADDED", "b", "6"))
  whole.write(bookmark("6", true))
  await clock.settle()
  assert.deepEqual(told, ["replace a,b"])
  await stop()
})

test("runReflector: where initial events are refused, lists in pages, and does not ask again", async () => {
  const { clock, told, next, stop } = start({ pageSize: 2, scope: { labelSelector: "a=b" } })
  ;(await next()).answer(422, unsupported)
  const first = await next()
  assert.equal(kindOf(first), "list limit=2")
  assert.equal(first.query.get("labelSelector"), "a=b")
  first.answer(200, listOf("20", ["a", "b"], "t1"))
  const second = await next()
  assert.deepEqual([second.query.get("continue"), second.query.get("resourceVersion")], ["t1", null])
  second.answer(200, listOf("20", ["c"]))
  const watch = await next()
  assert.deepEqual([kindOf(watch), told], ["watch 20", ["replace a,b,c"]])
  const stream = watch.stream()
  stream.write({ type: "ERROR", object: expired })
  await clock.settle()
  assert.equal(kindOf(await next()), "list limit=2")
  await stop()
})

test("runReflector: pages whose snapshot expired are read once more in one piece", async () => {
  const { told, next, stop } = start({ pageSize: 2 })
  ;(await next()).answer(422, unsupported)
  ;(await next()).answer(200, listOf("20", ["a", "b"], "t1"))
  ;(await next()).answer(410, expired)
  const whole = await next()
  assert.equal(kindOf(whole), "list limit=null")
  whole.answer(200, listOf("25", ["b", "c"]))
  assert.equal(kindOf(await next()), "watch 25")
  assert.deepEqual(told, ["replace b,c"])
  await stop()
})

test("runReflector: a server that ignores sendInitialEvents is listed once the state stalls", async () => {
  const { clock, told, next, stop } = start()
  const stream = (await next()).stream()
  stream.write(event("ADDED", "a", "5"))
  await clock.advance(9_000)
  stream.write(event("ADDED", "b", "6"))
  await clock.advance(9_999)
  assert.equal(stream.stopped, false)
  const list = await next()
  assert.equal(stream.stopped, true)
  assert.equal(kindOf(list), "list limit=500")
  list.answer(200, listOf("20", ["a"]))
  assert.equal(kindOf(await next()), "watch 20")
  assert.deepEqual(told, ["replace a"])
  await stop()
})

test("runReflector: a clean end goes on from the last version, bookmarks included, at once", async () => {
  const { clock, stream, next, stop } = await synced()
  stream.write(event("ADDED", "b", "11"))
  stream.write(bookmark("15"))
  stream.end()
  const beforeMs = clock.nowMs()
  const again = await next()
  assert.equal(kindOf(again), "watch 15")
  assert.equal(clock.nowMs(), beforeMs)
  await stop()
})

test("runReflector: a watch that ends at once and empty is not repeated at once", async () => {
  const { clock, stream, next, stop } = await synced()
  await clock.advance(40_000)
  stream.end()
  const ends: number[] = []
  for (let i = 0; i < 4; i++) {
    const exchange = await next()
    ends.push(clock.nowMs())
    exchange.stream().end()
  }
  const gaps = ends.slice(1).map((at, i) => at - ends[i]!)
  assert.ok(gaps[0]! >= 250 && gaps[1]! >= 500 && gaps[2]! >= 1_000, `waits grow: ${gaps.join()}`)
  await stop()
})

test("runReflector: a cut in the middle of a line goes on from the last whole event after a look at the server", async () => {
  const { clock, told, stream, next, stop } = await synced()
  stream.write(event("ADDED", "b", "11"))
  stream.write('{"type":"ADDED","object":{"metadata":{"name":"c","resourceVer')
  stream.end()
  const look = await next()
  assert.equal(kindOf(look), "list limit=1")
  assert.ok(clock.nowMs() >= 250)
  look.answer(200, listOf("12", ["a"], "more"))
  const again = await next()
  assert.equal(kindOf(again), "watch 11")
  again.stream().write(event("ADDED", "c", "12"))
  await clock.settle()
  assert.deepEqual(told, ["changed b", "changed c"])
  await stop()
})

test("runReflector: a server that came back with older versions is read anew", async () => {
  const { clock, told, stream, next, stop } = await synced()
  stream.end(new Error("reset"))
  ;(await next()).answer(200, listOf("3", []))
  const anew = await next()
  assert.equal(kindOf(anew), "initial")
  anew.stream().write(bookmark("3", true))
  await clock.settle()
  assert.deepEqual(told, ["replace "])
  await stop()
})

test("runReflector: 410 leads to a new full state at once, and a second one after a pause", async () => {
  const { clock, told, stream, next, stop } = await synced()
  stream.write({ type: "ERROR", object: expired })
  const beforeMs = clock.nowMs()
  const anew = await next()
  assert.deepEqual([kindOf(anew), clock.nowMs()], ["initial", beforeMs])
  anew.stream().write({ type: "ERROR", object: expired })
  const third = await next()
  assert.equal(kindOf(third), "initial")
  assert.ok(clock.nowMs() - beforeMs >= 250)
  third.stream().write(bookmark("30", true))
  await clock.settle()
  assert.deepEqual(told, ["replace "])
  await stop()
})

test("runReflector: never gives up, waits between 15 and 30 s in the end, and returns at once", async () => {
  const { clock, told, stream, next, stop } = await synced()
  stream.end(new Error("reset"))
  const tries: number[] = []
  for (let i = 0; i < 20; i++) {
    const exchange = await next()
    tries.push(clock.nowMs())
    if (i % 2 === 0) exchange.break()
    else exchange.answer(403, newStatusError("Forbidden", "no").status)
  }
  const gaps = tries.slice(1).map((at, i) => at - tries[i]!)
  assert.ok(
    gaps.slice(8).every((gap) => gap >= 15_000 && gap <= 30_000),
    gaps.join(),
  )
  ;(await next()).answer(200, listOf("10", ["a"]))
  assert.equal(kindOf(await next()), "watch 10")
  assert.deepEqual(told, [])
  await stop()
})

test("runReflector: a server that asks for time gets it", async () => {
  const { clock, stream, next, stop } = await synced()
  stream.write({
    type: "ERROR",
    object: { ...newStatusError("TooManyRequests", "later", { retryAfterSeconds: 20 }).status },
  })
  const beforeMs = clock.nowMs()
  assert.equal(kindOf(await next()), "watch 10")
  assert.ok(clock.nowMs() - beforeMs >= 20_000)
  await stop()
})

test("runReflector: a watch that the server does not end in time is given up", async () => {
  const { exchange, stream, next, clock, stop } = await synced()
  const seconds = Number(exchange.query.get("timeoutSeconds"))
  assert.ok(seconds >= 300 && seconds < 600)
  assert.ok(await clock.runUntil(() => stream.stopped))
  assert.equal(clock.nowMs(), (seconds + 30) * 1000)
  ;(await next()).answer(200, listOf("10", ["a"]))
  assert.equal(kindOf(await next()), "watch 10")
  await stop()
})

test("runReflector: a slow start, first no connection, then a server that warms up", async () => {
  const { clock, told, next, stop } = start()
  for (let i = 0; i < 3; i++) (await next()).break()
  ;(await next()).answer(429, "")
  const stream = (await next()).stream()
  stream.write(bookmark("1", true))
  await clock.settle()
  assert.deepEqual(told, ["replace "])
  await stop()
})

test("runReflector: the signal ends it in every state", async () => {
  const waiting = start()
  await waiting.next()
  await waiting.stop()
  const inBackoff = start()
  ;(await inBackoff.next()).break()
  await inBackoff.clock.settle()
  await inBackoff.stop()
  const listing = start()
  ;(await listing.next()).answer(422, unsupported)
  await listing.next()
  await listing.stop()
  assert.deepEqual([waiting.told, inBackoff.told, listing.told], [[], [], []])
})
