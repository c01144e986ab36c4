// The rows about an API server by itself. The same client drives either server, on the same machine: only ratios count.
import { CONFIG_MAPS, NAMESPACES } from "#api/kubernetes/core.ts"
import type { KubeClient } from "#kube/client.ts"
import { nowMs } from "./measure.ts"

const WRITERS = 64
const OBJECTS = 4_000
const WATCHERS = 50
const WATCHED = 500

/** Operations or events per second, and milliseconds for a list. */
export type ApiserverFigures = Readonly<Record<"create" | "patch" | "apply" | "get" | "watch" | "list", number>>

export async function benchApiserver(client: KubeClient): Promise<ApiserverFigures> {
  const namespace = `bench-api-${process.pid}`
  await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
  const key = (i: number) => ({ namespace, name: `o${i}` })
  const create = await perSecond(OBJECTS, (i) => client.create(CONFIG_MAPS, object(namespace, i)))
  const get = await perSecond(OBJECTS, (i) => client.get(CONFIG_MAPS, key(i)))
  const patch = await perSecond(OBJECTS, (i) => client.patch(CONFIG_MAPS, key(i), { merge: { data: { n: `${i}` } } }))
  const apply = await perSecond(OBJECTS / 2, (i) =>
    client.apply(CONFIG_MAPS, object(namespace, i), { fieldManager: "bench", force: true }),
  )
  const lists: number[] = []
  for (let i = 0; i < 10; i++) {
    const started = nowMs()
    await client.list(CONFIG_MAPS, { namespace })
    lists.push(nowMs() - started)
  }
  const watch = await watched(client, namespace)
  await client.delete(NAMESPACES, { name: namespace })
  return { create, get, patch, apply, watch, list: lists.toSorted((a, b) => a - b)[5]! }
}

async function perSecond(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const lane = async () => {
    while (next < count) await work(next++)
  }
  const started = nowMs()
  await Promise.all(Array.from({ length: WRITERS }, lane))
  return (count / (nowMs() - started)) * 1000
}

/** Events delivered per second, all watchers together. */
async function watched(client: KubeClient, namespace: string): Promise<number> {
  const { metadata } = await client.list(CONFIG_MAPS, { namespace, limit: 1 })
  let events = 0
  const all = Promise.withResolvers<void>()
  const watches = Array.from({ length: WATCHERS }, () =>
    client.watch(
      CONFIG_MAPS,
      { namespace, resourceVersion: metadata.resourceVersion ?? "" },
      {
        event: () => void (++events === WATCHERS * WATCHED && all.resolve()),
        bookmark: () => {},
        end: (error) => void (error !== undefined && all.reject(error)),
      },
    ),
  )
  const started = nowMs()
  await perSecond(WATCHED, (i) =>
    client.patch(CONFIG_MAPS, { namespace, name: `o${i}` }, { merge: { data: { w: "1" } } }),
  )
  await all.promise
  const took = nowMs() - started
  for (const watch of watches) watch.stop()
  return (WATCHERS * WATCHED * 1000) / took
}

const object = (namespace: string, i: number) => ({
  apiVersion: "v1" as const,
  kind: "ConfigMap" as const,
  metadata: { name: `o${i}`, namespace, labels: { app: "bench", shard: `${i % 10}` } },
  data: { text: "x".repeat(800) },
})
