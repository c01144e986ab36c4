import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectChange, ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import type { Storage, StorageEvent, StoredValue } from "#apiserver/storage/storage.ts"
import { parseStorageKey } from "#apiserver/storage/storage-key.ts"
import { decodeFresh, decodeStored, keyPrefix, storageKey } from "./codec.ts"

type GroupResource = { readonly group: string; readonly resource: string }

/** An `ObjectReader` over a storage. Objects are parsed when first asked for and kept with the stored value. */
export interface StoredReader extends ObjectReader {
  /** Whether objects of the resource are read in this process, so that keeping a parsed one pays. */
  isRead(resource: GroupResource): boolean
  stop(): void
}

export function newStoredReader(options: { storage: Storage; resources: ResourceTable }): StoredReader {
  const { storage, resources } = options
  const versions = new Map<string, number>()
  const initial = storage.revision
  const read = new Set<string>()
  const handlers = new Set<(changes: readonly ObjectChange[]) => void>()
  const infos = newStoredInfos(resources)

  const watch = storage.watch("", initial, (events) => {
    for (const event of events) versions.set(nameOf(parseStorageKey(event.key)), event.revision)
    if (handlers.size === 0) return
    const changes: ObjectChange[] = []
    for (const event of events) {
      const resource = infos.find(parseStorageKey(event.key))
      if (resource !== undefined)
        changes.push(new StoredChange(resource, event, () => read.add(nameOf(resource.storage))))
    }
    if (changes.length > 0) for (const handler of handlers) handler(changes)
  })

  return {
    get(resource, namespace, name) {
      read.add(nameOf(resource))
      const stored = storage.get(storageKey({ storage: { ...resource, version: "" } }, namespace, name))
      return stored === undefined ? undefined : decodeStored(stored)
    },
    list(resource, namespace) {
      read.add(nameOf(resource))
      return storage.list(keyPrefix({ storage: { ...resource, version: "" } }, namespace)).map(decodeStored)
    },
    version: (resource) => versions.get(nameOf(resource)) ?? initial,
    onChange(handler) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    isRead: (resource) => read.has(nameOf(resource)),
    stop: () => watch.stop(),
  }
}

const nameOf = ({ group, resource }: GroupResource) => `${group}/${resource}`

/** Finds what is stored under a group and resource, in the version that it is stored in. */
function newStoredInfos(resources: ResourceTable): { find(stored: GroupResource): ResourceInfo | undefined } {
  let generation = -1
  let byName = new Map<string, ResourceInfo>()
  return {
    find(stored) {
      if (generation !== resources.generation) {
        generation = resources.generation
        byName = new Map()
        for (const info of resources.all()) {
          const name = nameOf(info.storage)
          const isStoredView = info.group === info.storage.group && info.version === info.storage.version
          if (isStoredView || !byName.has(name)) byName.set(name, info)
        }
      }
      return byName.get(nameOf(stored))
    },
  }
}

/** Parses on first access: most changes interest nobody in this process. */
class StoredChange implements ObjectChange {
  readonly resource: ResourceInfo
  readonly kind: "added" | "changed" | "deleted"
  readonly #event: StorageEvent
  readonly #onRead: () => void
  #object: UnknownObject | undefined
  #before: UnknownObject | undefined

  constructor(resource: ResourceInfo, event: StorageEvent, onRead: () => void) {
    this.resource = resource
    this.kind = event.type === "delete" ? "deleted" : event.previous === undefined ? "added" : "changed"
    this.#event = event
    this.#onRead = onRead
  }

  get object(): UnknownObject {
    this.#onRead()
    // A deleted object carries the revision of its deletion, so it is not the one that the memo keeps.
    return (this.#object ??= this.kind === "deleted" ? decodeDeleted(this.#event) : decodeStored(this.#event.stored))
  }

  get before(): UnknownObject | undefined {
    const previous = this.kind === "changed" ? this.#event.previous : undefined
    return (this.#before ??= previous && decodeStored(previous))
  }
}

function decodeDeleted(event: StorageEvent): UnknownObject {
  const kept: StoredValue = event.stored
  const last = kept.memo === undefined ? decodeFresh(kept) : decodeStored(kept)
  return { ...last, metadata: { ...last.metadata, resourceVersion: String(event.revision) } }
}
