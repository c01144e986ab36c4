import type { BodySink, HttpRequest, HttpResponse, Transport } from "#lib/http.ts"
import { ConnectionError } from "#lib/http.ts"
import { pathOf } from "#apimachinery/gvk.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { newStatusError, StatusError } from "#apimachinery/status-error.ts"

type Event = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject; readonly version: number }

/**
 * An API server of one collection, for tests of what reads it: list in pages, watch with and without initial events,
 * compaction, broken connections. Writing is done by the test, not by requests.
 */
export interface FakeCollection {
  readonly transport: Transport
  /** Creates or replaces. @returns the stored object */
  put(object: KubeObject): KubeObject
  remove(key: string): void
  /** Forgets the history: watches from before are answered 410. */
  compact(): void
  /** Everything is gone and versions begin anew, as after a restore of an older copy. */
  reset(version?: number): void
  /** Breaks every open stream; with `down`, requests get no answer until `up`. */
  cut(): void
  down(): void
  up(): void
  /** Sends a bookmark to every watch. */
  bookmark(): void
  readonly watchCount: number
  /** Method and query of every request so far. */
  readonly requests: string[]
}

export function newFakeCollection(type: ResourceType, options: { readonly watchList?: boolean } = {}): FakeCollection {
  const objects = new Map<string, KubeObject>()
  let history: Event[] = []
  let version = 100
  let oldest = 100
  let isDown = false
  const watches = new Set<{ readonly sink: BodySink; readonly namespace: string | undefined }>()
  const requests: string[] = []
  const apiVersion = type.group === "" ? type.version : `${type.group}/${type.version}`

  const send = (sink: BodySink, event: object) => void sink.write(Buffer.from(JSON.stringify(event) + "\n"))
  const bookmarkAt = (at: number, annotations?: Record<string, string>) => ({
    type: "BOOKMARK",
    object: { apiVersion, kind: type.kind, metadata: { resourceVersion: String(at), annotations } },
  })
  const record = (event: Event) => {
    history.push(event)
    for (const { sink, namespace } of watches) {
      if (namespace === undefined || namespace === event.object.metadata.namespace) send(sink, event)
    }
  }
  const inNamespace = (namespace: string | undefined) =>
    [...objects.values()]
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
      .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))

  const list = (query: URLSearchParams, namespace: string | undefined) => {
    const [start, at] = (query.get("continue") ?? `0:${version}`).split(":").map(Number) as [number, number]
    if (at < oldest) throw newStatusError("Expired", "The provided continue parameter is too old")
    const all = inNamespace(namespace)
    const end = start + Number(query.get("limit") ?? all.length)
    const more = end < all.length ? { continue: `${end}:${at}` } : {}
    // Like a built-in kind's: no apiVersion and kind in the items.
    const items = all.slice(start, end).map(({ apiVersion: _version, kind: _kind, ...item }) => item)
    return { apiVersion, kind: `${type.kind}List`, metadata: { resourceVersion: String(at), ...more }, items }
  }

  const watch = (query: URLSearchParams, namespace: string | undefined): HttpResponse => {
    const initial = query.get("sendInitialEvents") === "true"
    if (initial && options.watchList === false) {
      throw newStatusError("Invalid", 'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden')
    }
    const from = query.get("resourceVersion")
    return {
      status: 200,
      headers: {},
      body: {
        start(sink) {
          const own = { sink, namespace }
          if (from !== null && Number(from) < oldest) {
            send(sink, { type: "ERROR", object: newStatusError("Expired", `too old resource version: ${from}`).status })
            sink.end()
            return () => undefined
          }
          if (initial) {
            for (const object of inNamespace(namespace)) send(sink, { type: "ADDED", object })
            send(sink, bookmarkAt(version, { "k8s.io/initial-events-end": "true" }))
          }
          for (const event of history) {
            if (from !== null && event.version > Number(from)) send(sink, event)
          }
          watches.add(own)
          return () => void watches.delete(own)
        },
      },
    }
  }

  const serve = (request: HttpRequest): HttpResponse => {
    const url = new URL(request.path, "http://server")
    const namespace = /\/namespaces\/([^/]+)\//.exec(url.pathname)?.[1]
    requests.push(`${url.searchParams.get("watch") === "true" ? "WATCH" : "LIST"} ${url.searchParams.toString()}`)
    try {
      if (url.pathname !== pathOf(type, { namespace })) throw newStatusError("NotFound", "not found")
      if (url.searchParams.get("watch") === "true") return watch(url.searchParams, namespace)
      return { status: 200, headers: {}, body: json(list(url.searchParams, namespace)) }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return { status: error.code, headers: {}, body: json(error.status) }
    }
  }

  const cut = () => {
    const open = [...watches]
    watches.clear()
    for (const { sink } of open) sink.end(new ConnectionError("connection reset"))
  }

  return {
    transport: async (request) => {
      if (isDown) throw new ConnectionError("connection refused")
      return serve(request)
    },
    put(object) {
      version++
      const key = keyOf(object)
      const known = objects.get(key)
      const uid = known?.metadata.uid ?? `uid-${version}`
      const stored = { ...object, metadata: { uid, ...object.metadata, resourceVersion: String(version) } }
      objects.set(key, stored)
      record({ type: known === undefined ? "ADDED" : "MODIFIED", object: stored, version })
      return stored
    },
    remove(key) {
      const known = objects.get(key)
      if (known === undefined) return
      version++
      objects.delete(key)
      const object = { ...known, metadata: { ...known.metadata, resourceVersion: String(version) } }
      record({ type: "DELETED", object, version })
    },
    compact() {
      oldest = version
      history = []
    },
    reset(at = 1) {
      objects.clear()
      history = []
      version = at
      oldest = 0
    },
    cut,
    down() {
      isDown = true
      cut()
    },
    up: () => void (isDown = false),
    bookmark() {
      for (const { sink } of watches) send(sink, bookmarkAt(version))
    },
    get watchCount() {
      return watches.size
    },
    requests,
  }
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
