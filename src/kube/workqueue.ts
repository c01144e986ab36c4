import type { BackoffOptions } from "#lib/backoff.ts"
import { backoffMs } from "#lib/backoff.ts"
import type { Clock, Timer } from "#lib/clock.ts"
import type { Random } from "#lib/random.ts"

/**
 * A queue of keys for workers, with client-go's promises: a key is in it once however often it is added; a key that
 * is added while a worker has it is handed out again after that worker is done, never to two workers at once; no
 * added key is lost.
 */
export interface Workqueue {
  /** @throws RangeError when `lengthMax` keys wait */
  add(key: string): void
  /** Adds later. Of several delays for one key the one that ends first counts. */
  addAfter(key: string, delayMs: number): void
  /** Adds after the key's backoff, which grows with every call until `forget`. */
  addRateLimited(key: string): void
  /** Ends the key's backoff. */
  forget(key: string): void
  /** How often the key was added by `addRateLimited` since `forget`. */
  retries(key: string): number
  /** The next key. Resolves with undefined once the queue is shut down. Every key got must be given to `done`. */
  get(): Promise<string | undefined>
  done(key: string): void
  /** Hands out no more keys and takes no more. */
  shutDown(): void
  /** Keys that wait to be handed out. */
  readonly length: number
  /** Keys that wait for their delay to end. */
  readonly delayedLength: number
}

/** What becomes of a queue's keys, for who counts. */
export interface WorkqueueObserver {
  /** The key waits, or will once its worker is done with it. */
  added(key: string): void
  handedOut(key: string): void
  done(key: string): void
  /** The key will be added after its backoff. */
  retried(): void
  /** Nothing more will come of what waits. */
  shutDown(): void
}

export type WorkqueueOptions = {
  readonly clock: Clock
  readonly random: Random
  /** Default 5 ms doubling to 60 s. */
  readonly backoff?: BackoffOptions
  /** The most keys that may wait. They are names of cached objects: beyond this the keys are wrong. Default 1,000,000. */
  readonly lengthMax?: number
  readonly observer?: WorkqueueObserver
}

export const BACKOFF_DEFAULT: BackoffOptions = { initialMs: 5, maxMs: 60_000 }
const LENGTH_MAX_DEFAULT = 1_000_000

export function newWorkqueue(options: WorkqueueOptions): Workqueue {
  const { clock, random, backoff = BACKOFF_DEFAULT, lengthMax = LENGTH_MAX_DEFAULT, observer } = options
  const waiting = newFifo()
  /** Must be worked on: in `waiting`, or being processed and added again meanwhile. */
  const dirty = new Set<string>()
  const processing = new Set<string>()
  const delayed = new Map<string, { readonly atMs: number; readonly timer: Timer }>()
  const failures = new Map<string, number>()
  let getters: ((key: string | undefined) => void)[] = []
  let isShutDown = false

  const handOut = (key: string) => {
    dirty.delete(key)
    processing.add(key)
    observer?.handedOut(key)
    return key
  }

  const enqueue = (key: string) => {
    const getter = getters.shift()
    if (getter === undefined) waiting.push(key)
    else getter(handOut(key))
  }

  const add = (key: string) => {
    if (isShutDown || dirty.has(key)) return
    if (dirty.size >= lengthMax) {
      throw new RangeError(`Cannot add key "${key}": ${dirty.size} keys wait, want at most ${lengthMax}`)
    }
    dirty.add(key)
    observer?.added(key)
    if (!processing.has(key)) enqueue(key)
  }

  const addAfter = (key: string, delayMs: number) => {
    if (isShutDown) return
    if (delayMs <= 0) return add(key)
    const atMs = clock.nowMs() + delayMs
    const known = delayed.get(key)
    if (known !== undefined && known.atMs <= atMs) return
    known?.timer.cancel()
    const timer = clock.setTimer(delayMs, () => {
      delayed.delete(key)
      add(key)
    })
    delayed.set(key, { atMs, timer })
  }

  return {
    add,
    addAfter,
    addRateLimited(key) {
      const count = (failures.get(key) ?? 0) + 1
      failures.set(key, count)
      observer?.retried()
      addAfter(key, backoffMs(backoff, count, random))
    },
    forget: (key) => void failures.delete(key),
    retries: (key) => failures.get(key) ?? 0,
    get() {
      if (isShutDown) return Promise.resolve(undefined)
      const key = waiting.shift()
      if (key !== undefined) return Promise.resolve(handOut(key))
      return new Promise((resolve) => getters.push(resolve))
    },
    done(key) {
      processing.delete(key)
      observer?.done(key)
      if (dirty.has(key) && !isShutDown) enqueue(key)
    },
    shutDown() {
      isShutDown = true
      for (const { timer } of delayed.values()) timer.cancel()
      delayed.clear()
      for (const getter of getters) getter(undefined)
      getters = []
      observer?.shutDown()
    },
    get length() {
      return waiting.length
    },
    get delayedLength() {
      return delayed.size
    },
  }
}

/** First in, first out in constant time: Array.shift moves every element of a long array. */
function newFifo() {
  let items: string[] = []
  let head = 0
  return {
    get length() {
      return items.length - head
    },
    push: (item: string) => void items.push(item),
    shift(): string | undefined {
      if (head === items.length) return undefined
      const item = items[head++]
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
  }
}
