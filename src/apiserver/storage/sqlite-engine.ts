import { Worker } from "node:worker_threads"
import type { Clock } from "#lib/clock.ts"
import type { SealRule } from "./encryption/encryption-config.ts"
import { EventHistory } from "./event-history.ts"
import { Retention } from "./retention.ts"
import type { BackupFile, Progress, StoreRow } from "./sqlite-protocol.ts"
import { DatabaseError } from "./storage-errors.ts"
import type { Storage, StorageEngine, StorageEvent, StoreOptions } from "./storage.ts"
import { packBatch, rowBytes, StoredRows } from "./stored-rows.ts"
import { Store, type PendingWrite, type Recalled, type WriteLog } from "./store.ts"
import { WorkerCalls } from "./worker-calls.ts"

/** Revisions that writes without durability may take before the file has to be told of more. */
const CEILING_STEP = 10_000
/** A batch waits for no one, but carries at most this many writes, so that its acknowledgements do not come in one flood. */
const BATCH_LENGTH_MAX = 2_000
/** Writes without durability that wait for company before they go to disk alone. */
const LAZY_MAX = 256
/** Of the file. Source: etcd --quota-backend-bytes, its suggested maximum. */
const FILE_BYTES_MAX = 8 * 1024 ** 3

export type SqliteEngineOptions = {
  /** Created when it is not there; `file-wal` beside it belongs to it. */
  readonly file: string
  /** Tells how old events are. */
  readonly clock: Clock
  /** The worker's entry; in a bundle that of the bundled `sqlite-worker.ts`. */
  readonly workerUrl?: URL
  /** How values are encrypted; none are by default. */
  readonly encryption?: readonly SealRule[]
  /** Writes are refused where the file would grow beyond this. Default 8 GiB. */
  readonly fileBytesMax?: number
}

/** An engine on a file. */
export interface FileEngine extends StorageEngine {
  /**
   * Copies everything, as it is when the copying ends, into a file of its own, readable by its owner only. Writes go on.
   *
   * @param target  must not be there
   * @param files  put into the copy
   */
  backup(target: string, files: readonly BackupFile[], onProgress: (progress: Progress) => void): Promise<void>
  /** Writes all values anew that are not encrypted as new ones are. @returns how many */
  reseal(): Promise<number>
}

/**
 * Opens a SQLite file that holds many stores. One worker thread writes it; writes of all stores that arrive while a
 * batch is on its way to disk go together in the next (group commit, WAL, synchronous=FULL).
 *
 * @throws DatabaseError when the file is damaged, newer than this program, or in use by another process
 */
export async function openSqliteEngine(options: SqliteEngineOptions): Promise<FileEngine> {
  const worker = new Worker(options.workerUrl ?? new URL("./sqlite-worker.ts", import.meta.url), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  })
  const engine = new SqliteEngine(options, new WorkerCalls(worker))
  try {
    await engine.open()
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return engine
}

/** What the engine knows of one store beside its values. */
type Head = {
  readonly id: number
  /** Promised to the file: see StoreRow. */
  ceiling: number
  /** Asked for with the batch that waits. */
  wantedCeiling: number
  /** Of the newest write that is on disk. */
  committed: number
  /** Events after this are on disk. */
  compacted: number
  /** Up to here they need not be. */
  compactTo: number
  readonly retention: Retention
}

type Queued = { readonly store: Store; readonly write: PendingWrite }

class SqliteEngine implements FileEngine, WriteLog {
  readonly #options: SqliteEngineOptions
  readonly #calls: WorkerCalls
  readonly #stores = new Map<string, Promise<Store>>()
  readonly #heads = new Map<Store, Head>()
  /** What is not on disk, in the order of revisions within a store. */
  #queue: Queued[] = []
  /** Those of them that are acknowledged. */
  #lazy = 0
  #committing: Promise<void> | undefined
  /** The last batch failed in a way that leaves open what is on disk. */
  #suspect = false
  #closed: Promise<void> | undefined

  constructor(options: SqliteEngineOptions, calls: WorkerCalls) {
    this.#options = options
    this.#calls = calls
  }

  async open(): Promise<void> {
    const { file, encryption = [], fileBytesMax = FILE_BYTES_MAX } = this.#options
    try {
      await this.#calls.call({ do: "open", file, encryption, bytesMax: fileBytesMax })
    } catch (error) {
      throw this.#worded("open", error)
    }
  }

