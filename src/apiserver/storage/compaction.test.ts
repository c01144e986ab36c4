import assert from "node:assert/strict"
import { test } from "node:test"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { compactRegularly } from "./compaction.ts"
import { memoryStorage } from "./memory-storage.ts"
import { KEPT_MS } from "./retention.ts"
import { CompactedError } from "./storage.ts"

test("what is older than the last full interval is forgotten", async () => {
  const clock = newVirtualClock(0)
  const storage = memoryStorage()
  const ending = new AbortController()
  compactRegularly({ storage, clock, signal: ending.signal })
  const bytes = Buffer.from("{}")
  await storage.put("/a/1", bytes, 0)
  await clock.advance(KEPT_MS)
  await storage.put("/a/2", bytes, 0)
  assert.equal(storage.listAt("/a/", 1).length, 1)
  await clock.advance(KEPT_MS)
  assert.equal(storage.listAt("/a/", 1).length, 1)
  await clock.advance(KEPT_MS)
  assert.throws(() => storage.listAt("/a/", 1), CompactedError)
  ending.abort()
})
