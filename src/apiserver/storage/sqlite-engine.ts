import { Worker } from "node:worker_threads"
import type { Batch, FromWorker, Rows, StoreRow, ToWorker } from "./sqlite-protocol.ts"
import type { Storage, StorageEngine, StoredValue, StoreOptions } from "./storage.ts"
import { Store, type PendingWrite, type WriteLog } from "./store.ts"

/** Revisions that writes without durability may take before the file has to be told of more. */
const CEILING_STEP = 10_000
/** A batch waits for no one, but carries at most this many writes, so that its acknowledgements do not come in one flood. */
const BATCH_LENGTH_MAX = 2_000
/** SQLITE_FULL: nothing was written, and the next batch may succeed. After other failures nobody knows what is on disk. */
const SQLITE_FULL = 13

export type SqliteEngineOptions = {
  /** Created when it is not there; `file-wal` beside it belongs to it. */
  readonly file: string
  /** The worker's entry; in a bundle that of the bundled `sqlite-worker.ts`. */
  readonly workerUrl?: URL
}

/**
 * Opens a SQLite file that holds many stores. One worker thread writes it; writes of all stores that arrive while a
 * batch is on its way to disk go together in the next (group commit, WAL, synchronous=FULL).
 *
 * @throws Error when the file is damaged, newer than this program, or in use by another process
 */
export async function openSqliteEngine(options: SqliteEngineOptions): Promise<StorageEngine> {
  const worker = new Worker(options.workerUrl ?? new URL("./sqlite-worker.ts", import.meta.url), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  })
  const engine = new SqliteEngine(options.file, new WorkerCalls(worker))
  try {
    await engine.open()
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return engine
}

/** Calls to the worker that are answered in order. The thread keeps the process alive only while one is open. */
class WorkerCalls {
  readonly #worker: Worker
  readonly #open = new Map<
    number,
    { resolve(store?: StoreRow): void; reject(error: Error): void; rows?: (rows: Rows) => void }
  >()
  #next = 1
  #died: Error | undefined

