import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"

/** What an informer watches. Two informers with equal scopes are one. */
export type InformerScope = {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** Reads from a cache that follows the server. Objects are shared: never change them. */
export interface Lister<T extends KubeObject> {
  /** @param key  `namespace/name`, or `name` */
  get(key: string): T | undefined
  list(): readonly T[]
  /** @returns the objects that the named index files under `value`. @throws for an index that was not added */
  byIndex(index: string, value: string): readonly T[]
}

export interface Informer<T extends KubeObject> extends Lister<T> {
  readonly type: ResourceType<T>
  /** Tells of every change after the cache holds it; objects already cached are told at once. */
  onChange(handler: (change: Change<T>) => void): void
  /**
   * Files objects by the values that `values` returns. The name stands for the function: adding it again changes
   * nothing, so that names begin with the feature that they belong to.
   */
  addIndex(name: string, values: (object: T) => readonly string[]): void
  readonly synced: boolean
  /** Resolves when the cache holds a first full state. */
  waitForSync(signal?: AbortSignal): Promise<void>
}

export type Change<T extends KubeObject> =
  | { readonly kind: "added"; readonly object: T; readonly before?: undefined }
  | { readonly kind: "changed"; readonly object: T; readonly before: T }
  | {
      readonly kind: "deleted"
      /** The last known state. */
      readonly object: T
      readonly before?: undefined
      /**
       * Set when nobody saw the deletion: the object was missing from a full state read anew. A hub that lost data
       * looks the same, so that what is destructive should ask for more than this.
       */
      readonly byRelist?: Relist
    }

/** How many objects a cache held before and after a full state replaced what it had followed so far. */
export type Relist = { readonly before: number; readonly after: number }

/** One reflector per (type, scope) however many controllers ask. */
export interface InformerFactory {
  informer<T extends KubeObject>(type: ResourceType<T>, scope?: InformerScope): Informer<T>
  /** Starts the informers asked for so far and later ones as they come; ends with the signal. */
  start(signal: AbortSignal): void
  waitForSync(signal?: AbortSignal): Promise<void>
}
