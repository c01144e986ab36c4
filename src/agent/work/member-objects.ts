import type { ResourceType } from "#apimachinery/gvk.ts"
import { keyOf } from "#apimachinery/meta.ts"
import type { ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { isNewer } from "#agent/resource-version.ts"
import type { Target } from "./manifests.ts"
import { targetKey, typeKey } from "./manifests.ts"
import { isStatusOnly } from "./object.plan.ts"

/** Where changes of one type on the member come from. */
export interface ObjectSource {
  open(type: ResourceType, sink: ObjectSink): OpenSource
}

export interface OpenSource {
  close(): void
  /** The newest state of an object that was not wanted until now. Absent when the source keeps nothing. */
  peek?(key: string): UnknownObject | null | undefined
}

/** What a source tells. Objects that are not wanted may be told too. */
export interface ObjectSink {
  wants(object: UnknownObject): boolean
  /** Everything that is wanted and exists; what is missing here does not exist. */
  replace(objects: readonly UnknownObject[]): void
  /** @param managed  the object's books, where they are not left in it */
  seen(object: UnknownObject, managed?: readonly ManagedFieldsEntry[]): void
  gone(object: UnknownObject): void
}

/** `drift`: the object was changed or deleted otherwise than by us. `status`: only its status moved on. */
export type MemberChange = "drift" | "status"

type Entry = {
  readonly works: Set<string>
  live: UnknownObject | null | undefined
  /** The books of `live` when somebody else changed it: who it was. Kept until it is put right. */
  managed?: readonly ManagedFieldsEntry[]
  /** `live` is the answer to our own write, which the source has not told of yet. */
  answered: boolean
}

type Followed = {
  readonly entries: Map<string, Entry>
  readonly synced: PromiseWithResolvers<void>
  source: OpenSource
}

/**
 * The live state of the objects that works name, and of nothing else. A type is watched from the first object that
 * is followed until the last one is let go.
 */
export class MemberObjects {
  readonly #client: KubeClient
  readonly #source: ObjectSource
  readonly #onChange: (work: string, change: MemberChange) => void
  readonly #types = new Map<string, Followed>()
  /** targetKeys that each work follows. */
  readonly #byWork = new Map<string, Map<string, Target>>()

  constructor(client: KubeClient, source: ObjectSource, onChange: (work: string, change: MemberChange) => void) {
    this.#client = client
    this.#source = source
    this.#onChange = onChange
  }

  /** The types watched now, for tests and metrics. */
  get typeCount(): number {
    return this.#types.size
  }

  /** Follows exactly `targets` for `work`. */
  follow(work: string, targets: readonly Target[]): void {
    const wanted = new Map(targets.map((target) => [targetKey(target), target]))
    for (const [key, target] of this.#byWork.get(work) ?? []) {
      if (!wanted.has(key)) this.#release(work, target)
    }
    for (const target of wanted.values()) this.#entryOf(target).works.add(work)
    if (wanted.size === 0) this.#byWork.delete(work)
    else this.#byWork.set(work, wanted)
  }

  /** @returns null when the object is known not to exist, undefined when nothing is known of it */
  get(target: Target): UnknownObject | null | undefined {
    return this.#types.get(typeKey(target.type))?.entries.get(objectKey(target))?.live
  }

  /** The books of an object that somebody else changed last; undefined of one that we did. */
  managedBy(target: Target): readonly ManagedFieldsEntry[] | undefined {
    return this.#types.get(typeKey(target.type))?.entries.get(objectKey(target))?.managed
  }

  /** Reads the object when nothing is known of it. @throws what the client throws, but for NotFound */
  async find(target: Target, signal?: AbortSignal): Promise<UnknownObject | null> {
    return this.get(target) ?? (this.get(target) === null ? null : this.read(target, signal))
  }

  /** Resolves once the source has told all there is of a followed type. */
  synced(type: ResourceType): Promise<void> {
    return this.#types.get(typeKey(type))?.synced.promise ?? Promise.resolve()
  }

  /** Asks the member itself. */
  async read(target: Target, signal?: AbortSignal): Promise<UnknownObject | null> {
    const { type, namespace, name } = target
    try {
      const key = { name, ...(namespace === undefined ? {} : { namespace }) }
      const object = await this.#client.get(type, key, signal === undefined ? {} : { signal })
      return this.wrote(target, object) ?? null
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error
      const entry = this.#types.get(typeKey(type))?.entries.get(objectKey(target))
      if (entry) entry.live = null
      return null
    }
  }

  /**
   * Takes the answer to a write of our own, so that the watch's echo of it is no news.
   * @param object  null when the answer said that it is gone
   * @param by  the work it was written for: to others that have the object too it is news
   * @returns the newest state known
   */
  wrote(target: Target, object: UnknownObject | null, by?: string): UnknownObject | null | undefined {
    const entry = this.#types.get(typeKey(target.type))?.entries.get(objectKey(target))
    if (entry === undefined) return object
    const before = entry.live
    if (object === null || !before || isNewer(object, before)) {
      entry.live = object && slim(object)
      entry.answered = object !== null
      delete entry.managed
      if (by !== undefined && before && object && !isOwnerOnly(before, object)) {
        for (const work of entry.works) if (work !== by) this.#onChange(work, "drift")
      }
    }
    return entry.live
  }

  /** The works that have the object. */
  worksOf(target: Target): readonly string[] {
    return [...(this.#types.get(typeKey(target.type))?.entries.get(objectKey(target))?.works ?? [])]
  }

  #entryOf(target: Target): Entry {
    const followed = this.#types.get(typeKey(target.type)) ?? this.#open(target.type)
    const key = objectKey(target)
    const existing = followed.entries.get(key)
    if (existing) return existing
    const entry: Entry = { works: new Set(), live: followed.source.peek?.(key), answered: false }
    followed.entries.set(key, entry)
    return entry
  }

  #open(type: ResourceType): Followed {
    const followed: Followed = { entries: new Map(), synced: Promise.withResolvers(), source: { close() {} } }
    const { entries } = followed
    this.#types.set(typeKey(type), followed)
    followed.source = this.#source.open(type, {
      wants: (object) => entries.has(keyOf(object)),
      replace: (objects) => this.#replace(followed, objects),
      seen: (object, managed) => this.#seen(entries.get(keyOf(object)), object, managed),
      gone: (object) => this.#gone(entries.get(keyOf(object)), object),
    })
    return followed
  }

  #replace(followed: Followed, objects: readonly UnknownObject[]): void {
    followed.synced.resolve()
    const { entries } = followed
    const existing = new Set<string>()
    for (const object of objects) {
      existing.add(keyOf(object))
      this.#seen(entries.get(keyOf(object)), object)
    }
    for (const [key, entry] of entries) {
      if (existing.has(key) || entry.live === null) continue
      // A list that was read before our write cannot deny what it wrote: the member is asked.
      this.#tell(entry, entry.answered ? undefined : null, "drift")
    }
  }

  #seen(
    entry: Entry | undefined,
    object: UnknownObject,
    managed: readonly ManagedFieldsEntry[] | undefined = object.metadata.managedFields,
  ): void {
    if (entry === undefined) return
    entry.answered = false
    const before = entry.live
    // The echo of our own write. The source's object may be one that others hold too: keep that instead of a copy.
    if (before && before.metadata.resourceVersion === object.metadata.resourceVersion) entry.live = object
    else if (before && !isNewer(object, before)) return
    else {
      const isStatus = before && isStatusOnly(before, object)
      if (!isStatus && managed !== undefined) entry.managed = managed
      this.#tell(entry, object, isStatus ? "status" : "drift")
    }
  }

  #gone(entry: Entry | undefined, object: UnknownObject): void {
    if (entry === undefined) return
    // The end of an earlier object of that name, heard after ours was created.
    if (entry.live && entry.live.metadata.uid !== object.metadata.uid) return
    if (entry.live !== null) this.#tell(entry, null, "drift")
  }

  #tell(entry: Entry, live: UnknownObject | null | undefined, change: MemberChange): void {
    entry.live = live
    entry.answered = false
    for (const work of entry.works) this.#onChange(work, change)
  }

  #release(work: string, target: Target): void {
    const followed = this.#types.get(typeKey(target.type))
    const key = objectKey(target)
    const entry = followed?.entries.get(key)
    if (followed === undefined || entry === undefined) return
    entry.works.delete(work)
    if (entry.works.size > 0) return
    followed.entries.delete(key)
    if (followed.entries.size > 0) return
    followed.source.close()
    this.#types.delete(typeKey(target.type))
  }
}

