import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"

type GroupResource = { readonly group: string; readonly resource: string }

/**
 * Reads stored objects at once, from memory, as the newest acknowledged state: for authentication, authorization,
 * strategies and controllers in this process. Objects are shared: never change them.
 */
export interface ObjectReader {
  /** @param namespace  "" for a cluster-scoped object */
  get(resource: GroupResource, namespace: string, name: string): UnknownObject | undefined
  /**
   * Objects stay parsed for the next reader: for those who read the resource again and again.
   *
   * @param namespace  all namespaces when absent
   */
  list(resource: GroupResource, namespace?: string): readonly UnknownObject[]
  /** The same for those who look once: nothing is kept for the next reader. */
  scan(resource: GroupResource, namespace?: string): Iterable<UnknownObject>
  /** A number that changes whenever any object of the resource did: what is derived from them can be cached on it. */
  version(resource: GroupResource): number
  /** Tells of every change after it is acknowledged, in order, for all resources. @returns stops it */
  onChange(handler: (changes: readonly ObjectChange[]) => void): () => void
}

export type ObjectChange = {
  readonly resource: ResourceInfo
  readonly kind: "added" | "changed" | "deleted"
  readonly object: UnknownObject
  readonly before?: UnknownObject | undefined
}
