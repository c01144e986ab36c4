import type { OwnerReference, UnknownObject } from "#apimachinery/meta.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { parseApiVersion, type ResourceType } from "#apimachinery/gvk.ts"
import type { ObjectChange, ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import {
  FOREGROUND_FINALIZER,
  isLeavingLast,
  ORPHAN_FINALIZER,
  type Located,
  type ObservedGarbage,
  type OwnerState,
} from "./garbage.plan.ts"

/**
 * Who owns whom, by uid. Only objects that name an owner, and owners that are named, cost anything: most objects of most
 * servers do neither.
 */
export class OwnerGraph {
  readonly #reader: ObjectReader
  readonly #resources: ResourceTable
  /** Owner's uid to the ids of its dependents. */
  readonly #dependents = new Map<string, Set<string>>()

  constructor(reader: ObjectReader, resources: ResourceTable) {
    this.#reader = reader
    this.#resources = resources
  }

  /** Everything that is there now. @returns the ids to look at */
  load(): string[] {
    const due: string[] = []
    const seen = new Set<string>()
    for (const resource of this.#resources.all()) {
      const storage = `${resource.storage.group}/${resource.storage.resource}`
      if (seen.has(storage)) continue
      seen.add(storage)
      for (const object of this.#reader.scan(resource)) due.push(...this.take({ resource, kind: "added", object }))
    }
    return due
  }

  /** @returns the ids of objects that the change may make due */
  take({ resource, kind, object, before }: ObjectChange): string[] {
    const id = idOf(resource, object)
    const due: string[] = []
    for (const uid of ownersOf(before)) this.#remove(uid, id)
    if (kind === "deleted") {
      for (const uid of ownersOf(object)) this.#remove(uid, id)
      for (const reference of object.metadata.ownerReferences ?? []) due.push(...this.#idOfOwner(reference, object))
      due.push(...(this.#dependents.get(object.metadata.uid ?? "") ?? []))
      return due
    }
    for (const uid of ownersOf(object)) this.#add(uid, id)
    // An owner that waits for those that block it looks again when one no longer does.
    const { ownerReferences: referencesBefore = [] } = before?.metadata ?? {}
    if (!deepEqual(referencesBefore, object.metadata.ownerReferences ?? []))
      for (const reference of referencesBefore) due.push(...this.#idOfOwner(reference, object))
    if (ownersOf(object).length > 0) due.push(id)
    if (object.metadata.deletionTimestamp !== undefined) {
      const finalizers = object.metadata.finalizers ?? []
      if (finalizers.includes(FOREGROUND_FINALIZER) || finalizers.includes(ORPHAN_FINALIZER)) {
        due.push(id, ...(this.#dependents.get(object.metadata.uid ?? "") ?? []))
      }
    }
    return due
  }

  /** @returns undefined for an object that is gone */
  observe(id: string): ObservedGarbage | undefined {
    const located = this.#locate(id)
    if (located === undefined) return undefined
    const dependents = [...(this.#dependents.get(located.object.metadata.uid ?? "") ?? [])]
      .map((dependent) => this.#locate(dependent))
      .filter((dependent) => dependent !== undefined)
    return { ...located, dependents, ownerState: (reference) => this.#stateOf(reference, located.object) }
  }

  #locate(id: string): Located | undefined {
    const [group = "", resource = "", version = "", namespace = "", name = ""] = id.split("|")
    const object = this.#reader.get({ group, resource }, namespace, name)
    if (object === undefined) return undefined
    const info = this.#resources.find(group, version, resource)
    return info === undefined ? undefined : { type: typeOf(info), object }
  }

  #stateOf(reference: OwnerReference, dependent: UnknownObject): OwnerState {
    const info = this.#infoOf(reference)
    if (info === undefined || (info.namespaced && dependent.metadata.namespace === undefined)) return "unknown"
    const owner = this.#reader.get(info, info.namespaced ? (dependent.metadata.namespace ?? "") : "", reference.name)
    if (owner === undefined || owner.metadata.uid !== reference.uid) return "dangling"
    return isLeavingLast(owner) ? "waiting" : "solid"
  }

  #infoOf({ apiVersion, kind }: OwnerReference): ResourceInfo | undefined {
    const { group, version } = parseApiVersion(apiVersion)
    // A kind may be served at another version than the one that the reference was written with.
    return (
      this.#resources.findKind(group, version, kind) ??
      this.#resources.all().find((info) => info.group === group && info.kind === kind)
    )
  }

  #idOfOwner(reference: OwnerReference, dependent: UnknownObject): string[] {
    const info = this.#infoOf(reference)
    if (info === undefined) return []
    const namespace = info.namespaced ? (dependent.metadata.namespace ?? "") : ""
    return [[info.group, info.resource, info.version, namespace, reference.name].join("|")]
  }

  #add(uid: string, id: string): void {
    let ids = this.#dependents.get(uid)
    if (ids === undefined) this.#dependents.set(uid, (ids = new Set()))
    ids.add(id)
  }

  #remove(uid: string, id: string): void {
    const ids = this.#dependents.get(uid)
    if (ids?.delete(id) && ids.size === 0) this.#dependents.delete(uid)
  }
}

const ownersOf = (object: UnknownObject | undefined) =>
  (object?.metadata.ownerReferences ?? []).map((reference) => reference.uid)

const idOf = (info: ResourceInfo, { metadata }: UnknownObject) =>
  [info.group, info.resource, info.version, metadata.namespace ?? "", metadata.name ?? ""].join("|")

const typeOf = (info: ResourceInfo): ResourceType<UnknownObject> => ({
  group: info.group,
  version: info.version,
  resource: info.resource,
  kind: info.kind,
  namespaced: info.namespaced,
})
