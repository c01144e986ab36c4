// Encryption at rest through the engine: what is in the file, rotation, missing keys.
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { realClock } from "#lib/clock.ts"
import type { SealProvider } from "./encryption/encryption-config.ts"
import { openSqliteEngine, type FileEngine } from "./sqlite-engine.ts"
import { DatabaseError } from "./storage-errors.ts"

const folder = mkdtempSync(join(tmpdir(), "hawser-encrypted-"))
const file = join(folder, "state.db")
after(() => rmSync(folder, { recursive: true }))

const KEY = "/registry/core/secrets/default/a"
const gcm = (...names: string[]): SealProvider => ({
  type: "aesgcm",
  keys: names.map((name) => ({ name, secret: new Uint8Array(32).fill(name.charCodeAt(1)) })),
})
const identity: SealProvider = { type: "identity" }

async function using<T>(providers: readonly SealProvider[], work: (engine: FileEngine) => Promise<T>): Promise<T> {
  const encryption = providers.length === 0 ? [] : [{ resources: ["secrets"], providers }]
  const engine = await openSqliteEngine({ file, clock: realClock, encryption })
  try {
    return await work(engine)
  } finally {
    await engine.close()
  }
}

const read = (providers: readonly SealProvider[]) =>
  using(providers, async (engine) => {
    const { value, stale = false } = (await engine.store("a")).get(KEY)!
    return [Buffer.from(value).toString(), stale] as const
  })

test("secrets are not in the file; keys are rotated; a missing key is named", async () => {
  await using([], async (engine) => {
    const store = await engine.store("a")
    await store.put(KEY, Buffer.from("top secret"), 0)
    await store.put("/registry/core/configmaps/default/a", Buffer.from("well known"), 0)
  })
  assert.ok(readFileSync(file).includes("top secret"))

  // Encrypted from now on; what is there is read, and known to be stale.
  assert.deepEqual(await read([gcm("k1"), identity]), ["top secret", true])
  const count = await using([gcm("k1"), identity], (engine) => engine.reseal())
  assert.equal(count, 1)
  assert.deepEqual(await read([gcm("k1")]), ["top secret", false])
  assert.ok(!readFileSync(file).includes("top secret"))
  assert.ok(readFileSync(file).includes("well known"))

  assert.deepEqual(await read([gcm("k2", "k1")]), ["top secret", true])
  // One write of the object does for it what `reseal` does for all; the value that it replaced waits for compaction.
  await using([gcm("k2", "k1")], async (engine) => {
    const store = await engine.store("a")
    await store.put(KEY, store.get(KEY)!.value, store.get(KEY)!.revision)
    assert.equal(store.get(KEY)!.stale, undefined)
  })
  assert.equal(await using([gcm("k2", "k1")], (engine) => engine.reseal()), 1)
  assert.deepEqual(await read([gcm("k2")]), ["top secret", false])

  const missing = (error: Error) =>
    error instanceof DatabaseError && error.problem === "no key" && /secrets\/default\/a .*"k2"/.test(error.message)
  await assert.rejects(read([gcm("k1")]), missing)
  await assert.rejects(read([]), missing)
})
