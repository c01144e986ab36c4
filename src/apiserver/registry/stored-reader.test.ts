import assert from "node:assert/strict"
import { test } from "node:test"
import type { ObjectChange } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { encodeStored, storageKey, type Memo } from "./codec.ts"
import { newStoredReader } from "./stored-reader.ts"
import { putOptions } from "./write-request.ts"

const RESOURCE = { group: "", resource: "configmaps", version: "v1" }
const INFO = { ...RESOURCE, storage: RESOURCE, strategy: {} } as ResourceInfo

function newScene() {
  const storage = memoryStorage()
  const resources: ResourceTable = { find: () => INFO, findKind: () => INFO, all: () => [INFO], generation: 1 }
  const reader = newStoredReader({ storage, resources })
  const keyFor = (name: string, namespace = "default") => storageKey(INFO, namespace, name)
  return {
    reader,
    async put(name: string, value: string, namespace = "default") {
      const object = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace },
        data: { value },
      }
      const key = keyFor(name, namespace)
      await storage.put(key, encodeStored(object), storage.get(key)?.revision ?? 0, putOptions(INFO, object))
    },
    isKept: (name: string, namespace?: string) =>
      (storage.get(keyFor(name, namespace))?.memo as Memo | undefined)?.object !== undefined,
  }
}

test("what nobody asked for is not kept, though all were told of it", async () => {
  const { reader, put, isKept } = newScene()
  const told: ObjectChange[] = []
  reader.onChange((changes) => told.push(...changes))
  await put("a", "1")
  await put("a", "2")
  assert.deepEqual(
    told.map(({ kind, object, before }) => [kind, object["data"], before?.["data"]]),
    [
      ["added", { value: "1" }, undefined],
      ["changed", { value: "2" }, { value: "1" }],
    ],
  )
  assert.equal(isKept("a"), false)
  assert.deepEqual(
    [...reader.scan(RESOURCE)].map((object) => object["data"]),
    [{ value: "2" }],
  )
  assert.equal(isKept("a"), false)
})

test("what was asked for by name is kept, in every version that follows", async () => {
  const { reader, put, isKept } = newScene()
  await put("a", "1")
  await put("b", "1")
  assert.deepEqual(reader.get(RESOURCE, "default", "a")?.["data"], { value: "1" })
  await Promise.all([put("a", "2"), put("b", "2")])
  await put("a", "3")
  assert.deepEqual([isKept("a"), isKept("b")], [true, false])
  assert.equal(reader.get(RESOURCE, "default", "a"), reader.get(RESOURCE, "default", "a"))
  assert.deepEqual(reader.get(RESOURCE, "default", "a")?.["data"], { value: "3" })
})

test("of a resource that is listed everything is kept", async () => {
  const { reader, put, isKept } = newScene()
  await put("a", "1")
  reader.list(RESOURCE)
  await put("b", "1")
  assert.deepEqual([isKept("a"), isKept("b")], [true, true])
})

test("of a resource that is listed in one namespace, what is in the others is not kept", async () => {
  const { reader, put, isKept } = newScene()
  reader.list(RESOURCE, "default")
  await Promise.all([put("a", "1"), put("a", "1", "other")])
  assert.deepEqual([isKept("a"), isKept("a", "other")], [true, false])
})
