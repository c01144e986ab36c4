import type { Log } from "#lib/log.ts"
import { silentLog } from "#lib/log.ts"
import type { KubeObject, UnknownObject } from "#apimachinery/meta.ts"
import { keyOf, parseKey } from "#apimachinery/meta.ts"
import { groupResource, type ResourceType } from "#apimachinery/gvk.ts"
import { parseLabelSelector } from "#apimachinery/selectors.ts"
import type { Change, Informer, InformerFactory, InformerScope } from "#kube/informer.ts"
import type { ObjectChange, ObjectReader } from "#apiserver/object-reader.ts"

/**
 * Informers straight on the memory of an API server in this process: no watch, no second copy of any object. With a
 * thousand members in one process, copies would be most of its memory.
 */
export function newLocalInformerFactory(reader: ObjectReader, log: Log = silentLog): InformerFactory {
  const informers = new Map<string, LocalInformer>()
  const byResource = new Map<string, LocalInformer[]>()
  const stop = reader.onChange((changes) => {
    for (const change of changes) {
      for (const informer of byResource.get(groupResource(change.resource.storage)) ?? []) informer.take(change)
    }
  })
  return {
    informer<T extends KubeObject>(type: ResourceType<T>, scope: InformerScope = {}): Informer<T> {
      const id = JSON.stringify([type.group, type.resource, scope.namespace, scope.labelSelector, scope.fieldSelector])
      let informer = informers.get(id)
      if (informer === undefined) {
        informer = new LocalInformer(reader, type as ResourceType, scope, log)
        informers.set(id, informer)
        const name = groupResource(type)
        byResource.set(name, [...(byResource.get(name) ?? []), informer])
      }
      return informer as unknown as Informer<T>
    },
    start(signal) {
      if (signal.aborted) stop()
      else signal.addEventListener("abort", stop, { once: true })
    },
    waitForSync: () => Promise.resolve(),
  }
}

type Index = { readonly values: (object: UnknownObject) => readonly string[]; readonly keys: Map<string, Set<string>> }

class LocalInformer implements Informer<UnknownObject> {
  readonly type: ResourceType
  readonly synced = true
  readonly #reader: ObjectReader
  readonly #log: Log
  readonly #namespace: string | undefined
  readonly #named: boolean
  readonly #inScope: (object: UnknownObject) => boolean
  readonly #handlers: ((change: Change<UnknownObject>) => void)[] = []
  readonly #indexes = new Map<string, Index>()

  constructor(reader: ObjectReader, type: ResourceType, scope: InformerScope, log: Log) {
    this.#log = log
    this.#reader = reader
    this.type = type
    this.#namespace = scope.namespace
    this.#named = scope.fieldSelector !== undefined
    this.#inScope = filterOf(scope)
  }

  get(key: string): UnknownObject | undefined {
    const { namespace = "", name } = parseKey(key)
    const object = this.#reader.get(this.type, namespace, name)
    return object !== undefined && this.#inScope(object) ? object : undefined
  }

  list(): readonly UnknownObject[] {
    // Of all that one name leaves out, nothing need be kept.
    if (this.#named) return [...this.#reader.scan(this.type, this.#namespace)].filter(this.#inScope)
    return this.#reader.list(this.type, this.#namespace).filter(this.#inScope)
  }

  byIndex(name: string, value: string): readonly UnknownObject[] {
    const index = this.#indexes.get(name)
    if (index === undefined) throw new Error(`Cannot read index "${name}" of ${this.type.resource}: it was not added`)
    return [...(index.keys.get(value) ?? [])].map((key) => this.get(key)).filter((object) => object !== undefined)
  }

  addIndex(name: string, values: (object: UnknownObject) => readonly string[]): void {
    if (this.#indexes.has(name)) return
    const index: Index = { values, keys: new Map() }
    this.#indexes.set(name, index)
    for (const object of this.list()) file(index, object)
  }

  onChange(handler: (change: Change<UnknownObject>) => void): void {
    this.#handlers.push(handler)
    for (const object of this.list()) this.#tell(handler, { kind: "added", object })
  }

  waitForSync(): Promise<void> {
    return Promise.resolve()
  }

  /** What the reader tells, seen through this informer's scope. */
  take({ kind, object, before }: ObjectChange): void {
    const was = before !== undefined && this.#inScope(before)
    const is = kind !== "deleted" && this.#inScope(object)
    if (!was && !is && !(kind === "deleted" && this.#inScope(object))) return
    for (const index of this.#indexes.values()) {
      if (kind !== "added") unfile(index, before ?? object)
      if (is) file(index, object)
    }
    const change: Change<UnknownObject> = is
      ? was
        ? { kind: "changed", object, before: before! }
        : { kind: "added", object }
      : { kind: "deleted", object }
    for (const handler of this.#handlers) this.#tell(handler, change)
  }

  /** One listener's fault must not keep the news from the others, nor reach the storage that tells of the change. */
  #tell(handler: (change: Change<UnknownObject>) => void, change: Change<UnknownObject>): void {
    try {
      handler(change)
    } catch (error) {
      this.#log.error("Change handler failed", { resource: groupResource(this.type), error })
    }
  }
}

function file(index: Index, object: UnknownObject): void {
  const key = keyOf(object)
  for (const value of index.values(object)) {
    let keys = index.keys.get(value)
    if (keys === undefined) index.keys.set(value, (keys = new Set()))
    keys.add(key)
  }
}

function unfile(index: Index, object: UnknownObject): void {
  const key = keyOf(object)
  for (const value of index.values(object)) {
    const keys = index.keys.get(value)
    if (keys?.delete(key) && keys.size === 0) index.keys.delete(value)
  }
}

function filterOf({ namespace, labelSelector, fieldSelector }: InformerScope): (object: UnknownObject) => boolean {
  const labels = labelSelector === undefined ? undefined : parseLabelSelector(labelSelector)
  const name = fieldSelector?.startsWith("metadata.name=") ? fieldSelector.slice("metadata.name=".length) : undefined
  if (fieldSelector !== undefined && name === undefined) {
    throw new Error(`Cannot watch with field selector "${fieldSelector}" in process: only metadata.name=`)
  }
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    (labels === undefined || labels.matches(object.metadata.labels ?? {}))
}
