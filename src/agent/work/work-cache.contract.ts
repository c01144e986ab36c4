import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManifestWork } from "#api/work/v1.ts"
import type { WorkCache } from "./work-cache.ts"

export function workCacheContract(name: string, open: () => Promise<WorkCache>): void {
  const work = (workName: string, value: string): ManifestWork => ({
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { name: workName, namespace: "c1", generation: 1 },
    spec: {
      workload: { manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { value } }] },
    },
  })

  test(`${name}: put, replace, load, remove`, async () => {
    const cache = await open()
    assert.deepEqual(await cache.load(), [])
    await cache.put(work("b", "1"))
    await cache.put(work("a", "1"))
    await cache.put(work("b", "2"))
    const loaded = [...(await cache.load())].sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
    assert.deepEqual(loaded, [work("a", "1"), work("b", "2")])
    await cache.remove("a")
    await cache.remove("a")
    assert.deepEqual(await cache.load(), [work("b", "2")])
  })
}
