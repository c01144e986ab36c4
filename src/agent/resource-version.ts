import type { KubeObject } from "#apimachinery/meta.ts"

/**
 * Whether `a` was written after `b`. Resource versions of one type on one API server are decimal numbers that grow
 * (KEP-5504); where they are something else, the one heard last counts as newer.
 */
export function isNewer(a: KubeObject, b: KubeObject): boolean {
  const left = a.metadata.resourceVersion ?? ""
  const right = b.metadata.resourceVersion ?? ""
  if (left === right) return false
  if (!/^\d+$/.test(left) || !/^\d+$/.test(right)) return true
  return left.length === right.length ? left > right : left.length > right.length
}

/**
 * The newer of what a cache holds and what the server answered to our own last write: the cache follows a moment
 * later. An object that was deleted and created again counts by the cache.
 */
export function newest<T extends KubeObject>(cached: T, answered: T | undefined): T {
  if (answered === undefined || answered.metadata.uid !== cached.metadata.uid) return cached
  return isNewer(cached, answered) ? cached : answered
}
