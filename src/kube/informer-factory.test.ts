import assert from "node:assert/strict"
import { test } from "node:test"
import { silentLog } from "#lib/log.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import type { KubeObject, UnknownObject } from "#apimachinery/meta.ts"
import { keyOf } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { Change } from "./informer.ts"
import { contractLabels, informerContract } from "./informer.contract.ts"
import { newInformerFactory } from "./informer-factory.ts"
import { newKubeClient } from "./rest.ts"
import { newFakeCollection } from "./testing/fake-collection.ts"

const WIDGETS: ResourceType<UnknownObject> = {
  group: "example.com",
  version: "v1",
  resource: "widgets",
  kind: "Widget",
  namespaced: true,
}

const widget = (namespace: string, name: string, label = "", more: object = {}): KubeObject => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { namespace, name, labels: contractLabels(label), ...more },
})

function newWorld(options: { watchList?: boolean; keepManagedFields?: boolean } = {}) {
  const clock = newVirtualClock(1_800_000_000_000)
  const server = newFakeCollection(WIDGETS, options)
  const client = newKubeClient({ transport: server.transport, userAgent: "test", clock })
  const factory = newInformerFactory({ client, clock, random: seededRandom(1), log: silentLog, ...options })
  const stop = new AbortController()
  return { clock, server, factory, stop, informer: factory.informer(WIDGETS) }
}

for (const watchList of [true, false]) {
  informerContract(`over a client, ${watchList ? "initial events" : "paged lists"}`, async () => {
    const { clock, server, factory } = newWorld({ watchList })
    return {
      type: WIDGETS,
      factory,
      async put(namespace, name, label) {
        server.put(widget(namespace, name, label))
        await clock.settle()
      },
      async remove(namespace, name) {
        server.remove(`${namespace}/${name}`)
        await clock.settle()
      },
      async until(condition) {
        assert.ok(await clock.runUntil(condition, 60_000), "the condition holds within a minute")
      },
      async close() {
        await clock.settle()
        assert.equal(server.watchCount, 0, "no watch is left")
        assert.equal(clock.timerCount, 0, "no timer is left")
      },
    }
  })
}

test("newInformerFactory: what vanished while the connection was down is told with the size of the relist", async () => {
  const { clock, server, factory, stop, informer } = newWorld()
  server.put(widget("one", "a"))
  server.put(widget("one", "b"))
  const changes: Change<UnknownObject>[] = []
  informer.onChange((change) => void changes.push(change))
  factory.start(stop.signal)
  await clock.settle()
  server.down()
  server.remove("one/a")
  server.put(widget("one", "c"))
  server.compact()
  changes.length = 0
  await clock.advance(5_000)
  assert.equal(changes.length, 0)
  server.up()
  assert.ok(await clock.runUntil(() => changes.length === 2))
  assert.deepEqual(
    changes.map((change) => [change.kind, keyOf(change.object), change.kind === "deleted" && change.byRelist]),
    [
      ["added", "one/c", false],
      ["deleted", "one/a", { before: 2, after: 2 }],
    ],
  )
  stop.abort()
})

test("newInformerFactory: a server whose versions went back is read anew, and its emptiness is visible", async () => {
  const { clock, server, factory, stop, informer } = newWorld()
  server.put(widget("one", "a"))
  server.put(widget("one", "b"))
  const relists: unknown[] = []
  informer.onChange((change) => void (change.kind === "deleted" && relists.push(change.byRelist)))
  factory.start(stop.signal)
  await clock.settle()
  server.down()
  server.reset()
  server.up()
  assert.ok(await clock.runUntil(() => relists.length === 2, 60_000))
  assert.deepEqual(relists, Array(2).fill({ before: 2, after: 0 }))
  stop.abort()
})

test("newInformerFactory: an object made anew under its old name while nobody looked is deleted and added", async () => {
  const { clock, server, factory, stop, informer } = newWorld()
  server.put(widget("one", "a"))
  const told: string[] = []
  informer.onChange((change) => void told.push(`${change.kind} ${change.object.metadata.uid}`))
  factory.start(stop.signal)
  await clock.settle()
  server.down()
  server.remove("one/a")
  server.put(widget("one", "a"))
  server.compact()
  server.up()
  assert.ok(await clock.runUntil(() => told.length === 3))
  assert.deepEqual(told, ["added uid-101", "deleted uid-101", "added uid-103"])
  stop.abort()
})

for (const keepManagedFields of [false, true]) {
  test(`newInformerFactory: managedFields are ${keepManagedFields ? "kept when asked for" : "dropped"}`, async () => {
    const { clock, server, factory, stop, informer } = newWorld({ keepManagedFields })
    server.put(widget("one", "a", "x", { managedFields: [{ manager: "m" }] }))
    factory.start(stop.signal)
    await clock.settle()
    assert.equal(informer.get("one/a")?.metadata.managedFields !== undefined, keepManagedFields)
    stop.abort()
  })
}

test("Lister.list: the same array until something changes", async () => {
  const { clock, server, factory, stop, informer } = newWorld()
  server.put(widget("one", "a"))
  factory.start(stop.signal)
  await clock.settle()
  const list = informer.list()
  assert.equal(informer.list(), list)
  server.put(widget("one", "b"))
  await clock.settle()
  assert.equal(list.length, 1, "a list in hand stays as it was")
  assert.equal(informer.list().length, 2)
  stop.abort()
})
