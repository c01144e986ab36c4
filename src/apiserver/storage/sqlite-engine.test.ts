import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { fileURLToPath } from "node:url"
import { realClock } from "#lib/clock.ts"
import { openSqliteEngine } from "./sqlite-engine.ts"
import { storageContract } from "./storage.contract.ts"
import type { StorageEngine } from "./storage.ts"

const folder = mkdtempSync(join(tmpdir(), "hawser-storage-"))
const engines: StorageEngine[] = []
let files = 0
const newFile = () => join(folder, `${++files}.db`)
const open = async (file: string) => {
  const engine = await openSqliteEngine({ file, clock: realClock })
  engines.push(engine)
  return engine
}
after(async () => {
  for (const engine of engines) await engine.close()
  rmSync(folder, { recursive: true })
})

const shared = open(newFile())
let stores = 0
storageContract("sqlite", async (options) => (await shared).store(`contract-${++stores}`, options))

test("a reopened file has values, revision and stores of their own", async () => {
  const file = newFile()
  const engine = await open(file)
  const [a, b] = [await engine.store("a"), await engine.store("b")]
  assert.equal(await engine.store("a"), a)
  await Promise.all([
    a.put("/x", Buffer.from("a1"), 0),
    b.put("/x", Buffer.from("b1"), 0),
    a.put("/y", Buffer.from("a2"), 0),
  ])
  await a.put("/lease", Buffer.from("a3"), 0, { durable: false })
  await a.put("/lease", Buffer.from("a4"), 3, { durable: false })
  await a.delete("/y", 2)
  await engine.close()

  const again = await open(file)
  const c = await again.store("a")
  assert.equal(c.revision, 5)
  assert.deepEqual(
    c.list("").map((v) => [v.key, Buffer.from(v.value).toString(), v.revision, v.createRevision]),
    [
      ["/lease", "a4", 4, 3],
      ["/x", "a1", 1, 1],
    ],
  )
  assert.equal((await again.store("b")).revision, 1)
  const seen: number[] = []
  c.watch("", 5, (events) => seen.push(...events.map((e) => e.revision)))
  await c.put("/z", Buffer.from("1"), 0)
  assert.deepEqual(seen, [6])
  await again.drop("b")
  assert.equal((await again.store("b")).count(""), 0)
})

test("a write that needs no durability does not wait for the disk once a batch has made room", async () => {
  const engine = await open(newFile())
  const store = await engine.store("a")
  await store.put("/lease", Buffer.from("0"), 0, { durable: false })
  let microtasks = 0
  let done = false
  void store.put("/lease", Buffer.from("1"), 1, { durable: false }).then(() => (done = true))
  while (!done && microtasks++ < 20) await Promise.resolve()
  assert.ok(done)
})

test("every write that was acknowledged before SIGKILL is there afterwards", async () => {
  const file = newFile()
  const writer = spawn(process.execPath, [fileURLToPath(new URL("./testdata/writer.ts", import.meta.url)), file], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let output = ""
  await new Promise<void>((resolve) => {
    writer.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (output.split("\n").length > 1500) writer.kill("SIGKILL")
    })
    writer.on("close", () => resolve())
  })
  const acknowledged = output.slice(0, output.lastIndexOf("\n")).split("\n")
  assert.ok(acknowledged.length >= 1500)
  const store = await (await open(file)).store("a")
  let newest = 0
  for (const line of acknowledged) {
    const [key, revision] = line.split(" ") as [string, string]
    newest = Math.max(newest, Number(revision))
    if (key.startsWith("/lease")) continue
    assert.equal(store.get(key)?.revision, Number(revision), `acknowledged write ${line}`)
  }
  // The writer's lease writes may be lost, their revisions may not come again.
  assert.ok(store.revision >= newest)
})
