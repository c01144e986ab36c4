// History that lies on disk: watches and exact lists that go back further than memory, also across a restart.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import fc from "fast-check"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { KEPT_MS } from "./retention.ts"
import { openSqliteEngine, type FileEngine } from "./sqlite-engine.ts"
import { CompactedError, type Storage, type StorageEvent } from "./storage.ts"

const folder = mkdtempSync(join(tmpdir(), "hawser-history-"))
const clock = newVirtualClock(1_000_000)
const engines: FileEngine[] = []
let files = 0
const newFile = () => join(folder, `${++files}.db`)
const open = async (file: string) => {
  const engine = await openSqliteEngine({ file, clock })
  engines.push(engine)
  return engine
}
after(async () => {
  for (const engine of engines) await engine.close()
  rmSync(folder, { recursive: true })
})

const text = (value: Uint8Array) => Buffer.from(value).toString()
const brief = (e: StorageEvent) =>
  `${e.type} ${e.key} ${e.revision} ${text(e.value)} was ${e.previous === undefined ? "" : text(e.previous.value)}`

async function eventsSince(store: Storage, revision: number, prefix = ""): Promise<string[]> {
  await store.recall(revision)
  const seen: string[] = []
  store.watch(prefix, revision, (events) => seen.push(...events.map(brief))).stop()
  return seen
}

async function listAt(store: Storage, revision: number): Promise<string[]> {
  await store.recall(revision)
  return store.listAt("", revision).map((v) => `${v.key}=${text(v.value)}@${v.revision}`)
}

test("a watch and a list go on across a restart, whatever memory keeps", async () => {
  const write = fc.record({ key: fc.constantFrom("/a/1", "/a/2", "/a/3"), remove: fc.boolean(), lazy: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(write, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
      async (lives) => {
        const file = newFile()
        const states: string[][] = [[]]
        const events: string[] = []
        for (const writes of lives) {
          const engine = await open(file)
          // Memory keeps two events; the rest has to come from disk.
          const store = await engine.store("a", { historyEventsMax: 2 })
          const checkAll = async () => {
            for (let revision = 0; revision <= store.revision; revision++) {
              assert.deepEqual(await eventsSince(store, revision), events.slice(revision))
              assert.deepEqual(await listAt(store, revision), states[revision])
            }
          }
          await checkAll()
          store.watch("", store.revision, (told) => events.push(...told.map(brief)))
          for (const [i, { key, remove, lazy }] of writes.entries()) {
            const expected = store.get(key)?.revision ?? 0
            if (remove && expected === 0) continue
            if (remove) await store.delete(key, expected)
            else await store.put(key, Buffer.from(`${i}`), expected, { durable: !lazy })
            states.push(store.list("").map((v) => `${v.key}=${text(v.value)}@${v.revision}`))
          }
          assert.equal(events.length, store.revision)
          await checkAll()
          await engine.close()
        }
      },
    ),
    { numRuns: 12 },
  )
})

test("history that memory drops while older is being read is read as well", async () => {
  const engine = await open(newFile())
  const store = await engine.store("a", { historyEventsMax: 2 })
  for (let i = 0; i < 6; i++) await store.put("/a", Buffer.from(`${i}`), i)
  // Its event pushes another out of memory before the reading begins.
  const write = store.put("/a", Buffer.from("6"), 6)
  assert.equal((await eventsSince(store, 1)).length, 6)
  await write
})

test("events older than five minutes are forgotten, values stay", async () => {
  const file = newFile()
  const engine = await open(file)
  const store = await engine.store("a", { historyEventsMax: 1 })
  for (let i = 0; i < 5; i++) await store.put("/a", Buffer.from(`${i}`), i)
  await store.put("/b", Buffer.from("b"), 0)
  await clock.advance(KEPT_MS + 1)
  await store.put("/c", Buffer.from("1"), 0)
  // What is too old is found with one commit and goes with the next.
  await store.put("/c", Buffer.from("2"), 7)
  assert.equal(store.recall(5), undefined)
  assert.throws(() => store.watch("", 5, () => {}), new CompactedError(6))
  assert.deepEqual(await eventsSince(store, 6), ["put /c 7 1 was ", "put /c 8 2 was 1"])
  await engine.close()
  const again = await (await open(file)).store("a")
  assert.throws(() => again.watch("", 5, () => {}), new CompactedError(6))
  assert.deepEqual(await eventsSince(again, 6), ["put /c 7 1 was ", "put /c 8 2 was 1"])
  assert.deepEqual(await listAt(again, 8), ["/a=4@5", "/b=b@6", "/c=2@8"])
})

test("events beyond the bound of bytes are forgotten", async () => {
  const engine = await open(newFile())
  const store = await engine.store("a", { historyEventsMax: 1, keptBytesMax: 10_000 })
  for (let i = 0; i < 30; i++) {
    await clock.advance(1_000)
    await store.put("/a", Buffer.alloc(1_000), i)
  }
  assert.throws(() => store.watch("", 5, () => {}), CompactedError)
  await store.recall(22)
  store.watch("", 22, () => {}).stop()
})

test("compacted history stays so after a restart", async () => {
  const file = newFile()
  const engine = await open(file)
  const store = await engine.store("a")
  for (let i = 0; i < 5; i++) await store.put("/a", Buffer.from(`${i}`), i)
  store.compact(3)
  await store.put("/b", Buffer.from("b"), 0)
  await engine.close()
  const again = await (await open(file)).store("a")
  assert.throws(() => again.watch("", 2, () => {}), new CompactedError(3))
  assert.equal((await eventsSince(again, 3)).length, 3)
})
