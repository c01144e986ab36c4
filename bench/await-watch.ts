import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeClient, ListOptions } from "#kube/client.ts"

/** Follows one collection and resolves promises as soon as an event fits: polling would add its period to every figure. */
export class Following<T extends KubeObject> {
  readonly #state = new Map<string, T>()
  readonly #waiting = new Set<{ key: string; fits: (object: T | undefined) => boolean; resolve: () => void }>()
  readonly #counting = new Set<{ count: number; resolve: () => void }>()
  readonly #stop: () => void

  private constructor(stop: (self: Following<T>) => () => void) {
    this.#stop = stop(this)
  }

  /** Lists, then watches from there. */
  static async start<T extends KubeObject>(
    client: KubeClient,
    type: ResourceType<T>,
    scope: ListOptions = {},
  ): Promise<Following<T>> {
    const list = await client.list(type, scope)
    const following = new Following<T>((self) => {
      const watch = client.watch(
        type,
        { ...scope, resourceVersion: list.metadata.resourceVersion ?? "", allowWatchBookmarks: true },
        {
          event: (kind, object) => self.#set(object, kind === "DELETED"),
          bookmark: () => {},
          end: (error) => {
            if (error !== undefined) throw new Error(`Cannot follow ${type.resource}`, { cause: error })
          },
        },
      )
      return () => watch.stop()
    })
    for (const item of list.items) following.#set(item, false)
    return following
  }

  #set(object: T, deleted: boolean): void {
    const key = keyOf(object)
    if (deleted) this.#state.delete(key)
    else this.#state.set(key, object)
    for (const waiter of this.#waiting) {
      if (waiter.key !== key || !waiter.fits(deleted ? undefined : object)) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
    for (const waiter of this.#counting) {
      if (waiter.count !== this.#state.size) continue
      this.#counting.delete(waiter)
      waiter.resolve()
    }
  }

  /** @param fits  is given undefined for an object that is not there */
  until(key: string, fits: (object: T | undefined) => boolean): Promise<void> {
    if (fits(this.#state.get(key))) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.add({ key, fits, resolve }))
  }

  /** Resolves when there are exactly so many objects. */
  untilCount(count: number): Promise<void> {
    if (this.#state.size === count) return Promise.resolve()
    return new Promise((resolve) => this.#counting.add({ count, resolve }))
  }

  stop(): void {
    this.#stop()
  }
}

const keyOf = (object: KubeObject) =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : (object.metadata.name ?? "")
