import { parseApiVersion } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import { encodeStored, storageKey } from "#apiserver/registry/codec.ts"
import { newStoredReader } from "#apiserver/registry/stored-reader.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"

/** For tests of what reads stored objects: a reader over a storage in memory, and writes without any registry. */
export type StoredObjects = {
  readonly reader: ObjectReader
  /** Creates or replaces. */
  put(...objects: readonly UnknownObject[]): Promise<void>
  remove(object: UnknownObject): Promise<void>
}

export async function storedObjects(...objects: readonly UnknownObject[]): Promise<StoredObjects> {
  const storage = memoryStorage()
  const infos = new Map<string, ResourceInfo>()
  const resources: ResourceTable = {
    find: () => undefined,
    findKind: () => undefined,
    all: () => [...infos.values()],
    get generation() {
      return infos.size
    },
  }
  const keyFor = (object: UnknownObject): string => {
    const { group, version } = parseApiVersion(object.apiVersion)
    const resource = object.kind.toLowerCase() + "s"
    const info = { group, version, resource, storage: { group, version, resource } }
    infos.set(`${group}/${resource}`, info as ResourceInfo)
    return storageKey(info, object.metadata.namespace ?? "", object.metadata.name ?? "")
  }
  const put = async (...more: readonly UnknownObject[]) => {
    for (const object of more) {
      const key = keyFor(object)
      await storage.put(key, encodeStored(object), storage.get(key)?.revision ?? 0)
    }
  }
  await put(...objects)
  return {
    reader: newStoredReader({ storage, resources }),
    put,
    async remove(object) {
      const key = keyFor(object)
      await storage.delete(key, storage.get(key)?.revision ?? 0)
    },
  }
}
