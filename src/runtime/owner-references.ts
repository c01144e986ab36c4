import type { KubeObject, OwnerReference } from "#apimachinery/meta.ts"

type MetadataPatch = {
  readonly metadata: { readonly ownerReferences: readonly OwnerReference[]; readonly resourceVersion?: string }
}

/** A reference that makes the garbage collector delete the object after `owner`. */
export function ownerReferenceTo(owner: KubeObject): OwnerReference {
  const { name = "", uid = "" } = owner.metadata
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid }
}

/** The one reference that also says who writes the object. @see metav1.NewControllerRef */
export function controllerReferenceTo(owner: KubeObject): OwnerReference {
  return { ...ownerReferenceTo(owner), controller: true, blockOwnerDeletion: true }
}

export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return object.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid) ?? false
}

/** The owner that writes the object, if one does. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true)
}

/**
 * A merge patch that adds the reference, or puts it in the place of another one to the same uid; undefined when the
 * object has exactly it. It replaces the whole list, and so carries the resourceVersion that it was made from.
 */
export function addOwnerReference(object: KubeObject, reference: OwnerReference): MetadataPatch | undefined {
  const held = object.metadata.ownerReferences ?? []
  const at = held.findIndex((other) => other.uid === reference.uid)
  if (at < 0) return patchOf(object, [...held, reference])
  return isSame(held[at]!, reference) ? undefined : patchOf(object, held.with(at, reference))
}

/** A merge patch that takes every reference to `uid` away, undefined when there is none. */
export function removeOwnerReference(object: KubeObject, uid: string): MetadataPatch | undefined {
  const held = object.metadata.ownerReferences ?? []
  const rest = held.filter((reference) => reference.uid !== uid)
  return rest.length === held.length ? undefined : patchOf(object, rest)
}

function isSame(a: OwnerReference, b: OwnerReference): boolean {
  return (
    a.apiVersion === b.apiVersion &&
    a.kind === b.kind &&
    a.name === b.name &&
    a.uid === b.uid &&
    (a.controller ?? false) === (b.controller ?? false) &&
    (a.blockOwnerDeletion ?? false) === (b.blockOwnerDeletion ?? false)
  )
}

function patchOf(object: KubeObject, ownerReferences: readonly OwnerReference[]): MetadataPatch {
  const { resourceVersion } = object.metadata
  return { metadata: { ownerReferences, ...(resourceVersion === undefined ? {} : { resourceVersion }) } }
}
