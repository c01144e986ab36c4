// What a database file looks like, and how older ones become like it. Used by the storage thread, and by the commands
// that work on files at rest.
import { DatabaseSync } from "node:sqlite"
import { crc32 } from "node:zlib"
import { DatabaseError, describeProblem, problemOf } from "./storage-errors.ts"

/** "hwsr": tells our files from other SQLite databases. */
const APPLICATION_ID = 0x68777372
/** Of the tables below. Raise it when they change, and add to `MIGRATIONS`. */
export const FORMAT = 2

/**
 * `log` has a row for every write. The newest row of a key is its value; older ones stay until compaction, for watches and
 * lists that go back. Rows are never changed but by encryption anew, so a write that failed half-way can be taken back.
 */
const LOG_TABLE = `
CREATE TABLE log (
  store INTEGER NOT NULL, revision INTEGER NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL, create_revision INTEGER NOT NULL,
  previous INTEGER NOT NULL, time_ms INTEGER NOT NULL, checksum INTEGER NOT NULL, value BLOB,
  PRIMARY KEY (store, revision)
);
`
const SCHEMA = `
CREATE TABLE stores (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, ceiling INTEGER NOT NULL, compacted INTEGER NOT NULL
);
${LOG_TABLE}
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT};
`

/** From the format at the index plus one to the next. The recorded databases in testdata/ hold them to it. */
const MIGRATIONS: readonly string[] = [
  // 1 kept the current values only: there is no history to go back to.
  `ALTER TABLE stores ADD COLUMN compacted INTEGER NOT NULL DEFAULT 0;
   UPDATE stores SET revision = max(revision, ceiling), ceiling = max(revision, ceiling), compacted = max(revision, ceiling);
   ${LOG_TABLE}
   INSERT INTO log SELECT store, revision, 0, key, create_revision, 0, 0, checksum(key, value), value FROM objects ORDER BY store, revision;
   DROP TABLE objects;`,
]

/** Of a stored value, as it lies in the file. Tells a damaged value from a whole one. */
export const checksumOf = (key: string, value: Uint8Array): number => crc32(value, crc32(key))

/** @returns the first column of a statement's first row */
export function scalar(database: DatabaseSync, sql: string): number {
  return Object.values(database.prepare(sql).get() ?? {})[0] as number
}

/**
 * Opens a file for this process alone, creates the tables in a new one and brings an older one up to date.
 *
 * @throws DatabaseError saying what is wrong, without the file's name; the file is as it was
 */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    // Exclusive: a second server on the same file must fail at once, and WAL then needs no shared memory.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0")
    const format = checkFormat(database)
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192")
    database.exec("PRAGMA journal_size_limit = 67108864")
    // Takes the lock even when nothing has to be created.
    database.exec("BEGIN IMMEDIATE")
    if (format === 0) database.exec(SCHEMA)
    else if (format < FORMAT) migrate(database, format)
    database.exec("COMMIT")
    return database
  } catch (error) {
    database.close()
    throw asDatabaseError(error)
  }
}

/** @returns 0 for an empty file */
export function checkFormat(database: DatabaseSync): number {
  const tables = scalar(database, "SELECT count(*) FROM sqlite_master")
  if (tables === 0) return 0
  if (scalar(database, "PRAGMA application_id") !== APPLICATION_ID)
    throw new DatabaseError("foreign", "it is the database of another program")
  const format = scalar(database, "PRAGMA user_version")
  if (format <= FORMAT) return format
  throw new DatabaseError(
    "newer",
    `it has format ${format}, written by a newer version; this one reads up to ${FORMAT}`,
  )
}

function migrate(database: DatabaseSync, from: number): void {
  database.function("checksum", { deterministic: true }, (key, value) => checksumOf(key as string, value as Uint8Array))
  for (const step of MIGRATIONS.slice(from - 1)) database.exec(step)
  database.exec(`PRAGMA user_version = ${FORMAT}`)
}

/** Gives whatever SQLite threw one of our problems. */
export function asDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error
  const { errcode = 0, message } = error as Error & { errcode?: number }
  const problem = problemOf(errcode)
  return new DatabaseError(problem, describeProblem(problem, message), { cause: error })
}
