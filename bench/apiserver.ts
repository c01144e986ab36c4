// The rows about an API server by itself. The same client drives either kind of server on the same machine: the client's own
// work is in every figure, so that only ratios count, and those come out too small rather than too large.
import { CONFIG_MAPS, NAMESPACES } from "#api/kubernetes/core.ts"
import { isStream, readBody, type Transport } from "#lib/http.ts"
import type { Connected } from "../test/support/hawser.ts"
import { nowMs, percentile } from "./measure.ts"

const WRITERS = 64
const OBJECTS = 10_000
/** Gets, patches and applies each. */
const OPERATIONS = 4_000
const LISTS = 10
const WATCHERS = 200
/** Changes that each watcher is told. */
const WATCHED = 500
const NEWLINE = 10

/** Operations or events per second, and milliseconds for a list. */
export type ApiserverFigures = Readonly<Record<"create" | "patch" | "apply" | "get" | "watch" | "list", number>>

export async function benchApiserver({ client, transport }: Connected): Promise<ApiserverFigures> {
  const namespace = `bench-api-${process.pid}`
  await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
  const key = (i: number) => ({ namespace, name: `o${i}` })
  const create = await perSecond(OBJECTS, (i) => client.create(CONFIG_MAPS, object(namespace, i)))
  const get = await perSecond(OPERATIONS, (i) => client.get(CONFIG_MAPS, key(i)))
  const patch = await perSecond(OPERATIONS, (i) =>
    client.patch(CONFIG_MAPS, key(i), { merge: { data: { n: `${i}` } } }),
  )
  const apply = await perSecond(OPERATIONS, (i) =>
    client.apply(CONFIG_MAPS, object(namespace, i), { fieldManager: "bench", force: true }),
  )
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const lists: number[] = []
  for (let i = 0; i < LISTS; i++) {
    const started = nowMs()
    // Not parsed: that would take the client longer than either server needs.
    const { body } = await transport({ method: "GET", path: `${path}?resourceVersion=0`, headers: {} })
    await readBody(body)
    lists.push(nowMs() - started)
  }
  const { metadata } = await client.list(CONFIG_MAPS, { namespace, limit: 1 })
  const watchPath = `${path}?watch=1&resourceVersion=${metadata.resourceVersion}`
  const change = (i: number) => client.patch(CONFIG_MAPS, key(i), { merge: { data: { w: "1" } } })
  const watch = await eventsPerSecond(transport, watchPath, change)
  return { create, get, patch, apply, watch, list: percentile(lists, 0.5) }
}

/** Removes what the figures were taken on. */
export async function cleanApiserver({ client }: Connected): Promise<void> {
  await client.delete(NAMESPACES, { name: `bench-api-${process.pid}` })
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

/** Events delivered per second, all watchers together. Lines are counted, not parsed, for the reason that lists are not. */
async function eventsPerSecond(transport: Transport, path: string, change: (i: number) => Promise<unknown>) {
  const wanted = WATCHERS * WATCHED
  let events = 0
  const all = Promise.withResolvers<void>()
  const stops: (() => void)[] = []
  const follow = async () => {
    const { status, body } = await transport({ method: "GET", path, headers: {} })
    if (status !== 200 || !isStream(body)) throw new Error(`Cannot watch ${path}: the server answered ${status}`)
    const write = (chunk: Uint8Array) => {
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) events++
      if (events >= wanted) all.resolve()
      return 0
    }
    stops.push(body.start({ write, end: () => all.reject(new Error(`Cannot watch ${path}: the watch ended`)) }))
  }
  await Promise.all(Array.from({ length: WATCHERS }, follow))
  const started = nowMs()
  await perSecond(WATCHED, change)
  await all.promise
  const took = nowMs() - started
  for (const stop of stops) stop()
  return (wanted * 1000) / took
}

const object = (namespace: string, i: number) => ({
  apiVersion: "v1" as const,
  kind: "ConfigMap" as const,
  metadata: { name: `o${i}`, namespace, labels: { app: "bench", shard: `${i % 10}` } },
  data: { text: "x".repeat(800) },
})
