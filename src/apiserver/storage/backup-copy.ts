// A copy of a database that is in use, and what is kept beside it.
import { chmodSync, closeSync, fsyncSync, openSync, rmSync } from "node:fs"
import { backup, DatabaseSync } from "node:sqlite"
import type { BackupFile, Progress } from "./sqlite-protocol.ts"

/** Pages copied at one go; commits pass between. */
const PAGES_AT_ONCE = 1_000

/**
 * Copies a database while it is written. The copy is as the database was at the end of the copying: commits through the same
 * connection go into both.
 *
 * @param target  must not be there; removed again when the copying fails
 */
export async function backupDatabase(
  source: DatabaseSync,
  target: string,
  files: readonly BackupFile[],
  onProgress: (progress: Progress) => void,
): Promise<void> {
  try {
    // Made first, so that nobody else can read it at any time.
    closeSync(openSync(target, "wx", 0o600))
    await backup(source, target, {
      rate: PAGES_AT_ONCE,
      progress: ({ totalPages, remainingPages }) =>
        onProgress({ done: totalPages - remainingPages, total: totalPages }),
    })
    addFiles(target, files)
    chmodSync(target, 0o600)
    const handle = openSync(target, "r+")
    fsyncSync(handle)
    closeSync(handle)
  } catch (error) {
    for (const suffix of ["", "-wal", "-journal"]) rmSync(target + suffix, { force: true })
    throw error
  }
}

function addFiles(target: string, files: readonly BackupFile[]): void {
  const copy = new DatabaseSync(target)
  try {
    // One file, with nothing beside it.
    copy.exec("PRAGMA journal_mode = DELETE; CREATE TABLE files (name TEXT NOT NULL UNIQUE, content BLOB NOT NULL)")
    const insert = copy.prepare("INSERT INTO files (name, content) VALUES (?, ?)")
    for (const { name, content } of files) insert.run(name, content)
  } finally {
    copy.close()
  }
}
