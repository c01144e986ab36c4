import assert from "node:assert/strict"
import { test } from "node:test"
import { newLog, type Log, type LogFields } from "#lib/log.ts"
import { newMetrics } from "#lib/metrics.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { newKubeClient } from "#kube/rest.ts"
import { newFakeCollection } from "#kube/testing/fake-collection.ts"
import { WIDGETS, widget } from "#kube/testing/types.ts"
import type { Reconcile } from "./controller.ts"
import { startController, TerminalError } from "./controller.ts"

function newWorld() {
  const clock = newVirtualClock(1_800_000_000_000)
  const random = seededRandom(1)
  const abort = new AbortController()
  const metrics = newMetrics()
  const lines: string[] = []
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message: string, fields?: LogFields) => void lines.push(`warn ${message} ${String(fields?.["key"])}`),
    error: (message: string, fields?: LogFields) => void lines.push(`error ${message} ${String(fields?.["key"])}`),
    with: () => log,
  }
  const server = newFakeCollection(WIDGETS)
  const client = newKubeClient({ transport: server.transport, userAgent: "test", clock })
  const factory = newInformerFactory({ client, clock, random, log })
  const informer = factory.informer(WIDGETS)
  const started: string[] = []
  const start = (reconcile: Reconcile, options: { workers?: number; resyncMs?: number } = {}) =>
    startController(
      { clock, random, log, signal: abort.signal, metrics },
      {
        name: "widgets",
        sources: [{ informer, keysOf: (change) => [keyOf(change.object)] }],
        reconcile: (key, signal) => {
          started.push(key)
          return reconcile(key, signal)
        },
        ...options,
      },
    )
  const count = (name: string, labels: string) =>
    Number(new RegExp(`^${name}\\{${labels}\\} (\\d+)$`, "m").exec(metrics.text())?.[1] ?? 0)
  const result = (name: string) => count("controller_runtime_reconcile_total", `controller="widgets",result="${name}"`)
  return { clock, abort, server, factory, informer, started, lines, start, count, result, metrics }
}

const nothing: Reconcile = async () => undefined

test("startController: waits for its caches, then reconciles each key once, and again when it changes", async () => {
  const { clock, abort, server, factory, started, start, result } = newWorld()
  server.put(widget("ns", "a"))
  server.put(widget("ns", "b"))
  server.down()
  const controller = start(nothing)
  factory.start(abort.signal)
  await clock.advance(100)
  assert.deepEqual(started, [])
  server.up()
  assert.ok(await clock.runUntil(() => started.length > 0))
  await clock.settle()
  assert.deepEqual(started, ["ns/a", "ns/b"])
  server.put(widget("ns", "a", { labels: { x: "y" } }))
  server.remove("ns/b")
  await clock.settle()
  assert.deepEqual(started, ["ns/a", "ns/b", "ns/a", "ns/b"])
  assert.deepEqual([controller.idle, result("success")], [true, 4])
  abort.abort()
  await controller.done
  await clock.settle()
  assert.equal(clock.timerCount, 0)
})

for (const { name, error, want, log } of [
  {
    name: "an error is tried again and warned of",
    error: new Error("x"),
    want: "error",
    log: "warn Cannot reconcile, trying again ns/a",
  },
  {
    name: "Conflict is tried again in silence",
    error: newStatusError("Conflict", "x"),
    want: "conflict",
    log: undefined,
  },
  {
    name: "AlreadyExists is tried again in silence",
    error: newStatusError("AlreadyExists", "x"),
    want: "conflict",
    log: undefined,
  },
  {
    name: "a bug is caught, counted and tried again",
    error: new TypeError("x"),
    want: "bug",
    log: "error Reconcile failed by a fault of its own ns/a",
  },
  {
    name: "what is no error is a bug",
    error: "text",
    want: "bug",
    log: "error Reconcile failed by a fault of its own ns/a",
  },
]) {
  test(`startController: ${name}`, async () => {
    const { clock, abort, server, factory, started, lines, start, result } = newWorld()
    server.put(widget("ns", "a"))
    start(async () => {
      if (started.length <= 2) throw error
    })
    factory.start(abort.signal)
    await clock.advance(1_000)
    assert.equal(started.length, 3)
    assert.deepEqual([result(want), result("success")], [2, 1])
    assert.deepEqual(lines, log === undefined ? [] : [log, log])
    abort.abort()
  })
}

