// Statements on the log of writes. For the storage thread, which calls them one at a time.
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { Sealer } from "./encryption/sealer.ts"
import { RowChunks } from "./row-chunks.ts"
import { checksumOf } from "./sqlite-format.ts"
import { DELETE, GAP, PUT, type Batch, type Committed, type Rows, type StoreRow } from "./sqlite-protocol.ts"
import { DatabaseError } from "./storage-errors.ts"

const COLUMNS = "store, revision, kind, key, create_revision, previous, time_ms, checksum, value"
/** Values that are written anew in one transaction. */
const RESEAL_CHUNK = 500

type LogRow = {
  readonly kind: number
  readonly key: string
  readonly revision: number
  readonly create_revision: number
  readonly previous: number
  readonly time_ms: number
  readonly checksum: number
  readonly value: Uint8Array | null
}

export class LogTable {
  readonly #database: DatabaseSync
  readonly #sealer: Sealer
  readonly #insert: StatementSync
  readonly #setHead: StatementSync
  readonly #forgetReplaced: StatementSync
  readonly #forgetRemoved: StatementSync

  constructor(database: DatabaseSync, sealer: Sealer) {
    this.#database = database
    this.#sealer = sealer
    this.#insert = database.prepare(`INSERT INTO log (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#setHead = database.prepare(
      "UPDATE stores SET revision = ?, ceiling = ?, compacted = max(compacted, ?) WHERE id = ?",
    )
    const range = "store = ?1 AND revision > (SELECT compacted FROM stores WHERE id = ?1) AND revision <= ?2"
    this.#forgetReplaced = database.prepare(
      `DELETE FROM log WHERE store = ?1 AND revision IN (SELECT previous FROM log WHERE ${range} AND kind < ${GAP} AND previous > 0)`,
    )
    this.#forgetRemoved = database.prepare(`DELETE FROM log WHERE ${range} AND kind > ${PUT}`)
  }

  /** Carries out `work` whole or not at all. */
  transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE")
    try {
      const result = work()
      this.#database.exec("COMMIT")
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK")
      throw error
    }
  }

  commit(batch: Batch): void {
    const { timeMs, stores, keys, revisions, createRevisions, previous, lengths, data, heads } = batch
    this.transaction(() => {
      for (const { id, compacted } of heads) {
        // First: what is forgotten makes room for what comes.
        this.#forgetReplaced.run(id, compacted)
        this.#forgetRemoved.run(id, compacted)
      }
      let at = 0
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i]!
        const length = lengths[i]!
        const place = [
          stores[i]!,
          revisions[i]!,
          length < 0 ? DELETE : PUT,
          key,
          createRevisions[i]!,
          previous[i]!,
        ] as const
        if (length < 0) {
          this.#insert.run(...place, timeMs, 0, null)
          continue
        }
        const sealed = this.#sealer.seal(key, new Uint8Array(data, at, length))
        this.#insert.run(...place, timeMs, checksumOf(key, sealed), sealed)
        at += length
      }
      for (const head of heads) this.#setHead.run(head.revision, head.ceiling, head.compacted, head.id)
    })
  }

  /** Makes the store when it is new, and marks what a crash may have lost. */
  openStore(name: string): StoreRow {
    const select = this.#database.prepare("SELECT id, revision, ceiling, compacted FROM stores WHERE name = ?")
    const found = select.get(name) as StoreRow | undefined
    if (found !== undefined && found.ceiling === found.revision) return found
    return this.transaction(() => {
      if (found === undefined) {
        this.#database.prepare("INSERT INTO stores (name, revision, ceiling, compacted) VALUES (?, 0, 0, 0)").run(name)
        return select.get(name) as StoreRow
      }
      // Revisions up to the ceiling may have been seen by clients: they are never given out again, and who has seen one
      // of them cannot go on from it.
      const revision = found.ceiling + 1
      this.#insert.run(found.id, revision, GAP, "", 0, found.revision, 0, 0, null)
      this.#setHead.run(revision, revision, found.compacted, found.id)
      return { ...found, revision, ceiling: revision }
    })
  }

  /**
   * The rows in (after, until], oldest first, and before them those that they replaced.
   * @throws DatabaseError for a damaged value, or one whose key is missing
   */
  recall(store: number, after: number, until: number, send: (rows: Rows) => void): void {
    if (after < 0) {
      const all = this.#database.prepare(`SELECT ${COLUMNS} FROM log WHERE store = ? ORDER BY revision`)
      return this.#send(all.iterate(store) as Iterable<LogRow>, send)
    }
    const range = "store = ?1 AND revision > ?2 AND revision <= ?3"
    const select = this.#database.prepare(
      `SELECT ${COLUMNS} FROM log WHERE store = ?1 AND revision <= ?2 AND revision IN (SELECT previous FROM log WHERE ${range} AND kind < ${GAP})
       UNION ALL SELECT ${COLUMNS} FROM log WHERE ${range} ORDER BY revision`,
    )
    this.#send(select.iterate(store, after, until) as Iterable<LogRow>, send)
  }

  /** Takes back what came after the last acknowledged batch. @throws DatabaseError when some of that is missing */
  rewind(committed: readonly Committed[]): void {
    const head = this.#database.prepare("SELECT revision FROM stores WHERE id = ?")
    const takeBack = this.#database.prepare("DELETE FROM log WHERE store = ? AND revision > ?")
    const setRevision = this.#database.prepare(
      "UPDATE stores SET revision = ?2, ceiling = max(ceiling, ?2) WHERE id = ?1",
    )
    this.transaction(() => {
      for (const { id, revision } of committed) {
        const found = (head.get(id) as { revision: number } | undefined)?.revision ?? 0
        if (found < revision)
          throw new DatabaseError("damaged", `it is damaged (revision ${revision} was on disk and is gone)`)
        if (found === revision) continue
        takeBack.run(id, revision)
        setRevision.run(id, revision)
      }
    })
  }

  drop(name: string): void {
    this.transaction(() => {
      this.#database.prepare("DELETE FROM log WHERE store = (SELECT id FROM stores WHERE name = ?)").run(name)
      this.#database.prepare("DELETE FROM stores WHERE name = ?").run(name)
    })
  }

  /** Writes anew all values that are not as the first provider writes. @returns how many */
  reseal(): number {
    const select = this.#database.prepare(
      "SELECT rowid, key, revision, checksum, value FROM log WHERE rowid > ? AND value IS NOT NULL ORDER BY rowid LIMIT ?",
    )
    const update = this.#database.prepare("UPDATE log SET checksum = ?, value = ? WHERE rowid = ?")
    // What was readable before must not stay in pages that are free now, nor in the log beside the file.
    this.#database.exec("PRAGMA secure_delete = ON")
    let count = 0
    for (let last = 0; ;) {
      const rows = select.all(last, RESEAL_CHUNK) as unknown as (LogRow & { rowid: number })[]
      if (rows.length === 0) {
        this.#database.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        return count
      }
      last = rows.at(-1)!.rowid
      this.transaction(() => {
        for (const { rowid, key, value, ...row } of rows) {
          checkSum({ key, ...row }, value!)
          const opened = this.#sealer.open(key, value!)
          if (!opened.stale) continue
          const sealed = this.#sealer.seal(key, opened.value)
          update.run(checksumOf(key, sealed), sealed, rowid)
          count++
        }
      })
    }
  }

  #send(rows: Iterable<LogRow>, send: (rows: Rows) => void): void {
    const chunks = new RowChunks(send)
    for (const row of rows) {
      if (row.value === null) {
        chunks.add(row, undefined, false)
        continue
      }
      checkSum(row, row.value)
      const opened = this.#sealer.open(row.key, row.value)
      chunks.add(row, opened.value, opened.stale)
    }
    chunks.end()
  }
}

function checkSum(row: Pick<LogRow, "key" | "revision" | "checksum">, value: Uint8Array): void {
  if (checksumOf(row.key, value) === row.checksum) return
  const where = `${row.key} at revision ${row.revision} is not what was written`
  throw new DatabaseError("damaged", `it is damaged (${where})`)
}