/** A source on informers that hold the objects anyway: nothing is copied, and a type is never closed. */
export function informerSource(factory: InformerFactory): ObjectSource {
  return {
    open(type, sink) {
      const informer = factory.informer(type)
      let open = true
      informer.onChange((change) => {
        if (!open || !sink.wants(change.object)) return
        if (change.kind === "deleted") sink.gone(change.object)
        else sink.seen(change.object)
      })
      // Nothing is followed yet: what is peeked at later is the state.
      if (informer.synced) sink.replace([])
      else {
        void informer.waitForSync().then(
          () => open && sink.replace(informer.list()),
          () => undefined,
        )
      }
      return {
        close: () => {
          open = false
        },
        peek: (key) => informer.get(key) ?? (informer.synced ? null : undefined),
      }
    },
  }
}

/** Works that share an object refer to it one after the other, which is nothing to the rest of them. */
function isOwnerOnly(before: UnknownObject, after: UnknownObject): boolean {
  const { ownerReferences: _, ...metadata } = before.metadata
  const owners = after.metadata.ownerReferences
  return isStatusOnly({ ...before, metadata: { ...metadata, ...(owners && { ownerReferences: owners }) } }, after)
}

function objectKey({ namespace, name }: Target): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** managedFields are often the larger half of an object and nobody here reads them. */
export function slim(object: UnknownObject): UnknownObject {
  if (object.metadata.managedFields === undefined) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