test("startController: a reconcile that throws before its first await is caught too", async () => {
  const { clock, abort, server, factory, start, result } = newWorld()
  server.put(widget("ns", "a"))
  let failed = false
  start(() => {
    if (failed) return Promise.resolve()
    failed = true
    throw new RangeError("planted")
  })
  factory.start(abort.signal)
  await clock.advance(1_000)
  assert.deepEqual([result("bug"), result("success")], [1, 1])
  abort.abort()
})

test("startController: TerminalError waits for a new version", async () => {
  const { clock, abort, server, factory, started, lines, start, result, count } = newWorld()
  server.put(widget("ns", "a"))
  start(() => Promise.reject(new TerminalError("x")))
  factory.start(abort.signal)
  await clock.advance(600_000)
  assert.equal(started.length, 1)
  assert.deepEqual(lines, ["error Cannot reconcile, waiting for a new version ns/a"])
  server.put(widget("ns", "a", { labels: {} }))
  await clock.settle()
  assert.deepEqual([started.length, result("terminal")], [2, 2])
  assert.equal(count("controller_runtime_terminal_reconcile_errors_total", 'controller="widgets"'), 2)
  abort.abort()
})

test("startController: requeueAfterMs, enqueue and enqueueAfter", async () => {
  const { clock, abort, server, factory, started, start } = newWorld()
  server.put(widget("ns", "a"))
  const controller = start(async () => (started.length === 1 ? { requeueAfterMs: 5_000 } : undefined))
  factory.start(abort.signal)
  await clock.advance(4_999)
  assert.equal(started.length, 1)
  await clock.advance(1)
  assert.equal(started.length, 2)
  controller.enqueue("other")
  controller.enqueueAfter("later", 1_000)
  await clock.advance(999)
  assert.deepEqual(started.slice(2), ["other"])
  await clock.advance(1)
  assert.deepEqual(started.slice(2), ["other", "later"])
  abort.abort()
})

test("startController: resyncMs brings every key again", async () => {
  const { clock, abort, server, factory, started, start } = newWorld()
  server.put(widget("ns", "a"))
  server.put(widget("ns", "b"))
  start(nothing, { resyncMs: 60_000 })
  factory.start(abort.signal)
  await clock.advance(59_999)
  assert.equal(started.length, 2)
  await clock.advance(1)
  assert.deepEqual(started, ["ns/a", "ns/b", "ns/a", "ns/b"])
  abort.abort()
})

test("startController: so many workers at once, one for a key, and done waits for the last", async () => {
  const { clock, abort, server, factory, start } = newWorld()
  for (const name of ["a", "b", "c"]) server.put(widget("ns", name))
  const active = new Set<string>()
  let most = 0
  const controller = start(
    async (key) => {
      assert.ok(!active.has(key))
      active.add(key)
      most = Math.max(most, active.size)
      await new Promise<void>((resolve) => clock.setTimer(1_000, resolve))
      active.delete(key)
    },
    { workers: 2 },
  )
  factory.start(abort.signal)
  await clock.advance(500)
  server.put(widget("ns", "a", { labels: {} }))
  await clock.settle()
  assert.equal(controller.idle, false)
  abort.abort()
  let over = false
  void controller.done.then(() => void (over = true))
  await clock.settle()
  assert.deepEqual([over, active.size], [false, 2])
  await clock.advance(500)
  assert.deepEqual([over, active.size, most], [true, 0, 2])
})

test("startController: a signal that aborted before starts nothing", async () => {
  const { abort, started, start } = newWorld()
  abort.abort()
  await start(nothing).done
  assert.deepEqual(started, [])
})

test("startController: log lines name what a key is the name of", async () => {
  const clock = newVirtualClock(0)
  const abort = new AbortController()
  const lines: string[] = []
  const log = newLog({ clock, level: "info", write: (line) => lines.push(line) })
  const controller = startController(
    { clock, random: seededRandom(1), log, signal: abort.signal },
    { name: "accept", subject: "cluster", sources: [], reconcile: () => Promise.reject(new TerminalError("planted")) },
  )
  controller.enqueue("c1")
  await clock.settle()
  const { controller: name, key, cluster, error } = JSON.parse(lines[0] ?? "{}") as Record<string, string>
  assert.deepEqual([name, key, cluster, error], ["accept", "c1", "c1", "planted"])
  abort.abort()
  await controller.done
})
