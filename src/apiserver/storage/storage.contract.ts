import assert from "node:assert/strict"
import { test } from "node:test"
import { CompactedError, type Storage, type StorageEvent, type StoreOptions } from "./storage.ts"

const bytes = (text: string) => Buffer.from(text)
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString())
const brief = (events: readonly StorageEvent[]) =>
  events.map(
    (e) => `${e.type} ${e.key} ${e.revision} ${text(e.value)}${e.previous ? ` was ${text(e.previous.value)}` : ""}`,
  )

/**
 * What every `Storage` must do.
 *
 * @param open  a new, empty store
 */
export function storageContract(name: string, open: (options?: StoreOptions) => Promise<Storage>): void {
  const contract = (title: string, run: (storage: Storage) => Promise<void>, options?: StoreOptions) =>
    test(`${name}: ${title}`, async () => {
      const storage = await open(options)
      try {
        await run(storage)
      } finally {
        await storage.close()
      }
    })

  contract("a create is read back with its revision", async (s) => {
    assert.deepEqual(await s.put("/a/x", bytes("1"), 0), { ok: true, revision: 1 })
    const { key, value, revision, createRevision } = s.get("/a/x")!
    assert.deepEqual([key, text(value), revision, createRevision], ["/a/x", "1", 1, 1])
    assert.equal(s.revision, 1)
  })

  contract("a write at another revision loses and learns the current value", async (s) => {
    await s.put("/a/x", bytes("1"), 0)
    for (const lost of [
      await s.put("/a/x", bytes("2"), 0),
      await s.put("/a/x", bytes("2"), 7),
      await s.delete("/a/x", 7),
    ]) {
      assert.equal(lost.ok, false)
      assert.equal(text(lost.ok ? undefined : lost.current?.value), "1")
    }
    assert.deepEqual(await s.delete("/a/none", 3), { ok: false, current: undefined })
    assert.equal(s.revision, 1)
  })

  contract("a write is compared with pending writes, and reads do not see those", async (s) => {
    const first = s.put("/a/x", bytes("1"), 0)
    const second = s.put("/a/x", bytes("2"), 1)
    const third = s.put("/a/x", bytes("3"), 1)
    assert.equal(s.get("/a/x"), undefined)
    assert.equal(s.revision, 0)
    assert.deepEqual(await first, { ok: true, revision: 1 })
    assert.deepEqual(await second, { ok: true, revision: 2 })
    assert.equal((await third).ok, false)
    assert.equal(text(s.get("/a/x")?.value), "2")
    assert.equal(s.get("/a/x")?.createRevision, 1)
  })

  contract("a deleted key can be created again with a new create revision", async (s) => {
    await s.put("/a/x", bytes("1"), 0)
    assert.deepEqual(await s.delete("/a/x", 1), { ok: true, revision: 2 })
    assert.equal(s.get("/a/x"), undefined)
    await s.put("/a/x", bytes("2"), 0)
    assert.equal(s.get("/a/x")?.createRevision, 3)
  })

  contract("list and count go by prefix, start key and limit, in key order", async (s) => {
    for (const key of ["/b/z", "/a/y", "/a/x", "/ab/x", "/a/w/1"]) await s.put(key, bytes(key), 0)
    const keys = (prefix: string, options?: { startKey?: string; limit?: number }) =>
      s.list(prefix, options).map((v) => v.key)
    assert.deepEqual(keys("/a/"), ["/a/w/1", "/a/x", "/a/y"])
    assert.deepEqual(keys("/a/", { startKey: "/a/x" }), ["/a/x", "/a/y"])
    assert.deepEqual(keys("/a/", { startKey: "/a/x\0" }), ["/a/y"])
    assert.deepEqual(keys("/a/", { limit: 2 }), ["/a/w/1", "/a/x"])
    assert.deepEqual(keys(""), ["/a/w/1", "/a/x", "/a/y", "/ab/x", "/b/z"])
    assert.deepEqual([s.count("/a/"), s.count("/c/"), s.count("")], [3, 0, 5])
  })

  contract("10,000 keys in any order stay ordered", async (s) => {
    const names = Array.from({ length: 10_000 }, (_, i) => `/k/${String((i * 7919) % 10_000).padStart(5, "0")}`)
    await Promise.all(names.map((key) => s.put(key, bytes(key), 0)))
    const sorted = [...names].sort()
    assert.deepEqual(
      s.list("/k/").map((v) => v.key),
      sorted,
    )
    assert.equal(s.count("/k/01"), 1000)
    const even = s.list("/k/").filter((_, i) => i % 2 === 0)
    await Promise.all(even.map((v) => s.delete(v.key, v.revision)))
    assert.deepEqual(
      s.list("/k/").map((v) => v.key),
      sorted.filter((_, i) => i % 2 === 1),
    )
  })

  contract("listAt shows a former state, page by page", async (s) => {
    for (const key of ["/a/1", "/a/2", "/a/3", "/a/4"]) await s.put(key, bytes("old"), 0)
    await s.put("/a/2", bytes("new"), 2)
    await s.delete("/a/3", 3)
    await s.put("/a/0", bytes("new"), 0)
    const page = (revision: number, options?: { startKey?: string; limit?: number }) =>
      s.listAt("/a/", revision, options).map((v) => `${v.key} ${text(v.value)} ${v.revision}`)
    const then = ["/a/1 old 1", "/a/2 old 2", "/a/3 old 3", "/a/4 old 4"]
    assert.deepEqual(page(4), then)
    assert.deepEqual(page(4, { limit: 2 }), then.slice(0, 2))
    assert.deepEqual(page(4, { startKey: "/a/2\0", limit: 2 }), then.slice(2))
    assert.deepEqual(page(5, { limit: 2 }), ["/a/1 old 1", "/a/2 new 5"])
    assert.deepEqual(page(7), ["/a/0 new 7", "/a/1 old 1", "/a/2 new 5", "/a/4 old 4"])
  })

  contract("a watch gets the backlog and then what comes, in order, once", async (s) => {
    const seen: string[] = []
    await s.put("/a/x", bytes("1"), 0)
    await s.put("/b/x", bytes("1"), 0)
    await s.put("/a/x", bytes("2"), 1)
    const watch = s.watch("/a/", 1, (events) => seen.push(...brief(events)))
    assert.deepEqual(seen, ["put /a/x 3 2 was 1"])
    await s.delete("/a/x", 3)
    await s.put("/ab/x", bytes("1"), 0)
    await s.put("/a/y", bytes("1"), 0)
    watch.stop()
    watch.stop()
    await s.put("/a/z", bytes("1"), 0)
    assert.deepEqual(seen, ["put /a/x 3 2 was 1", "delete /a/x 4 2 was 2", "put /a/y 6 1"])
  })

  contract("watches of everything, a prefix and one key each see theirs", async (s) => {
    const seen: string[] = []
    for (const prefix of ["", "/a/", "/a/b/", "/a/b/c", "/a/b/cc"]) {
      s.watch(prefix, 0, (events) => seen.push(...events.map((e) => `${prefix}:${e.key}`)))
    }
    await s.put("/a/b/c", bytes("1"), 0)
    assert.deepEqual(seen.sort(), ["/a/:/a/b/c", "/a/b/:/a/b/c", "/a/b/c:/a/b/c", ":/a/b/c"])
  })

  contract("an acknowledged write has been published already, in revision order", async (s) => {
    const revisions: number[] = []
    s.watch("", 0, (events) => revisions.push(...events.map((e) => e.revision)))
    await Promise.all(Array.from({ length: 100 }, (_, i) => s.put(`/a/${i}`, bytes("1"), 0, { durable: i % 3 !== 0 })))
    assert.deepEqual(
      revisions,
      Array.from({ length: 100 }, (_, i) => i + 1),
    )
  })

  contract(
    "history is bounded by count",
    async (s) => {
      for (let i = 0; i < 15; i++) await s.put(`/a/${i}`, bytes("1"), 0)
      assert.throws(() => s.watch("", 4, () => {}), CompactedError)
      assert.throws(() => s.listAt("/a/", 4), CompactedError)
      const seen: number[] = []
      s.watch("", 5, (events) => seen.push(...events.map((e) => e.revision)))
      assert.deepEqual(seen, [6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    },
    { historyEventsMax: 10 },
  )

  contract(
    "history is bounded by bytes",
    async (s) => {
      for (let i = 0; i < 10; i++) await s.put(`/a/${i}`, Buffer.alloc(1000), 0)
      assert.throws(() => s.watch("", 0, () => {}), CompactedError)
      s.watch("", 8, () => {})
    },
    { historyBytesMax: 5000 },
  )

  contract("compact forgets events, not values", async (s) => {
    for (let i = 0; i < 5; i++) await s.put(`/a/${i}`, bytes("1"), 0)
    s.compact(3)
    assert.throws(() => s.watch("", 2, () => {}), CompactedError)
    s.watch("", 3, () => {})
    assert.equal(s.count("/a/"), 5)
    s.compact(100)
    s.watch("", 5, () => {})
  })

  contract("a closed store refuses writes", async (s) => {
    await s.close()
    await assert.rejects(s.put("/a", bytes("1"), 0), /closed/)
  })
}
