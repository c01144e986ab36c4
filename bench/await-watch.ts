import { setTimeout } from "node:timers/promises"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeClient, ListOptions } from "#kube/client.ts"

/** Follows one collection and resolves promises as soon as an event fits: polling would add its period to every figure. */
export class Following<T extends KubeObject> {
  readonly #state = new Map<string, T>()
  readonly #waiting = new Set<{ key: string; fits: (object: T | undefined) => boolean; resolve: () => void }>()
  readonly #counting = new Set<{ count: number; resolve: () => void }>()
  readonly #client: KubeClient
  readonly #type: ResourceType<T>
  readonly #scope: ListOptions
  #watch: { stop(): void } | undefined
  #stopped = false

  private constructor(client: KubeClient, type: ResourceType<T>, scope: ListOptions) {
    this.#client = client
    this.#type = type
    this.#scope = scope
  }

  /** Lists, then watches from there; a watch that the server ends is begun anew. */
  static async start<T extends KubeObject>(
    client: KubeClient,
    type: ResourceType<T>,
    scope: ListOptions = {},
  ): Promise<Following<T>> {
    const following = new Following<T>(client, type, scope)
    await following.#begin()
    return following
  }

  async #begin(): Promise<void> {
    const { items, metadata } = await this.#client.list(this.#type, this.#scope)
    const found = new Map(items.map((item) => [keyOf(item), item]))
    for (const [key, object] of this.#state) if (!found.has(key)) this.#set(object, true)
    for (const item of items) this.#set(item, false)
    if (this.#stopped) return
    this.#watch = this.#client.watch(
      this.#type,
      { ...this.#scope, resourceVersion: metadata.resourceVersion ?? "", allowWatchBookmarks: true },
      {
        event: (kind, object) => this.#set(object, kind === "DELETED"),
        bookmark: () => {},
        end: (error) => {
          if (this.#stopped) return
          process.stderr.write(
            `  watch of ${this.#type.resource} ended${error === undefined ? "" : `: ${error.message}`}\n`,
          )
          void this.#beginAgain()
        },
      },
    )
  }

  async #beginAgain(): Promise<void> {
    while (!this.#stopped) {
      try {
        return await this.#begin()
      } catch {
        // The server ends, or has too much to do: events missed meanwhile come with the list.
        await setTimeout(200)
      }
    }
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
    this.#stopped = true
    this.#watch?.stop()
  }
}

const keyOf = (object: KubeObject) =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : (object.metadata.name ?? "")
