/** What every Kubernetes object has. Source: metav1. Objects are treated as immutable once they are in a cache. */
export type OwnerReference = {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export type ManagedFieldsEntry = {
  manager?: string
  operation?: "Apply" | "Update"
  apiVersion?: string
  time?: string
  fieldsType?: "FieldsV1"
  fieldsV1?: FieldsV1
  subresource?: string
}

/** A set of fields as a trie: `f:name`, `k:{"name":"c"}`, `v:"x"`, `i:0`, `.` for the item itself. */
export type FieldsV1 = { [pathElement: string]: FieldsV1 }

export type ObjectMeta = {
  name?: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string | null
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: ManagedFieldsEntry[]
}

/** Any object. Kinds of ours and the built-in kinds that we use have types of their own that extend it. */
export type KubeObject = {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

/** An object of which nothing more is known. */
export type UnknownObject = KubeObject & { [field: string]: unknown }

export type ListMeta = { resourceVersion?: string; continue?: string; remainingItemCount?: number }

export type KubeList<T extends KubeObject = UnknownObject> = {
  apiVersion: string
  kind: string
  metadata: ListMeta
  items: T[]
}

export type ObjectKey = { readonly namespace?: string; readonly name: string }

/** `namespace/name`, or `name` for a cluster-scoped object: the key of work queues and caches. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata
  return namespace ? `${namespace}/${name}` : (name ?? "")
}

/** The inverse of {@link keyOf}. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf("/")
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
