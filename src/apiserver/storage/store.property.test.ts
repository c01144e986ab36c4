import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { memoryStorage } from "./memory-storage.ts"
import { CompactedError, type StoredValue } from "./storage.ts"

type Write = { readonly key: string; readonly remove: boolean }

const key = fc.constantFrom("/a/1", "/a/2", "/a/20", "/a/3", "/ab/1", "/b/1", "/b/2/x")
const write: fc.Arbitrary<Write> = fc.record({ key, remove: fc.boolean() })
const brief = (values: readonly StoredValue[]) =>
  values.map((v) => `${v.key}=${Buffer.from(v.value).toString()}@${v.revision}`)

test("every state of the past that is kept can be listed as it was, page by page", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 40 }),
      fc.constantFrom("", "/a/", "/b/"),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 20 }),
      async (writes, prefix, limit, historyEventsMax) => {
        const storage = memoryStorage({ historyEventsMax })
        const states: string[][] = [[]]
        for (const [i, { key, remove }] of writes.entries()) {
          const revision = storage.get(key)?.revision ?? 0
          if (remove && revision === 0) continue
          if (remove) await storage.delete(key, revision)
          else await storage.put(key, Buffer.from(String(i)), revision)
          states.push(brief(storage.list(prefix)))
        }
        assert.equal(states.length - 1, storage.revision)
        for (const [revision, state] of states.entries()) {
          if (revision < storage.revision - historyEventsMax) {
            assert.throws(() => storage.listAt(prefix, revision), CompactedError)
            continue
          }
          assert.deepEqual(brief(storage.listAt(prefix, revision)), state)
          const paged: string[] = []
          for (let startKey = prefix; ;) {
            const page = storage.listAt(prefix, revision, { startKey, limit })
            paged.push(...brief(page))
            if (page.length < limit) break
            startKey = page.at(-1)!.key + "\0"
          }
          assert.deepEqual(paged, state)
        }
      },
    ),
  )
})

test("a watch from any kept revision, replayed on the state then, gives the state now", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 40 }),
      fc.array(write, { maxLength: 20 }),
      fc.constantFrom("", "/a/", "/a/2"),
      fc.nat(40),
      async (before, after, prefix, back) => {
        const storage = memoryStorage()
        const carryOut = (writes: readonly Write[]) =>
          Promise.all(
            writes.map(async ({ key, remove }) => {
              for (let expected = storage.get(key)?.revision ?? 0; ;) {
                if (remove && expected === 0) return
                const result = remove
                  ? await storage.delete(key, expected)
                  : await storage.put(key, Buffer.from(key), expected)
                if (result.ok) return
                expected = result.current?.revision ?? 0
              }
            }),
          )
        await carryOut(before)
        const since = Math.max(storage.revision - back, 0)
        const state = new Map(storage.listAt("", since).map((v) => [v.key, v.revision]))
        const revisions: number[] = []
        storage.watch(prefix, since, (events) => {
          for (const event of events) {
            revisions.push(event.revision)
            assert.equal(event.previous?.revision, state.get(event.key))
            if (event.type === "put") state.set(event.key, event.revision)
            else state.delete(event.key)
          }
        })
        await carryOut(after)
        assert.deepEqual(
          revisions,
          [...new Set(revisions)].sort((a, b) => a - b),
        )
        const isWatched = (key: string) =>
          prefix === "" || key === prefix || (prefix.endsWith("/") && key.startsWith(prefix))
        const watched = storage.list("").filter((v) => isWatched(v.key))
        assert.deepEqual(
          new Map([...state].filter(([k]) => isWatched(k))),
          new Map(watched.map((v) => [v.key, v.revision])),
        )
      },
    ),
  )
})
