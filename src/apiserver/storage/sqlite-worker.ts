// The thread that owns the database file. It does one thing at a time in the order in which it was told.
import { DatabaseSync, type StatementSync } from "node:sqlite"
import { parentPort } from "node:worker_threads"
import type { Batch, FromWorker, Rows, StoreRow, ToWorker } from "./sqlite-protocol.ts"

/** "hwsr": tells our files from other SQLite databases. */
const APPLICATION_ID = 0x68777372
/** Of the tables below. Raise it when they change, and migrate in `open`. */
const FORMAT = 1
const LOAD_CHUNK_BYTES = 4 * 1024 * 1024

const SCHEMA = `
CREATE TABLE stores (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, ceiling INTEGER NOT NULL);
CREATE TABLE objects (
  store INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, create_revision INTEGER NOT NULL, value BLOB NOT NULL,
  UNIQUE (store, key)
);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT};
`

let database: DatabaseSync
let put: StatementSync
let remove: StatementSync
let setHead: StatementSync

function open(file: string): void {
  database = new DatabaseSync(file)
  // Exclusive: a second server on the same file must fail at once, and WAL then needs no shared memory.
  database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0")
  const number = (pragma: string) => Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] as number
  const format = number("user_version")
  const applicationId = number("application_id")
  const tables = Object.values(database.prepare("SELECT count(*) FROM sqlite_master").get() ?? {})[0] as number
  if (tables > 0 && applicationId !== APPLICATION_ID) throw new Error("it is the database of another program")
  if (format > FORMAT)
    throw new Error(`it has format ${format}, written by a newer version; this one reads up to ${FORMAT}`)
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192")
  if (tables === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
  // Takes the lock even when nothing had to be created.
  database.exec("BEGIN IMMEDIATE; COMMIT")
  put = database.prepare(
    `INSERT INTO objects (store, key, revision, create_revision, value) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (store, key) DO UPDATE SET revision = excluded.revision, create_revision = excluded.create_revision, value = excluded.value`,
  )
  remove = database.prepare("DELETE FROM objects WHERE store = ? AND key = ?")
  setHead = database.prepare("UPDATE stores SET revision = ?, ceiling = ? WHERE id = ?")
}

function load(call: number, name: string): StoreRow {
  database.prepare("INSERT INTO stores (name, revision, ceiling) VALUES (?, 0, 0) ON CONFLICT DO NOTHING").run(name)
  const store = database.prepare("SELECT id, revision, ceiling FROM stores WHERE name = ?").get(name) as StoreRow
  const select = database.prepare(
    "SELECT key, revision, create_revision, value FROM objects WHERE store = ? ORDER BY key",
  )
  let chunk = emptyChunk()
  for (const row of select.iterate(store.id)) {
    const value = row["value"] as Uint8Array
    chunk.keys.push(row["key"] as string)
    chunk.revisions.push(row["revision"] as number)
    chunk.createRevisions.push(row["create_revision"] as number)
    chunk.lengths.push(value.length)
    chunk.values.push(value)
    chunk.bytes += value.length
    if (chunk.bytes >= LOAD_CHUNK_BYTES) {
      sendChunk(call, chunk)
      chunk = emptyChunk()
    }
  }
  if (chunk.keys.length > 0) sendChunk(call, chunk)
  return { id: store.id, revision: store.revision, ceiling: store.ceiling }
}

const emptyChunk = () => ({
  keys: [] as string[],
  revisions: [] as number[],
  createRevisions: [] as number[],
  lengths: [] as number[],
  values: [] as Uint8Array[],
  bytes: 0,
})

function sendChunk(call: number, chunk: ReturnType<typeof emptyChunk>): void {
  const data = new Uint8Array(chunk.bytes)
  let at = 0
  for (const value of chunk.values) {
    data.set(value, at)
    at += value.length
  }
  const { keys, revisions, createRevisions, lengths } = chunk
  const rows: Rows = { keys, revisions, createRevisions, lengths, data: data.buffer }
  parentPort?.postMessage({ call, rows } satisfies FromWorker, [data.buffer])
}

function commit(batch: Batch): void {
  const { stores, keys, revisions, createRevisions, lengths, data, heads } = batch
  database.exec("BEGIN IMMEDIATE")
  try {
    let at = 0
    for (let i = 0; i < keys.length; i++) {
      const length = lengths[i]!
      if (length < 0) {
        remove.run(stores[i]!, keys[i]!)
        continue
      }
      put.run(stores[i]!, keys[i]!, revisions[i]!, createRevisions[i]!, new Uint8Array(data, at, length))
      at += length
    }
    for (const head of heads) setHead.run(head.revision, head.ceiling, head.id)
    database.exec("COMMIT")
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK")
    throw error
  }
}

function drop(name: string): void {
  database.exec("BEGIN IMMEDIATE")
  database.prepare("DELETE FROM objects WHERE store = (SELECT id FROM stores WHERE name = ?)").run(name)
  database.prepare("DELETE FROM stores WHERE name = ?").run(name)
  database.exec("COMMIT")
}

function carryOut(message: ToWorker): StoreRow | undefined {
  switch (message.do) {
    case "open":
      open(message.file)
      return undefined
    case "load":
      return load(message.call, message.name)
    case "commit":
      commit(message.batch)
      return undefined
    case "drop":
      drop(message.name)
      return undefined
    case "close":
      database.close()
      return undefined
  }
}

parentPort?.on("message", (message: ToWorker) => {
  let answer: FromWorker
  try {
    const store = carryOut(message)
    answer = { call: message.call, ok: true, ...(store === undefined ? {} : { store }) }
  } catch (error) {
    const sqliteCode = (error as { errcode?: number }).errcode ?? 0
    answer = { call: message.call, ok: false, message: (error as Error).message, sqliteCode }
  }
  parentPort?.postMessage(answer)
})
