import assert from "node:assert/strict"
import { test } from "node:test"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { keyOf } from "#apimachinery/meta.ts"
import type { Change, InformerFactory } from "./informer.ts"

/** What the suite needs of an implementation and of the server behind it. */
export interface InformerHarness {
  /** A namespaced type whose collection is empty, in namespaces `one` and `two`. */
  readonly type: ResourceType
  readonly factory: InformerFactory
  /** Writes an object with this label, creating it if need be. */
  put(namespace: string, name: string, label: string): Promise<void>
  remove(namespace: string, name: string): Promise<void>
  /** Waits until the condition holds. @throws Error when it does not in reasonable time */
  until(condition: () => boolean): Promise<void>
  close(): Promise<void>
}

const LABEL = "informer-contract"
const labelOf = (object: KubeObject) => object.metadata.labels?.[LABEL] ?? ""

/** Labels that a harness must put on its objects. */
export const contractLabels = (label: string): Record<string, string> => ({ [LABEL]: label })

/** What every InformerFactory must do, whether it watches over a network or reads in the same process. */
export function informerContract(name: string, newHarness: () => Promise<InformerHarness>): void {
  const withHarness = (title: string, body: (harness: InformerHarness, signal: AbortSignal) => Promise<void>) => {
    void test(`informer, ${name}: ${title}`, async () => {
      const harness = await newHarness()
      const stop = new AbortController()
      try {
        await body(harness, stop.signal)
      } finally {
        stop.abort()
        await harness.close()
      }
    })
  }
  const keys = (objects: readonly KubeObject[]) => objects.map(keyOf).toSorted()

  withHarness("waitForSync resolves with the state that was there before", async (h, signal) => {
    await h.put("one", "a", "x")
    await h.put("two", "b", "y")
    const informer = h.factory.informer(h.type)
    h.factory.start(signal)
    await Promise.all([h.until(() => informer.synced), informer.waitForSync(), h.factory.waitForSync()])
    assert.deepEqual(keys(informer.list()), ["one/a", "two/b"])
    const found = informer.get("one/a")
    assert.equal(found && labelOf(found), "x")
    assert.equal(found?.kind, h.type.kind)
    assert.equal(informer.get("one/b"), undefined)
  })

  withHarness("an empty collection syncs too", async (h, signal) => {
    const informer = h.factory.informer(h.type)
    h.factory.start(signal)
    await h.until(() => informer.synced)
    assert.deepEqual(informer.list(), [])
  })

  withHarness("changes are told in order and after the cache holds them", async (h, signal) => {
    const informer = h.factory.informer(h.type)
    const told: string[] = []
    informer.onChange((change: Change<KubeObject>) => {
      const key = keyOf(change.object)
      const held = informer.get(key)
      assert.equal(
        held?.metadata.resourceVersion,
        change.kind === "deleted" ? undefined : change.object.metadata.resourceVersion,
      )
      const before = change.before === undefined ? "" : `${labelOf(change.before)}→`
      told.push(`${change.kind} ${key} ${before}${labelOf(change.object)}`)
    })
    h.factory.start(signal)
    await h.until(() => informer.synced)
    await h.put("one", "a", "x")
    await h.put("one", "a", "y")
    await h.put("one", "b", "z")
    await h.remove("one", "a")
    await h.until(() => told.length === 4)
    assert.deepEqual(told, ["added one/a x", "changed one/a x→y", "added one/b z", "deleted one/a y"])
    assert.deepEqual(keys(informer.list()), ["one/b"])
  })

  withHarness("a deletion that was seen is not marked as found by a relist", async (h, signal) => {
    await h.put("one", "a", "x")
    const informer = h.factory.informer(h.type)
    const deletions: Change<KubeObject>[] = []
    informer.onChange((change) => void (change.kind === "deleted" && deletions.push(change)))
    h.factory.start(signal)
    await h.until(() => informer.synced)
    await h.remove("one", "a")
    await h.until(() => deletions.length === 1)
    const [deletion] = deletions
    assert.equal(deletion?.kind === "deleted" && deletion.byRelist, undefined)
  })

  withHarness("a handler that comes late is told what is there at once", async (h, signal) => {
    await h.put("one", "a", "x")
    const informer = h.factory.informer(h.type)
    h.factory.start(signal)
    await h.until(() => informer.synced)
    const told: string[] = []
    informer.onChange((change) => void told.push(`${change.kind} ${keyOf(change.object)}`))
    assert.deepEqual(told, ["added one/a"])
  })

  withHarness("a handler that throws keeps nothing from the others", async (h, signal) => {
    const informer = h.factory.informer(h.type)
    const told: string[] = []
    informer.onChange(() => {
      throw new Error("planted")
    })
    informer.onChange((change) => void told.push(keyOf(change.object)))
    h.factory.start(signal)
    await h.until(() => informer.synced)
    await h.put("one", "a", "x")
    await h.put("one", "b", "x")
    await h.until(() => told.length === 2)
    assert.deepEqual(told, ["one/a", "one/b"])
  })

  withHarness("indexes follow the objects", async (h, signal) => {
    await h.put("one", "a", "x")
    const informer = h.factory.informer(h.type)
    informer.addIndex("label", (object) => [labelOf(object), "all"])
    h.factory.start(signal)
    await h.until(() => informer.synced)
    assert.deepEqual(keys(informer.byIndex("label", "x")), ["one/a"])
    await h.put("one", "a", "y")
    await h.put("two", "b", "y")
    await h.until(() => informer.byIndex("label", "y").length === 2)
    assert.deepEqual(keys(informer.byIndex("label", "x")), [])
    assert.deepEqual(keys(informer.byIndex("label", "all")), ["one/a", "two/b"])
    await h.remove("one", "a")
    await h.until(() => informer.byIndex("label", "y").length === 1)
    assert.deepEqual(keys(informer.byIndex("label", "y")), ["two/b"])
    assert.throws(() => informer.byIndex("other", "x"), /"other"/)
    informer.addIndex("label", () => assert.fail("the name is known"))
    assert.deepEqual(keys(informer.byIndex("label", "y")), ["two/b"])
  })

  withHarness("scopes: one namespace, one label; equal scopes share an informer", async (h, signal) => {
    await h.put("one", "a", "x")
    await h.put("two", "b", "x")
    const inOne = h.factory.informer(h.type, { namespace: "one" })
    assert.equal(h.factory.informer(h.type, { namespace: "one" }), inOne)
    assert.notEqual(h.factory.informer(h.type), inOne)
    h.factory.start(signal)
    // Asked for after the start: begins at once.
    const inTwo = h.factory.informer(h.type, { namespace: "two" })
    await h.until(() => inOne.synced && inTwo.synced)
    assert.deepEqual(keys(inOne.list()), ["one/a"])
    assert.deepEqual(keys(inTwo.list()), ["two/b"])
    await h.put("one", "c", "x")
    await h.put("two", "d", "x")
    await h.until(() => inOne.list().length === 2 && inTwo.list().length === 2)
    assert.deepEqual(keys(inOne.list()), ["one/a", "one/c"])
  })

  withHarness("after the signal's abort nothing is told any more", async (h) => {
    const stop = new AbortController()
    const informer = h.factory.informer(h.type, { namespace: "one" })
    const other = h.factory.informer(h.type, { namespace: "two" })
    let told = 0
    informer.onChange(() => void told++)
    h.factory.start(stop.signal)
    await h.until(() => informer.synced && other.synced)
    await h.put("one", "a", "x")
    await h.until(() => told === 1)
    stop.abort()
    await h.put("one", "b", "x")
    await h.remove("one", "a")
    assert.equal(told, 1)
  })

  withHarness("waitForSync gives up with its signal", async (h) => {
    const informer = h.factory.informer(h.type)
    // One that reads in the same process never waits.
    if (informer.synced) return
    const reason = new Error("enough")
    await assert.rejects(informer.waitForSync(AbortSignal.abort(reason)), reason)
  })
}
