import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectChange, ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import type { Storage, StorageEvent, StoredValue } from "#apiserver/storage/storage.ts"
import { parseStorageKey } from "#apiserver/storage/storage-key.ts"
import { decodeStored, keyPrefix, memoOf, peekStored, storageKey, type Memo } from "./codec.ts"

type GroupResource = { readonly group: string; readonly resource: string }

/**
 * An `ObjectReader` over a storage. Parsed objects take twice the memory of their bytes: kept are those that somebody asked
 * for by name, in every version that follows, and those of resources that somebody lists.
 */
export interface StoredReader extends ObjectReader {
  stop(): void
}

export function newStoredReader(options: { storage: Storage; resources: ResourceTable }): StoredReader {
  const { storage, resources } = options
  const versions = new Map<string, number>()
  const initial = storage.revision
  /** Resources, and the folders of keys of those that were listed in one namespace only. */
  const listed = new Set<string>()
  const handlers = new Set<(changes: readonly ObjectChange[]) => void>()
  const infos = newStoredInfos(resources)

  const watch = storage.watch("", initial, (events) => {
    for (const event of events) {
      const name = nameOf(parseStorageKey(event.key))
      versions.set(name, event.revision)
      const isListed = listed.has(name) || listed.has(event.key.slice(0, event.key.lastIndexOf("/") + 1))
      if (event.type === "put" && (isListed || isKept(event.previous))) memoOf(event.stored).passing = false
    }
    if (handlers.size > 0) {
      const changes: ObjectChange[] = []
      for (const event of events) {
        const resource = infos.find(parseStorageKey(event.key))
        if (resource !== undefined) changes.push(new StoredChange(resource, event))
      }
      if (changes.length > 0) for (const handler of handlers) handler(changes)
    }
    for (const { stored } of events) if (isPassing(stored)) delete memoOf(stored).object
  })

  return {
    get(resource, namespace, name) {
      const stored = storage.get(storageKey({ storage: { ...resource, version: "" } }, namespace, name))
      return stored === undefined ? undefined : decodeStored(stored)
    },
    list(resource, namespace) {
      const prefix = keyPrefix({ storage: { ...resource, version: "" } }, namespace)
      // Who looks at one namespace again and again does not look at the others.
      listed.add(namespace ? prefix : nameOf(resource))
      return storage.list(prefix).map(decodeStored)
    },
    *scan(resource, namespace) {
      for (const stored of storage.list(keyPrefix({ storage: { ...resource, version: "" } }, namespace)))
        yield peekStored(stored)
    },
    version: (resource) => versions.get(nameOf(resource)) ?? initial,
    onChange(handler) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    stop: () => watch.stop(),
  }
}

const nameOf = ({ group, resource }: GroupResource) => `${group}/${resource}`

const isPassing = ({ memo }: StoredValue) => (memo as Memo | undefined)?.passing === true
const isKept = (stored: StoredValue | undefined) =>
  (stored?.memo as Memo | undefined)?.object !== undefined && !isPassing(stored!)

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
  #object: UnknownObject | undefined
  #before: UnknownObject | undefined

  constructor(resource: ResourceInfo, event: StorageEvent) {
    this.resource = resource
    this.kind = event.type === "delete" ? "deleted" : event.previous === undefined ? "added" : "changed"
    this.#event = event
  }

  get object(): UnknownObject {
    // A deleted object carries the revision of its deletion, so it is not the one that the memo keeps.
    return (this.#object ??= this.kind === "deleted" ? decodeDeleted(this.#event) : peekStored(this.#event.stored))
  }

  get before(): UnknownObject | undefined {
    const previous = this.kind === "changed" ? this.#event.previous : undefined
    return (this.#before ??= previous && peekStored(previous))
  }
}

function decodeDeleted(event: StorageEvent): UnknownObject {
  const last = peekStored(event.stored)
  return { ...last, metadata: { ...last.metadata, resourceVersion: String(event.revision) } }
}
