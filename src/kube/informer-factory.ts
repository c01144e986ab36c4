import type { Clock } from "#lib/clock.ts"
import type { Log } from "#lib/log.ts"
import type { Metrics } from "#lib/metrics.ts"
import type { Random } from "#lib/random.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { groupResource } from "#apimachinery/gvk.ts"
import type { KubeObject, UnknownObject } from "#apimachinery/meta.ts"
import type { KubeClient } from "./client.ts"
import type { Change, Informer, InformerFactory, InformerScope } from "./informer.ts"
import { newObjectCache } from "./object-cache.ts"
import type { ReflectorSink } from "./reflector.ts"
import { runReflector } from "./reflector.ts"

export type InformerFactoryOptions = {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Told which caches are in step, once they are started and until their signal aborts. */
  readonly metrics?: Metrics
  /**
   * Cached objects carry no managedFields unless asked for: nobody decides by them, and they are up to half of an
   * object's memory. A server takes an update without them as "unchanged".
   */
  readonly keepManagedFields?: boolean
}

type Running<T extends KubeObject> = {
  readonly informer: Informer<T>
  readonly sink: ReflectorSink<T>
  started: boolean
}

/** Informers over a client: one reflector and one cache per type and scope, however many ask. */
export function newInformerFactory(options: InformerFactoryOptions): InformerFactory {
  const { client, clock, random, log } = options
  const running = new Map<string, Running<UnknownObject>>()
  let startSignal: AbortSignal | undefined

  const begin = (entry: Running<UnknownObject>, scope: InformerScope, signal: AbortSignal) => {
    if (entry.started) return
    entry.started = true
    const { type } = entry.informer
    void runReflector({ client, type, scope, sink: entry.sink, clock, random, log, signal })
  }
  const scopes = new Map<Running<UnknownObject>, InformerScope>()

  return {
    informer<T extends KubeObject>(type: ResourceType<T>, scope: InformerScope = {}) {
      const key = JSON.stringify([
        type.group,
        type.version,
        type.resource,
        scope.namespace,
        scope.labelSelector,
        scope.fieldSelector,
      ])
      let entry = running.get(key)
      if (entry === undefined) {
        // The map holds informers of all types; each key comes with the one type it was made for.
        entry = newInformer<T>(type, log, options.keepManagedFields ?? false) as unknown as Running<UnknownObject>
        running.set(key, entry)
        scopes.set(entry, scope)
        if (startSignal !== undefined) begin(entry, scope, startSignal)
      }
      return entry.informer as unknown as Informer<T>
    },
    start(signal) {
      startSignal = signal
      if (options.metrics !== undefined) countInformers(options.metrics, () => [...scopes.keys()], signal)
      for (const [entry, scope] of scopes) begin(entry, scope, signal)
    },
    async waitForSync(signal) {
      await Promise.all([...running.values()].map((entry) => entry.informer.waitForSync(signal)))
    },
  }
}

function countInformers(metrics: Metrics, entries: () => readonly Running<UnknownObject>[], signal: AbortSignal): void {
  const synced = metrics.gauge("hawser_informer_synced", "Whether all caches of a resource hold a first full state.")
  const objects = metrics.gauge("hawser_informer_objects", "Objects in the caches of a resource.")
  const told = new Set<string>()
  const stop = metrics.onText(() => {
    const byResource = Map.groupBy(entries(), ({ informer }) => groupResource(informer.type))
    for (const [resource, running] of byResource) {
      told.add(resource)
      synced.set(running.every(({ informer }) => informer.synced) ? 1 : 0, { resource })
      objects.set(
        running.reduce((sum, { informer }) => sum + informer.list().length, 0),
        { resource },
      )
    }
  })
  const end = () => {
    stop()
    for (const gauge of [synced, objects]) for (const resource of told) gauge.remove({ resource })
  }
  if (signal.aborted) end()
  else signal.addEventListener("abort", end, { once: true })
}

function newInformer<T extends KubeObject>(type: ResourceType<T>, log: Log, keepManagedFields: boolean): Running<T> {
  const cache = newObjectCache<T>(groupResource(type))
  const handlers: ((change: Change<T>) => void)[] = []
  const firstState = Promise.withResolvers<void>()
  let synced = false
  const kept = (object: T) => (keepManagedFields ? object : withoutManagedFields(object))

  const tell = (change: Change<T> | undefined) => {
    if (change === undefined) return
    // Not for-of: a handler that is added by another is told the state as it is now, and not this change again.
    for (let i = 0, count = handlers.length; i < count; i++) call(handlers[i]!, change)
  }
  const call = (handler: (change: Change<T>) => void, change: Change<T>) => {
    try {
      handler(change)
    } catch (error) {
      // One listener's fault must not keep the news from the others, nor stop the reflector.
      log.error("Change handler failed", { resource: groupResource(type), error })
    }
  }

  const informer: Informer<T> = {
    type,
    get: (key) => cache.get(key),
    list: () => cache.list(),
    byIndex: (index, value) => cache.byIndex(index, value),
    addIndex: (index, values) => cache.addIndex(index, values),
    onChange(handler) {
      handlers.push(handler)
      for (const object of cache.list()) call(handler, { kind: "added", object })
    },
    get synced() {
      return synced
    },
    waitForSync: (signal) => (synced ? Promise.resolve() : raceSignal(firstState.promise, signal)),
  }
  return {
    informer,
    started: false,
    sink: {
      replace(objects) {
        for (const change of cache.replace(objects.map(kept))) tell(change)
        synced = true
        firstState.resolve()
      },
      changed: (object) => tell(cache.put(kept(object))),
      deleted: (object) => tell(cache.remove(kept(object))),
    },
  }
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object
  const { managedFields: _dropped, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** @throws the signal's reason when it aborts first */
async function raceSignal(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}
