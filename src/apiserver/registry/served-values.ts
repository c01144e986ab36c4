// Stored values in the version of a request, where somebody else must be asked to convert them.
import { apiVersionOf } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { Storage, StorageEvent, StoredValue } from "#apiserver/storage/storage.ts"
import { encodeStored, peekStored } from "./codec.ts"
import { toServed, toStored } from "./conversion.ts"

/** Times that a list is looked at again because objects were written while its objects were being converted. */
const ATTEMPTS_MAX = 20
/** Objects in one question to a webhook. */
const BATCH_MAX = 500

/** What has been converted, per served version. It goes with the stored value, and with the definition. */
const CONVERTED = new WeakMap<ResourceInfo, WeakMap<StoredValue, StoredValue>>()

function convertedOf(info: ResourceInfo): WeakMap<StoredValue, StoredValue> {
  let known = CONVERTED.get(info)
  if (known === undefined) CONVERTED.set(info, (known = new WeakMap()))
  return known
}

/** Makes sure that each value can be read in the version of `info`. @throws StatusError when the webhook fails */
async function convertValues(info: ResourceInfo, values: readonly StoredValue[], listKind?: string): Promise<void> {
  const known = convertedOf(info)
  const apiVersion = apiVersionOf(info)
  const missing = [...new Set(values)].filter((value) => !known.has(value))
  for (let start = 0; start < missing.length; start += BATCH_MAX) {
    const batch = missing.slice(start, start + BATCH_MAX)
    const converted = await info.remote!.convert(batch.map(peekStored), apiVersion, listKind)
    for (const [i, stored] of batch.entries()) {
      const { key, revision, createRevision } = stored
      known.set(stored, { key, revision, createRevision, value: encodeStored(converted[i]!) })
    }
  }
}

/** @throws Error for a value that has not been converted */
function servedValue(info: ResourceInfo, value: StoredValue): StoredValue {
  const converted = convertedOf(info).get(value)
  if (converted === undefined) throw new Error(`Cannot read ${value.key} in ${info.version}: it has not been converted`)
  return converted
}

/** A stored object in the version of the request, at once unless a webhook must be asked. @throws StatusError */
export function servedObject(info: ResourceInfo, stored: StoredValue): UnknownObject | Promise<UnknownObject> {
  if (info.remote === undefined) return toServed(info, peekStored(stored))
  return convertValues(info, [stored]).then(() => peekStored(servedValue(info, stored)))
}

/** An object of the request's version as it is stored. @throws StatusError */
export function storedObject(info: ResourceInfo, served: UnknownObject): UnknownObject | Promise<UnknownObject> {
  const apiVersion = apiVersionOf({ group: info.storage.group, version: info.storage.version })
  if (info.remote === undefined || served.apiVersion === apiVersion) return toStored(info, served)
  return info.remote.convert([served], apiVersion).then(([converted]) => converted!)
}

/** An object of one served version in another. @throws StatusError */
export function convertObject(
  from: ResourceInfo,
  to: ResourceInfo,
  object: UnknownObject,
): UnknownObject | Promise<UnknownObject> {
  if (from.remote === undefined) return toServed(to, toStored(from, object))
  return from.remote.convert([object], apiVersionOf(to)).then(([converted]) => converted!)
}

/**
 * Reads from a storage whose values all have the version of `info`.
 *
 * @param needed  the values that `read` will look at, as they are now
 */
export async function readServed<T>(
  storage: Storage,
  info: ResourceInfo,
  needed: () => readonly StoredValue[],
  read: (served: Storage) => T,
): Promise<T> {
  const known = convertedOf(info)
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const values = needed()
    if (values.every((value) => known.has(value))) return read(servedStorage(storage, info))
    await convertValues(info, values, values.length === 1 ? undefined : info.listKind)
  }
  throw newStatusError("TooManyRequests", "objects change faster than they can be converted", { retryAfterSeconds: 1 })
}

/**
 * A storage as it is in one served version. What it is asked for must have been converted; events are converted on
 * their way, in order.
 *
 * @param onFailure  told once when the events cannot be converted
 */
export function servedStorage(
  storage: Storage,
  info: ResourceInfo,
  onFailure: (error: unknown) => void = () => {},
): Storage {
  const served = (value: StoredValue) => servedValue(info, value)
  /** The revision that watchers have been told of while there is more to tell. */
  let told: number | undefined
  return {
    get revision() {
      return told ?? storage.revision
    },
    get(key) {
      const value = storage.get(key)
      return value && served(value)
    },
    list: (prefix, options) => storage.list(prefix, options).map(served),
    count: (prefix, startKey) => storage.count(prefix, startKey),
    listAt: (prefix, revision, options) => storage.listAt(prefix, revision, options).map(served),
    put: (...parameters) => storage.put(...parameters),
    delete: (...parameters) => storage.delete(...parameters),
    recall: (revision) => storage.recall(revision),
    compact: (revision) => storage.compact(revision),
    close: () => storage.close(),
    watch(prefix, since, onEvents) {
      let pending = Promise.resolve()
      let waiting = 0
      let stopped = false
      const subscription = storage.watch(prefix, since, (events) => {
        told ??= (events[0]?.revision ?? 1) - 1
        waiting++
        pending = pending.then(async () => {
          if (stopped) return
          try {
            await convertValues(info, events.flatMap(valuesOf))
            told = --waiting > 0 ? events.at(-1)!.revision : undefined
            if (!stopped) onEvents(events.map((event) => servedEvent(event, served)))
          } catch (error) {
            stopped = true
            onFailure(error)
          }
        })
      })
      return {
        stop() {
          stopped = true
          subscription.stop()
        },
      }
    },
  }
}

const valuesOf = ({ stored, previous }: StorageEvent) => (previous === undefined ? [stored] : [stored, previous])

function servedEvent(event: StorageEvent, served: (value: StoredValue) => StoredValue): StorageEvent {
  const { previous } = event
  const stored = served(event.stored)
  return { ...event, stored, value: stored.value, ...(previous === undefined ? {} : { previous: served(previous) }) }
}
