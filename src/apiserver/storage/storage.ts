/**
 * Where objects live. One sequence of revisions for the whole store; keys like
 * `/registry/work.open-cluster-management.io/manifestworks/cluster1/guestbook`. Values are canonical JSON bytes of
 * the object **without** `metadata.resourceVersion`; the registry splices the revision in.
 *
 * Reads are served from memory and see exactly the acknowledged writes. A write's promise resolves after it is durable
 * (group commit), and its event reaches watchers after that, in revision order, without gaps.
 */
export interface Storage {
  /** The revision of the last acknowledged write. */
  readonly revision: number
  get(key: string): StoredValue | undefined
  /** Values under a prefix in key order at the current revision. */
  list(prefix: string, options?: { readonly startKey?: string; readonly limit?: number }): readonly StoredValue[]
  count(prefix: string, startKey?: string): number
  /**
   * Values as they were at `revision`.
   * @throws CompactedError when that revision is no longer kept
   */
  listAt(
    prefix: string,
    revision: number,
    options?: { readonly startKey?: string; readonly limit?: number },
  ): readonly StoredValue[]
  /**
   * Writes if the key is at `expected` (0: absent), otherwise resolves to the current value.
   * The comparison is made at once against acknowledged and pending writes, so that writers never wait for a disk to learn that they lost.
   * The `current` of a lost write may itself still be pending.
   * @param value  kept as it is: never change it afterwards
   * @param durable  false: may be lost in a crash (leases). Default true.
   * @param memo  makes the first content of the stored value's `memo`, given its revision; called at once
   */
  put(
    key: string,
    value: Uint8Array,
    expected: number,
    options?: { readonly durable?: boolean; readonly memo?: (revision: number) => unknown },
  ): Promise<WriteResult>
  delete(key: string, expected: number): Promise<WriteResult>
  /**
   * Every change under `prefix` after `sinceRevision`, in order. What has happened already is told before this returns.
   * @param prefix  "" for all, a prefix that ends with a slash, or one whole key
   * @throws CompactedError when `sinceRevision` is older than what is kept
   */
  watch(prefix: string, sinceRevision: number, onEvents: (events: readonly StorageEvent[]) => void): { stop(): void }
  /**
   * Brings history after `revision` back into memory from where it lies, for a watch or an exact list that follows at once.
   *
   * @returns undefined when there is nothing to wait for: it is in memory, or is kept nowhere
   */
  recall(revision: number): Promise<void> | undefined
  /** Forgets history before `revision`; values stay. */
  compact(revision: number): void
  /** Waits for pending writes and lets go of files. */
  close(): Promise<void>
}

export type StoredValue = {
  readonly key: string
  readonly value: Uint8Array
  /** Of the last change: the object's resourceVersion. */
  readonly revision: number
  readonly createRevision: number
  /** It is not encrypted as new values are: a write of the same content is worth its while. */
  readonly stale?: true
  /** A place for readers to keep what they derived from the value, such as the parsed object. Goes with the value. */
  memo?: unknown
}

export type WriteResult =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly current: StoredValue | undefined }

export type StorageEvent = {
  readonly type: "put" | "delete"
  readonly key: string
  readonly revision: number
  /** The new value; for a deletion the last one. */
  readonly value: Uint8Array
  readonly createRevision: number
  /** The stored form of the new value; for a deletion that of the last one, so its revision is older than the event's. */
  readonly stored: StoredValue
  /** What the key held before, absent for a creation. */
  readonly previous?: StoredValue
}

/** The revision asked for is no longer kept: 410 Expired. */
export class CompactedError extends Error {
  override readonly name = "CompactedError"
  readonly oldest: number
  constructor(oldest: number) {
    super(`required revision has been compacted; oldest is ${oldest}`)
    this.oldest = oldest
  }
}

/** Many stores in one place. */
export interface StorageEngine {
  /**
   * Opens the store of that name, empty the first time. Two calls with one name return the same store.
   * @throws Error when the store cannot be read
   */
  store(name: string, options?: StoreOptions): Promise<Storage>
  /** Forgets a store with all that is in it; it must not be used any more. */
  drop(name: string): Promise<void>
  /** Writes what is pending and lets go of files. */
  close(): Promise<void>
}

/** Bounds of the history that watches and exact lists can go back to; the oldest events go first. */
export type StoreOptions = {
  /** In memory. Default 4 MiB. */
  readonly historyBytesMax?: number
  /** In memory. Default 10,000. */
  readonly historyEventsMax?: number
  /** On disk, as long as they are younger than five minutes. Default 64 MiB. */
  readonly keptBytesMax?: number
}
