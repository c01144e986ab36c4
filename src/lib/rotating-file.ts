import { mkdir, open, readdir, rename, rm, type FileHandle } from "node:fs/promises"
import { basename, dirname, extname, join } from "node:path"
import type { Clock } from "./clock.ts"

export type RotatingFileOptions = {
  readonly path: string
  readonly clock: Clock
  /** The file is put aside before it grows beyond this. */
  readonly bytesMax: number
  /** Files that were put aside beyond this are removed, the oldest first. */
  readonly backupsMax: number
  /** Those that are older are removed. 0: no such bound. */
  readonly ageMsMax: number
  /** What may wait for the disk; lines beyond it are dropped. */
  readonly queueBytesMax: number
  /** Told once for each time that the disk refuses lines. */
  readonly onError: (error: unknown) => void
}

/** Lines in a file that never grows without end. Writing never waits. */
export interface RotatingFile {
  /** @returns false when the line was dropped */
  write(line: string): boolean
  /** Lines that were dropped: the disk was too slow, or refused them. */
  readonly dropped: number
  /** Writes what waits, and closes the file. */
  close(): Promise<void>
}

/** Opens the file, or goes on with it. @throws Error when it cannot be written */
export async function openRotatingFile(options: RotatingFileOptions): Promise<RotatingFile> {
  const { path, bytesMax, queueBytesMax, onError } = options
  await mkdir(dirname(path), { recursive: true })
  let file: FileHandle | undefined = await open(path, "a", 0o600)
  let { size } = await file.stat()
  let waiting: string[] = []
  let waitingBytes = 0
  let dropped = 0
  let closed = false
  let writing: Promise<void> | undefined

  const writeLines = async (lines: readonly string[]) => {
    const text = lines.join("")
    const bytes = Buffer.byteLength(text)
    if (size > 0 && size + bytes > bytesMax) {
      await file?.close()
      file = undefined
      await putAside(options)
    }
    if (file === undefined) {
      file = await open(path, "a", 0o600)
      ;({ size } = await file.stat())
    }
    await file.appendFile(text)
    size += bytes
  }

  const drain = async () => {
    // What is written in one turn goes to the disk together.
    await Promise.resolve()
    while (waiting.length > 0) {
      const lines = takeUpTo(waiting, bytesMax)
      waiting = waiting.slice(lines.length)
      try {
        await writeLines(lines)
      } catch (error) {
        dropped += lines.length
        onError(error)
      }
      waitingBytes -= lines.reduce((sum, line) => sum + line.length, 0)
    }
    writing = undefined
  }

  return {
    write(line) {
      if (closed || waitingBytes + line.length > queueBytesMax) {
        dropped++
        return false
      }
      waiting.push(line)
      waitingBytes += line.length
      writing ??= drain()
      return true
    },
    get dropped() {
      return dropped
    },
    async close() {
      closed = true
      await writing
      await file?.close()
    },
  }
}

/** The first lines that together stay below the bound; one at least. */
function takeUpTo(lines: readonly string[], bytesMax: number): readonly string[] {
  let bytes = 0
  const end = lines.findIndex((line, i) => (bytes += Buffer.byteLength(line)) > bytesMax && i > 0)
  return end < 0 ? lines : lines.slice(0, end)
}

/** `audit.log` becomes `audit-2026-01-02T03-04-05.678.log`. */
async function putAside({ path, clock, backupsMax, ageMsMax }: RotatingFileOptions): Promise<void> {
  const nowMs = clock.nowMs()
  const extension = extname(path)
  const stem = `${basename(path, extension)}-`
  const folder = dirname(path)
  const stampOf = (ms: number) => new Date(ms).toISOString().slice(0, 23).replaceAll(":", "-")
  const taken = new Set(await readdir(folder))
  let atMs = nowMs
  // Two in one millisecond have names of their own.
  while (taken.has(stem + stampOf(atMs) + extension)) atMs++
  await rename(path, join(folder, stem + stampOf(atMs) + extension))
  const pattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/
  const backups = (await readdir(folder))
    .filter(
      (name) =>
        name.startsWith(stem) &&
        name.endsWith(extension) &&
        pattern.test(name.slice(stem.length, name.length - extension.length)),
    )
    .sort()
    .reverse()
  const oldest = ageMsMax > 0 ? stem + stampOf(nowMs - ageMsMax) + extension : ""
  const gone = backups.filter((name, i) => i >= backupsMax || name < oldest)
  await Promise.all(gone.map((name) => rm(join(folder, name), { force: true })))
}
