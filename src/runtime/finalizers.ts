import type { KubeObject } from "#apimachinery/meta.ts"

type MetadataPatch = {
  readonly metadata: { readonly finalizers: readonly string[]; readonly resourceVersion?: string }
}

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false
}

/**
 * A merge patch that adds the finalizer, undefined when the object has it or is being deleted (the server would refuse
 * a new one). The patch replaces the whole list, and so carries the resourceVersion that it was made from.
 */
export function addFinalizer(object: KubeObject, finalizer: string): MetadataPatch | undefined {
  if (hasFinalizer(object, finalizer) || object.metadata.deletionTimestamp !== undefined) return undefined
  return patchOf(object, [...(object.metadata.finalizers ?? []), finalizer])
}

/** A merge patch that takes the finalizer away, undefined when the object does not have it. */
export function removeFinalizer(object: KubeObject, finalizer: string): MetadataPatch | undefined {
  if (!hasFinalizer(object, finalizer)) return undefined
  return patchOf(
    object,
    (object.metadata.finalizers ?? []).filter((other) => other !== finalizer),
  )
}

function patchOf(object: KubeObject, finalizers: readonly string[]): MetadataPatch {
  const { resourceVersion } = object.metadata
  return { metadata: { finalizers, ...(resourceVersion === undefined ? {} : { resourceVersion }) } }
}
