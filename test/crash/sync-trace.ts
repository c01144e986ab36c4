// Reads a system-call trace of a process that writes keys to files and tells about them on stdout: was every key synced to disk
// before it was told?

export type SyncReport = {
  readonly acknowledgements: number
  readonly syncs: number
  readonly writes: number
  /** Keys that were told before a sync of what holds them had completed. */
  readonly unsynced: readonly string[]
}

/** `1234 pwrite64(23</tmp/a.db-wal>, "…"…, 4096, 32) = 4096`, or cut in two by other threads' calls. */
const CALL = /^(\d+)\s+(pwrite64|write|fsync|fdatasync)\((\d+)<([^>]*)>/
const RESUMED = /^(\d+)\s+<\.\.\. (fsync|fdatasync) resumed>/
const KEY = /\/a\/\d+\/\d+;/g

/** @param lines  of `strace -f -y -s 5000` */
export function checkSyncs(lines: Iterable<string>): SyncReport {
  /** Keys by thread and file that no sync has covered yet. */
  const written = new Map<string, Set<string>>()
  const synced = new Set<string>()
  /** Syncs on their way: by thread, what completes with them. */
  const syncing = new Map<string, string>()
  const unsynced: string[] = []
  let acknowledgements = 0
  let syncs = 0
  let writes = 0
  const complete = (place: string) => {
    syncs++
    for (const key of written.get(place) ?? []) synced.add(key)
    written.delete(place)
  }
  for (const line of lines) {
    const resumed = RESUMED.exec(line)
    if (resumed !== null) {
      const place = syncing.get(resumed[1]!)
      syncing.delete(resumed[1]!)
      if (place !== undefined && line.endsWith(" = 0")) complete(place)
      continue
    }
    const call = CALL.exec(line)
    if (call === null) continue
    const [, thread = "", name, fd, file = ""] = call
    if (name === "write" || name === "pwrite64") {
      const keys = line.match(KEY) ?? []
      if (name === "write" && fd === "1") {
        acknowledgements += keys.length
        for (const key of keys) if (!synced.has(key)) unsynced.push(key)
      } else if (keys.length > 0) {
        writes++
        const place = `${thread} ${file}`
        const waiting = written.get(place) ?? new Set()
        for (const key of keys) waiting.add(key)
        written.set(place, waiting)
      }
    } else if (line.includes("<unfinished ...>")) syncing.set(thread, `${thread} ${file}`)
    else if (line.endsWith(" = 0")) complete(`${thread} ${file}`)
  }
  return { acknowledgements, syncs, writes, unsynced }
}
