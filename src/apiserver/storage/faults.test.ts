// Disks that are full or fail, and go on again.
import assert from "node:assert/strict"
import { execFileSync, fork, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { fileURLToPath } from "node:url"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { KEPT_MS } from "./retention.ts"
import { openSqliteEngine } from "./sqlite-engine.ts"
import { DatabaseError } from "./storage-errors.ts"

const folder = mkdtempSync(join(tmpdir(), "hawser-faults-"))
after(() => rmSync(folder, { recursive: true }))

test("a full file refuses writes, keeps what it has, and takes writes again once there is room", async () => {
  const file = join(folder, "full.db")
  const clock = newVirtualClock(1_000_000)
  const engine = await openSqliteEngine({ file, clock, fileBytesMax: 400_000 })
  const store = await engine.store("a")
  const put = (i: number) => store.put(`/a/${i}`, Buffer.alloc(20_000, "x"), 0)
  const full = (error: Error) => error instanceof DatabaseError && /no space left/.test(error.message)
  await put(0)
  await store.put("/lease", Buffer.from("1"), 0, { durable: false })
  await store.put("/lease", Buffer.from("2"), 2, { durable: false })
  // More at once than there is room for: all of a batch fail together.
  const results = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => put(i + 1)))
  assert.ok(results.every((r) => r.status === "rejected" && full(r.reason as Error)))
  assert.deepEqual([store.count(""), store.revision], [2, 3])
  let written = 1
  await assert.rejects(async () => {
    for (; ; written++) await put(written)
  }, full)
  assert.ok(written > 5)
  assert.equal(store.count("/a/"), written)
  for (const { key, revision } of store.list("/a/").slice(0, 3)) await store.delete(key, revision)
  await clock.advance(KEPT_MS + 1)
  assert.equal((await put(1_000)).ok, true)
  await engine.close()

  const again = await openSqliteEngine({ file, clock })
  const kept = await again.store("a")
  assert.equal(kept.count("/a/"), written - 2)
  assert.equal(Buffer.from(kept.get("/lease")!.value).toString(), "2")
  await again.close()
})

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0
test(
  "after an error of the disk writes go on without a restart, and none that was refused is there",
  { skip: hasPrlimit ? false : "prlimit is not there: it takes the disk away" },
  async () => {
    const file = join(folder, "failing.db")
    const script = fileURLToPath(new URL("./testdata/faulty.ts", import.meta.url))
    const writer = fork(script, [file], {
      execPath: process.execPath,
      execArgv: ["--disable-warning=ExperimentalWarning"],
    })
    const next = async () => String((await once(writer, "message"))[0])
    const put = (key: string, durable = true) => {
      writer.send({ key, durable })
      return next()
    }
    // No file of the process may grow beyond this: further writes fail with EFBIG, which is not a full disk.
    const limitFiles = (bytes: number | "unlimited") =>
      execFileSync("prlimit", ["--pid", String(writer.pid), `--fsize=${bytes}:unlimited`])
    assert.equal(await next(), "ready")
    assert.equal(await put("/lease", false), "ok 1")
    assert.equal(await put("/a/1"), "ok 2")
    for (let round = 0; round < 3; round++) {
      assert.match(await put("/lease", false), /^ok /)
      limitFiles(100)
      assert.match(await put(`/a/refused${round}`), /Cannot write to database .*disk I\/O error/)
      assert.match(await put(`/a/refused again${round}`), /Cannot write to database/)
      limitFiles("unlimited")
      assert.match(await put(`/a/after${round}`), /^ok /)
    }
    writer.kill("SIGKILL")
    await once(writer, "exit")
    const engine = await openSqliteEngine({ file, clock: newVirtualClock(0) })
    const store = await engine.store("a")
    assert.deepEqual(
      store.list("").map((v) => v.key),
      ["/a/1", "/a/after0", "/a/after1", "/a/after2", "/lease"],
    )
    await engine.close()
  },
)
