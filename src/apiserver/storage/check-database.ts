// Looks through a database file that nobody uses.
import { statSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { DatabaseError } from "./storage-errors.ts"
import { asDatabaseError, checkFormat, checksumOf, FORMAT, scalar } from "./sqlite-format.ts"

export type DatabaseSummary = {
  readonly format: number
  readonly bytes: number
  readonly stores: number
  /** Values now. */
  readonly objects: number
  /** Rows of the log: those and what they replaced. */
  readonly rows: number
  /** What is wrong; empty for a sound file. */
  readonly problems: readonly string[]
}

/** What is wrong beyond this many things is not told. */
const PROBLEMS_MAX = 20

/** Rules that rows keep among themselves, each with a count of those that break it. */
const RULES: readonly (readonly [string, string])[] = [
  ["rows of no store", "SELECT count(*) FROM log WHERE store NOT IN (SELECT id FROM stores)"],
  [
    "rows newer than their store",
    "SELECT count(*) FROM log JOIN stores ON stores.id = log.store WHERE log.revision > stores.revision",
  ],
  [
    "rows whose predecessor is missing",
    `SELECT count(*) FROM log JOIN stores ON stores.id = log.store
     WHERE log.kind < 2 AND log.previous > 0 AND log.revision > stores.compacted AND NOT EXISTS (
       SELECT 1 FROM log AS before WHERE before.store = log.store AND before.revision = log.previous AND before.key = log.key)`,
  ],
]

const LIVE = `SELECT count(*) FROM (SELECT kind, max(revision) FROM log WHERE kind < 2 GROUP BY store, key) WHERE kind = 0`

/**
 * Checks the file's structure and the checksum of every value; with `full` also indexes against tables, and rows against one
 * another.
 *
 * @throws DatabaseError for what is no database of ours, is newer than this program, or is in use
 */
export function checkDatabase(file: string, options: { readonly full: boolean }): DatabaseSummary {
  const { size: bytes } = statSync(file)
  const database = new DatabaseSync(file)
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0")
    const format = checkFormat(database)
    const problems = structureProblems(database, options.full)
    if (format !== FORMAT || problems.length > 0) return { format, bytes, stores: 0, objects: 0, rows: 0, problems }
    problems.push(...valueProblems(database))
    for (const [what, sql] of options.full ? RULES : []) {
      const count = scalar(database, sql)
      if (count > 0) problems.push(`${count} ${what}`)
    }
    return {
      format,
      bytes,
      stores: scalar(database, "SELECT count(*) FROM stores"),
      objects: scalar(database, LIVE),
      rows: scalar(database, "SELECT count(*) FROM log"),
      problems: problems.slice(0, PROBLEMS_MAX),
    }
  } catch (error) {
    const failure = asDatabaseError(error)
    if (failure.problem !== "damaged")
      throw new DatabaseError(failure.problem, `Cannot read database ${file}: ${failure.message}`, { cause: failure })
    return { format: 0, bytes, stores: 0, objects: 0, rows: 0, problems: [failure.message] }
  } finally {
    database.close()
  }
}

function structureProblems(database: DatabaseSync, full: boolean): string[] {
  const check = `PRAGMA ${full ? "integrity_check" : "quick_check"}(${PROBLEMS_MAX})`
  const lines = database
    .prepare(check)
    .all()
    .map((row) => String(Object.values(row)[0]))
  return lines.filter((line) => line !== "ok")
}

function valueProblems(database: DatabaseSync): string[] {
  const problems: string[] = []
  const values = database.prepare("SELECT key, revision, checksum, value FROM log WHERE value IS NOT NULL").iterate()
  for (const { key, revision, checksum, value } of values) {
    if (checksumOf(String(key), value as Uint8Array) === checksum) continue
    problems.push(`${String(key)} at revision ${String(revision)} is not what was written`)
    if (problems.length === PROBLEMS_MAX) break
  }
  return problems
}
