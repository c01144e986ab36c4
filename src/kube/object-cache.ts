import type { KubeObject } from "#apimachinery/meta.ts"
import { keyOf } from "#apimachinery/meta.ts"
import type { Change, Lister } from "./informer.ts"

/** The objects of one informer by key and by index. Tells what each write changed. */
export interface ObjectCache<T extends KubeObject> extends Lister<T> {
  readonly size: number
  /** Objects already held are filed too. A name that is there already keeps its index. */
  addIndex(name: string, values: (object: T) => readonly string[]): void
  /** @returns undefined when the cache holds this very version */
  put(object: T): Change<T> | undefined
  remove(object: T): Change<T> | undefined
  /** Makes the cache hold exactly `objects`. @returns what changed: deletions last */
  replace(objects: readonly T[]): Change<T>[]
}

type Bucket<T> = { readonly objects: Map<string, T>; array: readonly T[] | undefined }
type Index<T> = { readonly values: (object: T) => readonly string[]; readonly buckets: Map<string, Bucket<T>> }

const EMPTY: readonly never[] = Object.freeze([])

export function newObjectCache<T extends KubeObject>(describe: string): ObjectCache<T> {
  const all: Bucket<T> = { objects: new Map(), array: undefined }
  const indexes = new Map<string, Index<T>>()

  const file = (key: string, object: T) => {
    for (const index of indexes.values()) fileIn(index, key, object)
  }
  const unfile = (key: string, object: T) => {
    for (const index of indexes.values()) {
      for (const value of index.values(object)) {
        const bucket = index.buckets.get(value)
        if (bucket === undefined) continue
        bucket.objects.delete(key)
        bucket.array = undefined
        if (bucket.objects.size === 0) index.buckets.delete(value)
      }
    }
  }
  const put = (object: T): Change<T> | undefined => {
    const key = keyOf(object)
    const before = all.objects.get(key)
    if (before !== undefined && isSameVersion(before, object)) return undefined
    if (before !== undefined) unfile(key, before)
    all.objects.set(key, object)
    all.array = undefined
    file(key, object)
    return before === undefined ? { kind: "added", object } : { kind: "changed", object, before }
  }
  const take = (key: string): T | undefined => {
    const object = all.objects.get(key)
    if (object === undefined) return undefined
    all.objects.delete(key)
    all.array = undefined
    unfile(key, object)
    return object
  }

  return {
    get size() {
      return all.objects.size
    },
    get: (key) => all.objects.get(key),
    list: () => arrayOf(all),
    byIndex(name, value) {
      const index = indexes.get(name)
      if (index === undefined) throw new Error(`Cannot read ${describe} by index "${name}": it was not added`)
      const bucket = index.buckets.get(value)
      return bucket === undefined ? EMPTY : arrayOf(bucket)
    },
    addIndex(name, values) {
      // Controllers that share an informer, or start anew on it, ask for the same index again.
      if (indexes.has(name)) return
      const index: Index<T> = { values, buckets: new Map() }
      indexes.set(name, index)
      for (const [key, object] of all.objects) fileIn(index, key, object)
    },
    put,
    remove(object) {
      return take(keyOf(object)) === undefined ? undefined : { kind: "deleted", object }
    },
    replace(objects) {
      const before = all.objects.size
      const gone = new Set(all.objects.keys())
      const changes: Change<T>[] = []
      for (const object of objects) {
        const key = keyOf(object)
        gone.delete(key)
        const held = all.objects.get(key)
        // The same name with another uid is another object: the first was deleted while nobody looked.
        if (held !== undefined && held.metadata.uid !== object.metadata.uid) {
          take(key)
          changes.push({ kind: "deleted", object: held, byRelist: { before, after: objects.length } })
        }
        const change = put(object)
        if (change !== undefined) changes.push(change)
      }
      for (const key of gone) {
        const object = take(key)
        if (object !== undefined) changes.push({ kind: "deleted", object, byRelist: { before, after: objects.length } })
      }
      return changes
    },
  }
}

function fileIn<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    let bucket = index.buckets.get(value)
    if (bucket === undefined) index.buckets.set(value, (bucket = { objects: new Map(), array: undefined }))
    bucket.objects.set(key, object)
    bucket.array = undefined
  }
}

function isSameVersion(a: KubeObject, b: KubeObject): boolean {
  const version = a.metadata.resourceVersion
  return version !== undefined && version === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid
}

/** An array of a bucket's objects, kept until it changes: planners list far more often than objects change. */
function arrayOf<T>(bucket: Bucket<T>): readonly T[] {
  return (bucket.array ??= Object.freeze([...bucket.objects.values()]))
}
