// Makes a copy of a backup into a database that a server can go on from.
import { DatabaseError } from "./storage-errors.ts"
import { openDatabase, scalar } from "./sqlite-format.ts"
import type { BackupFile } from "./sqlite-protocol.ts"

/**
 * How far revisions jump. Nobody who saw the server after the backup was made may have seen a revision as high as that: their
 * watches get 410 and begin anew, instead of missing that the past has changed. Source: etcdutl snapshot restore --bump-revision.
 */
const EPOCH_REVISIONS = 1_000_000_000

/**
 * Takes out the files that came with the backup, forgets all history and begins a new epoch of revisions.
 *
 * @param file  a copy: it is changed
 * @throws DatabaseError for what is no backup, is damaged, or newer than this program
 */
export function restoreDatabase(file: string): readonly BackupFile[] {
  const database = openDatabase(file)
  try {
    if (scalar(database, "SELECT count(*) FROM sqlite_master WHERE name = 'files'") === 0)
      throw new DatabaseError("foreign", "it is no backup: `hawser backup` makes one")
    const files = database
      .prepare("SELECT name, content FROM files ORDER BY name")
      .all()
      .map(({ name, content }) => ({ name: String(name), content: content as Uint8Array }))
    database.exec(`
      BEGIN IMMEDIATE;
      DELETE FROM log WHERE rowid NOT IN (SELECT newest FROM (SELECT rowid AS newest, max(revision) FROM log GROUP BY store, key));
      DELETE FROM log WHERE kind > 0;
      UPDATE stores SET revision = max(revision, ceiling) + ${EPOCH_REVISIONS};
      UPDATE stores SET ceiling = revision, compacted = revision;
      DROP TABLE files;
      COMMIT;
      PRAGMA wal_checkpoint(TRUNCATE)`)
    return files
  } finally {
    database.close()
  }
}
