import assert from "node:assert/strict"
import { mkdtemp, readdir, readFile, rm, mkdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { openRotatingFile, type RotatingFileOptions } from "./rotating-file.ts"
import { newVirtualClock } from "./virtual-clock.ts"

const START_MS = Date.parse("2026-01-02T03:04:05Z")

async function inFolder(body: (dir: string, options: RotatingFileOptions) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "hawser-rotating-"))
  try {
    await body(dir, {
      path: join(dir, "logs", "audit.log"),
      clock: newVirtualClock(START_MS),
      bytesMax: 10,
      backupsMax: 2,
      ageMsMax: 0,
      queueBytesMax: 1000,
      onError: (error) => assert.fail(String(error)),
    })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

test("a file is put aside before it grows too large, and the oldest ones go", () =>
  inFolder(async (dir, options) => {
    const file = await openRotatingFile(options)
    for (const line of ["aaaa\n", "bbbb\n", "cccc\n", "dddd\n", "eeee\n", "ffff\n", "gggg\n"]) file.write(line)
    await file.close()
    const names = (await readdir(join(dir, "logs"))).sort()
    assert.deepEqual(names, ["audit-2026-01-02T03-04-05.001.log", "audit-2026-01-02T03-04-05.002.log", "audit.log"])
    const texts = await Promise.all(names.map((name) => readFile(join(dir, "logs", name), "utf8")))
    assert.deepEqual(texts, ["cccc\ndddd\n", "eeee\nffff\n", "gggg\n"])
    assert.equal(file.dropped, 0)
  }))

test("it goes on where it was, and old files go by age", () =>
  inFolder(async (dir, { clock: _, ...options }) => {
    const clock = newVirtualClock(START_MS)
    const first = await openRotatingFile({ ...options, clock })
    first.write("aaaaaaaaa\n")
    first.write("bbbbbbbbb\n")
    await first.close()
    await clock.advance(5000)
    const second = await openRotatingFile({ ...options, clock, ageMsMax: 4000 })
    second.write("cc\n")
    await second.close()
    assert.deepEqual((await readdir(join(dir, "logs"))).sort(), ["audit-2026-01-02T03-04-10.000.log", "audit.log"])
  }))

test("what the disk cannot take in time is dropped and counted, and so is what comes after the end", () =>
  inFolder(async (_, options) => {
    const file = await openRotatingFile({ ...options, queueBytesMax: 8 })
    assert.deepEqual([file.write("aaaa\n"), file.write("bbbb\n")], [true, false])
    await file.close()
    assert.equal(file.write("c\n"), false)
    assert.equal(file.dropped, 2)
  }))

test("a disk that refuses is told of", () =>
  inFolder(async (_, options) => {
    let errors = 0
    const file = await openRotatingFile({ ...options, onError: () => errors++ })
    file.write("aaaaaaaa\n")
    await file.close()
    const again = await openRotatingFile({ ...options, onError: () => errors++ })
    await rm(options.path)
    await rm(join(options.path, ".."), { recursive: true })
    again.write("bbbbbbbb\n")
    await again.close()
    await mkdir(join(options.path, ".."))
    assert.deepEqual([errors, again.dropped], [1, 1])
  }))
