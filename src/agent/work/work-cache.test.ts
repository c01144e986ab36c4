import assert from "node:assert/strict"
import { test } from "node:test"
import { memoryDirectory } from "#lib/directory.ts"
import { workCacheContract } from "./work-cache.contract.ts"
import { directoryWorkCache, memoryWorkCache } from "./work-cache.ts"

workCacheContract("memoryWorkCache", async () => memoryWorkCache())
workCacheContract("directoryWorkCache", async () => directoryWorkCache(memoryDirectory()))

test("directoryWorkCache: a broken file hides only its own work", async () => {
  const directory = memoryDirectory()
  await directory.write("broken.json", "{")
  await directory.write("other.json", JSON.stringify({ metadata: { name: "other" }, spec: {} }))
  const works = await directoryWorkCache(directory).load()
  assert.deepEqual(
    works.map((work) => work.metadata.name),
    ["other"],
  )
})
