import type { ResourceType } from "#apimachinery/gvk.ts"
import { groupResource } from "#apimachinery/gvk.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { KubeObject, ObjectKey, UnknownObject } from "#apimachinery/meta.ts"
import { mergePatch } from "#apimachinery/patch/merge-patch.ts"
import { writesOf, type Write } from "#runtime/apply-plan.ts"
import type { Action } from "#runtime/plan.ts"

type Type = ResourceType<never> | ResourceType

/**
 * What a plan does to the world, without a server, a clock or a queue: for properties that carry out a pure planner again
 * and again. It refuses what a server would refuse: creating twice, patching what is gone, stale preconditions.
 */
export class PlannedWorld {
  readonly #objects = new Map<string, UnknownObject>()
  readonly #now: string
  #moment = 0

  /** @param now  of every creation and deletion, RFC 3339 */
  constructor(now: string) {
    this.#now = now
  }

  /** Puts an object there as it is, status included. */
  put(type: Type, object: KubeObject): void {
    const metadata = {
      uid: `u${++this.#moment}`,
      resourceVersion: String(this.#moment),
      generation: 1,
      ...object.metadata,
    }
    this.#objects.set(idOf(type, object.metadata), { ...object, metadata })
  }

  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined {
    return this.#objects.get(idOf(type as never, key)) as T | undefined
  }

  /** In the order of their creation. */
  list<T extends KubeObject>(type: ResourceType<T>): T[] {
    const prefix = `${groupResource(type)}|`
    return [...this.#objects].filter(([id]) => id.startsWith(prefix)).map(([, object]) => object as never)
  }

  /** @param afterEach  looks at the world after every single write, as any reader may */
  carryOut(actions: readonly Action[], afterEach: () => void = () => undefined): void {
    for (const write of writesOf(actions)) {
      this.#write(write)
      afterEach()
    }
  }

  #write(write: Write): void {
    if (write.do === "create") return this.#create(write.type, write.object)
    if (write.do !== "patch" && write.do !== "delete")
      throw new Error(`Cannot carry out ${write.do}: nobody plans it here`)
    const id = idOf(write.type, write.key)
    const before = this.#objects.get(id)
    if (before === undefined) {
      if (write.do === "delete") return
      throw new Error(`Cannot patch ${id}: it is gone`)
    }
    for (const field of ["uid", "resourceVersion"] as const) {
      if (write[field] !== undefined && write[field] !== before.metadata[field])
        throw new Error(`Stale ${field} of ${id}`)
    }
    if (write.do === "patch") this.#store(id, before, patched(before, write.patch, write.subresource))
    else this.#store(id, before, this.#leaving(before, write.propagationPolicy))
  }

  /** Which is gone at once when nothing holds it. */
  #leaving(object: UnknownObject, policy: string | undefined): UnknownObject {
    const own = { Foreground: ["foregroundDeletion"], Orphan: ["orphan"] }[policy ?? ""] ?? []
    const finalizers = [...new Set([...(object.metadata.finalizers ?? []), ...own])]
    return { ...object, metadata: { deletionTimestamp: this.#now, ...object.metadata, finalizers } }
  }

  #create(type: Type, object: KubeObject): void {
    const { generateName, name = `${generateName}${++this.#moment}` } = object.metadata
    const id = idOf(type, { ...object.metadata, name })
    if (this.#objects.has(id)) throw new Error(`Cannot create ${id}: it is there`)
    const { status: _status, ...rest } = object as UnknownObject
    this.put(type, { ...rest, metadata: { creationTimestamp: this.#now, ...rest.metadata, name } })
  }

  #store(id: string, before: UnknownObject, after: UnknownObject): void {
    if (after.metadata.deletionTimestamp !== undefined && (after.metadata.finalizers ?? []).length === 0) {
      this.#objects.delete(id)
      return
    }
    const generation = (before.metadata.generation ?? 0) + (deepEqual(before["spec"], after["spec"]) ? 0 : 1)
    const metadata = { ...after.metadata, generation, resourceVersion: String(++this.#moment) }
    this.#objects.set(id, { ...after, metadata })
  }
}

/** The status is written through its subresource, and nothing else is. */
function patched(before: UnknownObject, patch: object, subresource: string | undefined): UnknownObject {
  const after = mergePatch(before, patch) as UnknownObject
  if (subresource === "status") return { ...before, status: after["status"] }
  return { ...after, ...("status" in before ? { status: before["status"] } : {}) }
}

type AnyKey = { readonly namespace?: string; readonly name?: string }
const idOf = (type: Type, { namespace = "", name = "" }: AnyKey) => `${groupResource(type)}|${namespace}/${name}`