  constructor(worker: Worker) {
    this.#worker = worker
    worker.unref()
    worker.on("message", (message: FromWorker) => this.#take(message))
    worker.on("error", (error) => this.#fail(error as Error))
    worker.on("exit", (code) => this.#fail(new Error(`storage thread ended with code ${code}`)))
  }

  call(
    message: DistributiveOmit<ToWorker, "call">,
    rows?: (rows: Rows) => void,
    transfer: ArrayBuffer[] = [],
  ): Promise<StoreRow | undefined> {
    if (this.#died !== undefined) return Promise.reject(this.#died)
    return new Promise((resolve, reject) => {
      const call = this.#next++
      this.#open.set(call, { resolve, reject, ...(rows === undefined ? {} : { rows }) })
      this.#worker.ref()
      this.#worker.postMessage({ ...message, call }, transfer)
    })
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #take(message: FromWorker): void {
    const waiting = this.#open.get(message.call)
    if (waiting === undefined) return
    if ("rows" in message) return waiting.rows?.(message.rows)
    this.#open.delete(message.call)
    if (this.#open.size === 0) this.#worker.unref()
    if (message.ok) waiting.resolve(message.store)
    else waiting.reject(new SqliteError(message.message, message.sqliteCode))
  }

  #fail(error: Error): void {
    this.#died ??= error
    for (const waiting of this.#open.values()) waiting.reject(this.#died)
    this.#open.clear()
  }
}

type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never

class SqliteError extends Error {
  readonly sqliteCode: number
  constructor(message: string, sqliteCode: number) {
    super(message)
    this.sqliteCode = sqliteCode
  }
}

/** What the engine knows of one store beside its values. */
type Head = {
  readonly id: number
  /** Promised to the file: see StoreRow. */
  ceiling: number
  /** Asked for in the batch that waits or is on its way. */
  wantedCeiling: number
  /** Of the newest write handed to the worker. */
  revision: number
  /** Acknowledged writes that are on no disk yet, newest per key. */
  readonly lazy: Map<string, PendingWrite>
}

class SqliteEngine implements StorageEngine, WriteLog {
  readonly #file: string
  readonly #calls: WorkerCalls
  readonly #stores = new Map<string, Promise<Store>>()
  readonly #heads = new Map<Store, Head>()
  #queue: { store: Store; write: PendingWrite }[] = []
  /** Stores with lazy writes. */
  readonly #dirty = new Set<Store>()
  #committing: Promise<void> | undefined
  #broken: Error | undefined
  #closed: Promise<void> | undefined

  constructor(file: string, calls: WorkerCalls) {
    this.#file = file
    this.#calls = calls
  }

  async open(): Promise<void> {
    try {
      await this.#calls.call({ do: "open", file: this.#file })
    } catch (error) {
      throw new Error(`Cannot open database ${this.#file}: ${describe(error)}`, { cause: error })
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
    if (!write.durable && this.#broken === undefined && write.event.revision <= head.ceiling) {
      write.ready = true
      head.lazy.set(write.event.key, write)
      this.#dirty.add(store)
      void Promise.resolve().then(() => store.publish())
      return
    }
    if (!write.durable) head.wantedCeiling = write.event.revision + CEILING_STEP
    this.#queue.push({ store, write })
    this.#start()
  }

  /** Called by `Store.close`: everything of this store goes to disk, with its exact revision. */
  async #settle(store: Store): Promise<void> {
    const head = this.#heads.get(store)
    if (head === undefined) return
    while (this.#queue.length > 0 || this.#committing !== undefined) await this.#committing
    if (this.#broken === undefined && (head.lazy.size > 0 || head.ceiling > head.revision)) {
      head.wantedCeiling = 0
      await this.#commit([], [store])
    }
    this.#heads.delete(store)
    this.#dirty.delete(store)
  }

  #start(): void {
    if (this.#committing !== undefined) return
    this.#committing = (async () => {
      // What the same tick brings goes with the first batch.
      await Promise.resolve()
      while (this.#queue.length > 0) {
        const writes = this.#queue.splice(0, BATCH_LENGTH_MAX)
        await this.#commit(writes, [...this.#dirty])
      }
      this.#committing = undefined
    })()
  }

  async #commit(writes: readonly { store: Store; write: PendingWrite }[], dirty: readonly Store[]): Promise<void> {
    const touched = new Set([...dirty, ...writes.map(({ store }) => store)])
    const lazy = new Map<Store, Map<string, PendingWrite>>()
    for (const store of dirty) {
      const head = this.#heads.get(store)!
      lazy.set(store, new Map(head.lazy))
      head.lazy.clear()
      this.#dirty.delete(store)
    }
    try {
      if (this.#broken !== undefined) throw this.#broken
      const batch = this.#newBatch(writes, lazy, touched)
      await this.#calls.call({ do: "commit", batch }, undefined, [batch.data])
      for (const row of batch.heads) this.#headOf(touched, row.id)!.ceiling = row.ceiling
    } catch (error) {
      this.#fail(error as Error, lazy)
      return
    }
    for (const { write } of writes) write.ready = true
    for (const store of touched) store.publish()
  }

  #newBatch(
    writes: readonly { store: Store; write: PendingWrite }[],
    lazy: ReadonlyMap<Store, ReadonlyMap<string, PendingWrite>>,
    touched: ReadonlySet<Store>,
  ): Batch {
    // Only the newest state of a key goes to disk, whichever way it came.
    const newest = new Map<Store, Map<string, PendingWrite>>()
    const add = (store: Store, write: PendingWrite) => {
      let keys = newest.get(store)
      if (keys === undefined) newest.set(store, (keys = new Map()))
      const known = keys.get(write.event.key)
      if (known === undefined || known.event.revision < write.event.revision) keys.set(write.event.key, write)
    }
    for (const [store, keys] of lazy) for (const write of keys.values()) add(store, write)
    for (const { store, write } of writes) add(store, write)
    const heads: StoreRow[] = []
    for (const store of touched) {
      const head = this.#heads.get(store)!
      for (const write of newest.get(store)?.values() ?? [])
        head.revision = Math.max(head.revision, write.event.revision)
      const closing = head.wantedCeiling === 0
      heads.push({
        id: head.id,
        revision: head.revision,
        ceiling: closing ? head.revision : Math.max(head.ceiling, head.wantedCeiling, head.revision),
      })
    }
    return packBatch(
      [...newest].map(([store, keys]) => [this.#heads.get(store)!.id, [...keys.values()]]),
      heads,
    )
  }

  #headOf(stores: ReadonlySet<Store>, id: number): Head | undefined {
    for (const store of stores) {
      const head = this.#heads.get(store)
      if (head?.id === id) return head
    }
    return undefined
  }

  #fail(error: Error, lazy: ReadonlyMap<Store, ReadonlyMap<string, PendingWrite>>): void {
    const failure = new Error(`Cannot write to database ${this.#file}: ${describe(error)}`, { cause: error })
    if (!(error instanceof SqliteError) || error.sqliteCode !== SQLITE_FULL) this.#broken ??= failure
    // They are acknowledged: the next batch tries again.
    for (const [store, keys] of lazy) {
      const head = this.#heads.get(store)!
      for (const [key, write] of keys) if (!head.lazy.has(key)) head.lazy.set(key, write)
      this.#dirty.add(store)
    }
    // Later writes were compared with the ones that failed: they fail with them.
    const stores = new Set(this.#heads.keys())
    this.#queue = []
    for (const store of stores) {
      store.fail(failure)
      const kept = this.#heads.get(store)!.lazy
      for (const [key, write] of kept) if (write.event.revision > store.revision) kept.delete(key)
    }
  }

  async #load(name: string, options?: StoreOptions): Promise<Store> {
    const values: StoredValue[] = []
    let row: StoreRow | undefined
    try {
      row = await this.#calls.call({ do: "load", name }, (rows) => unpackRows(rows, values))
    } catch (error) {
      throw new Error(`Cannot read store "${name}" of database ${this.#file}: ${describe(error)}`, { cause: error })
    }
    // After a crash, revisions up to the ceiling may have been seen by clients: they are never given out again.
    const revision = Math.max(row!.revision, row!.ceiling)
    const log: WriteLog = { append: (store, write) => this.append(store, write), close: (store) => this.#settle(store) }
    const store = new Store(log, revision, values, options)
    this.#heads.set(store, { id: row!.id, ceiling: revision, wantedCeiling: -1, revision, lazy: new Map() })
    return store
  }
}

function packBatch(stores: readonly (readonly [number, readonly PendingWrite[]])[], heads: readonly StoreRow[]): Batch {
  let bytes = 0
  for (const [, writes] of stores) {
    for (const { event } of writes) if (event.type === "put") bytes += event.value.length
  }
  const data = new Uint8Array(bytes)
  const batch = {
    stores: [] as number[],
    keys: [] as string[],
    revisions: [] as number[],
    createRevisions: [] as number[],
    lengths: [] as number[],
    data: data.buffer,
    heads,
  }
  let at = 0
  for (const [id, writes] of stores) {
    for (const { event } of writes) {
      batch.stores.push(id)
      batch.keys.push(event.key)
      batch.revisions.push(event.revision)
      batch.createRevisions.push(event.createRevision)
      batch.lengths.push(event.type === "put" ? event.value.length : -1)
      if (event.type !== "put") continue
      data.set(event.value, at)
      at += event.value.length
    }
  }
  return batch
}

function unpackRows(rows: Rows, values: StoredValue[]): void {
  let at = 0
  for (const [i, key] of rows.keys.entries()) {
    const length = rows.lengths[i]!
    // A copy of its own: a view would keep the whole chunk alive for the sake of one value.
    const value = Buffer.allocUnsafeSlow(length)
    value.set(new Uint8Array(rows.data, at, length))
    at += length
    values.push({ key, value, revision: rows.revisions[i]!, createRevision: rows.createRevisions[i]! })
  }
}

function describe(error: unknown): string {
  const message = (error as Error).message
  if (message.includes("database is locked")) return "another process uses it"
  if (message.includes("not a database") || message.includes("malformed"))
    return `it is damaged (${message}); restore a backup`
  return message
}
