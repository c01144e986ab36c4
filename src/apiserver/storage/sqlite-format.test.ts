import assert from "node:assert/strict"
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { after, test } from "node:test"
import { fileURLToPath } from "node:url"
import { realClock } from "#lib/clock.ts"
import { openSqliteEngine, type FileEngine } from "./sqlite-engine.ts"
import { CompactedError } from "./storage.ts"

const folder = mkdtempSync(join(tmpdir(), "hawser-storage-"))
const engines: FileEngine[] = []
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

test("a database of format 1 is brought up to date, once", async () => {
  const file = newFile()
  copyFileSync(fileURLToPath(new URL("./testdata/format-1.db", import.meta.url)), file)
  for (let i = 0; i < 2; i++) {
    const engine = await open(file)
    const hub = await engine.store("hub")
    assert.equal(hub.count("/registry/configmaps/default/"), 19)
    const changed = hub.get("/registry/configmaps/default/c3")!
    assert.deepEqual([changed.revision, changed.createRevision], [21, 4])
    assert.equal(JSON.parse(Buffer.from(changed.value).toString()).data.text, "second")
    assert.equal(hub.get("/registry/configmaps/default/c4"), undefined)
    assert.equal(hub.get("/registry/leases/default/l")?.revision, 23)
    assert.equal(hub.revision, 23 + i)
    // It kept no history.
    assert.throws(() => hub.watch("", 22, () => {}), CompactedError)
    const member = await engine.store("cluster1")
    assert.deepEqual([member.revision, member.count("")], [1, 1])
    assert.deepEqual(await hub.put(`/new/${i}`, Buffer.from("1"), 0), { ok: true, revision: 24 + i })
    await engine.close()
  }
})

for (const { name, make, want } of [
  {
    name: "text",
    make: (file: string) => writeFileSync(file, "hello, I am no database ".repeat(100)),
    want: /damaged/,
  },
  {
    name: "another program's database",
    make(file: string) {
      const db = new DatabaseSync(file)
      db.exec("CREATE TABLE t (a)")
      db.close()
    },
    want: /another program/,
  },
  {
    name: "a newer format",
    make(file: string) {
      const db = new DatabaseSync(file)
      db.exec("CREATE TABLE t (a); PRAGMA application_id = 0x68777372; PRAGMA user_version = 99")
      db.close()
    },
    want: /format 99, written by a newer version/,
  },
]) {
  test(`refuses ${name}`, async () => {
    const file = newFile()
    make(file)
    const before = readFileSync(file)
    await assert.rejects(openSqliteEngine({ file, clock: realClock }), want)
    assert.deepEqual(readFileSync(file), before)
  })
}

test("refuses a file that is in use", async () => {
  const file = newFile()
  await (await open(file)).store("a")
  await assert.rejects(openSqliteEngine({ file, clock: realClock }), /another process uses it/)
})

test("refuses to read a store from damaged pages", async () => {
  const file = newFile()
  const engine = await open(file)
  const store = await engine.store("a")
  await Promise.all(Array.from({ length: 200 }, (_, i) => store.put(`/a/${i}`, Buffer.alloc(1000, "x"), 0)))
  await engine.close()
  const content = readFileSync(file)
  content.fill(0xff, 4 * 4096)
  writeFileSync(file, content)
  const again = await open(file)
  await assert.rejects(again.store("a"), /Cannot read store "a".*damaged/)
})