  store(name: string, options?: StoreOptions): Promise<Storage> {
    let store = this.#stores.get(name)
    if (store === undefined) {
      store = this.#load(name, options)
      this.#stores.set(name, store)
      store.catch(() => this.#stores.delete(name))
    }
    return store
  }

  async drop(name: string): Promise<void> {
    const store = await this.#stores.get(name)?.catch(() => undefined)
    await store?.close()
    await this.#calls.call({ do: "drop", name })
    this.#stores.delete(name)
  }

  async backup(target: string, files: readonly BackupFile[], onProgress: (progress: Progress) => void): Promise<void> {
    await this.#flush()
    try {
      await this.#calls.call({ do: "backup", target, files }, { progress: onProgress })
    } catch (error) {
      throw this.#worded("copy", error)
    }
  }

  async reseal(): Promise<number> {
    try {
      return (await this.#calls.call({ do: "reseal" })).count ?? 0
    } catch (error) {
      throw this.#worded("write to", error)
    }
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      for (const store of this.#stores.values()) await (await store.catch(() => undefined))?.close()
      await this.#calls.call({ do: "close" }).catch(() => undefined)
      await this.#calls.terminate()
    })()
    return this.#closed
  }

  append(store: Store, write: PendingWrite): void {
    const head = this.#heads.get(store)!
    this.#queue.push({ store, write })
    if (write.durable || write.event.revision > head.ceiling) {
      if (!write.durable) head.wantedCeiling = write.event.revision + CEILING_STEP
      return this.#start()
    }
    write.ready = true
    if (++this.#lazy >= LAZY_MAX) this.#start()
    void Promise.resolve().then(() => store.publish())
  }

  oldestKept(store: Store): number {
    const head = this.#heads.get(store)
    // What is to be forgotten with the next commit counts as forgotten now.
    return head === undefined ? Infinity : Math.max(head.compacted, head.compactTo)
  }

  compact(store: Store, revision: number): void {
    const head = this.#heads.get(store)
    if (head !== undefined) head.compactTo = Math.max(head.compactTo, revision)
  }

  async recall(store: Store, after: number, until: number): Promise<Recalled> {
    await this.#flush()
    const events: StorageEvent[] = []
    const rows = new StoredRows(after, (event) => events.push(event))
    const { id } = this.#heads.get(store)!
    await this.#calls.call({ do: "recall", store: id, after, until }, { rows: (r) => rows.add(r) })
    return { events, gaps: rows.gaps }
  }

  /** Called by `Store.close`: everything of this store goes to disk, with its exact revision. */
  async #settle(store: Store): Promise<void> {
    const head = this.#heads.get(store)
    if (head === undefined) return
    await this.#flush()
    // What a failing disk did not take keeps its revisions: the next start must not give them out again.
    if (head.ceiling > head.committed && !this.#queue.some((queued) => queued.store === store)) {
      head.wantedCeiling = 0
      await this.#commit([], store)
    }
    this.#heads.delete(store)
  }

  /** Waits until nothing is left to write; what fails is told to its writers. */
  async #flush(): Promise<void> {
    if (this.#queue.length > 0) this.#start()
    await this.#committing
  }

  #start(): void {
    this.#committing ??= (async () => {
      // What the same tick brings goes with the first batch.
      await Promise.resolve()
      for (let tried = true; tried && this.#queue.length > 0;) {
        const done = await this.#commit(this.#queue.slice(0, BATCH_LENGTH_MAX))
        // After a failure only who asks for more is worth a try: acknowledged writes wait for the next.
        tried = done || this.#queue.some(({ write }) => !write.ready)
      }
      this.#committing = undefined
    })()
  }

  /** @returns false when the batch failed; acknowledged writes in it stay in the queue */
  async #commit(writes: readonly Queued[], closing?: Store): Promise<boolean> {
    const touched = new Set(writes.map(({ store }) => store))
    if (closing !== undefined) touched.add(closing)
    const timeMs = this.#options.clock.nowMs()
    // Also when the batch then fails for want of space: the next one forgets as much again.
    for (const store of touched) this.compact(store, this.#heads.get(store)!.retention.take(timeMs))
    const heads = this.#headsAfter(writes, touched)
    const batch = packBatch(
      timeMs,
      writes.map(({ store, write }) => ({ id: this.#heads.get(store)!.id, write })),
      [...heads.values()],
    )
    try {
      if (this.#suspect) await this.#reopen()
      await this.#calls.call({ do: "commit", batch }, { transfer: [batch.data] })
    } catch (error) {
      this.#fail(error)
      return false
    }
    this.#queue = this.#queue.slice(writes.length)
    for (const { store, write } of writes) {
      const head = this.#heads.get(store)!
      if (write.ready) this.#lazy--
      write.ready = true
      head.retention.add(write.event.revision, timeMs, rowBytes(write.event))
    }
    for (const [store, row] of heads) {
      const head = this.#heads.get(store)!
      head.committed = row.revision
      head.ceiling = row.ceiling
      head.compacted = row.compacted
      store.publish()
    }
    return true
  }

  /** The state that stores are in after a batch. */
  #headsAfter(writes: readonly Queued[], touched: ReadonlySet<Store>): Map<Store, StoreRow> {
    const newest = new Map<Store, number>()
    for (const { store, write } of writes) newest.set(store, write.event.revision)
    const heads = new Map<Store, StoreRow>()
    for (const store of touched) {
      const head = this.#heads.get(store)!
      const revision = newest.get(store) ?? head.committed
      const closing = head.wantedCeiling === 0
      heads.set(store, {
        id: head.id,
        revision,
        ceiling: closing ? revision : Math.max(head.ceiling, head.wantedCeiling, revision),
        // What this batch replaces must stay until it is known to be on disk.
        compacted: Math.max(head.compacted, Math.min(head.compactTo, head.committed)),
      })
    }
    return heads
  }

  /** After an error of the disk: what nobody was told of is taken back, what is missing would be a disaster and is refused. */
  async #reopen(): Promise<void> {
    const committed = [...this.#heads.values()].map(({ id, committed }) => ({ id, revision: committed }))
    await this.#calls.call({ do: "reopen", committed })
    this.#suspect = false
  }

  #fail(error: unknown): void {
    // A full disk has rolled the batch back, and the next one may succeed. After other failures nobody knows what is on disk.
    if (!(error instanceof DatabaseError) || error.problem !== "no space") this.#suspect = true
    const failure = this.#worded("write to", error)
    // Later writes were compared with the ones that failed: they fail with them.
    for (const store of this.#heads.keys()) store.fail(failure)
    // What was acknowledged without being on disk goes with the next batch.
    this.#queue = this.#queue.filter(({ store, write }) => write.ready && write.event.revision <= store.revision)
    this.#lazy = this.#queue.length
  }

  async #load(name: string, options: StoreOptions = {}): Promise<Store> {
    let row: StoreRow
    const retention = new Retention(options.keptBytesMax)
    let history: EventHistory
    let rows: StoredRows
    try {
      row = (await this.#calls.call({ do: "open store", name })).store!
      rows = new StoredRows(row.compacted, (event, timeMs) => {
        history.push(event)
        retention.add(event.revision, timeMs, rowBytes(event))
      })
      history = new EventHistory(row.compacted, options, rows.gaps)
      // From the beginning: what lies before the events are the values that they change.
      const all = { store: row.id, after: -1, until: row.revision }
      await this.#calls.call({ do: "recall", ...all }, { rows: (r) => rows.add(r) })
    } catch (error) {
      throw this.#worded(`read store "${name}" of`, error)
    }
    const { id, revision, ceiling, compacted } = row
    const log: WriteLog = {
      append: (store, write) => this.append(store, write),
      oldestKept: (store) => this.oldestKept(store),
      recall: (store, after, until) => this.recall(store, after, until),
      compact: (store, until) => this.compact(store, until),
      close: (store) => this.#settle(store),
    }
    const values = [...rows.values.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    const store = new Store(log, { revision, values, history })
    const head = { id, ceiling, wantedCeiling: -1, committed: revision, compacted, compactTo: 0, retention }
    this.#heads.set(store, head)
    return store
  }

  #worded(what: string, error: unknown): DatabaseError {
    const problem = error instanceof DatabaseError ? error.problem : "failing"
    const message = `Cannot ${what} database ${this.#options.file}: ${(error as Error).message}`
    return new DatabaseError(problem, message, { cause: error })
  }
}
