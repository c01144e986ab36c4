// The database of a server's folder: opened, and its failures worded with the command that comes next.
import { readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { parseEncryptionConfig, type SealRule } from "#apiserver/storage/encryption/encryption-config.ts"
import { openSqliteEngine, type FileEngine } from "#apiserver/storage/sqlite-engine.ts"
import { DatabaseError, type DatabaseProblem } from "#apiserver/storage/storage-errors.ts"
import { CommandError, EXIT } from "#cli/terminal.ts"
import type { Clock } from "#lib/clock.ts"
import { describeError } from "#lib/log.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { storageWorkerUrl } from "./bundle.ts"
import { DATABASE_FILE } from "./state-files.ts"

export type StateDatabaseOptions = {
  readonly dir: string
  readonly clock: Clock
  readonly encryption?: readonly SealRule[]
}

/** @throws CommandError that names the next command */
export async function openStateDatabase({ dir, clock, encryption = [] }: StateDatabaseOptions): Promise<FileEngine> {
  const engine = await orNext(dir, () =>
    openSqliteEngine({
      file: join(dir, DATABASE_FILE),
      clock,
      encryption,
      ...(storageWorkerUrl === undefined ? {} : { workerUrl: storageWorkerUrl }),
    }),
  )
  return {
    store: (name, options) => orNext(dir, () => engine.store(name, options)),
    drop: (name) => engine.drop(name),
    backup: (target, files, onProgress) => engine.backup(target, files, onProgress),
    reseal: () => orNext(dir, () => engine.reseal()),
    close: () => engine.close(),
  }
}

const NEXT: Record<DatabaseProblem, (dir: string) => string> = {
  damaged: (dir) =>
    `hawser check --dir ${dir} --full   says more; hawser restore BACKUP --dir NEW-DIR   starts from a backup`,
  newer: () => "start it with the version of Hawser that wrote it, or restore a backup of this version",
  foreign: () => "name another folder with --dir",
  "in use": (dir) => `hawser down --dir ${dir}, or end the process that uses it`,
  "no key": () => "name a configuration with that key: --encryption-provider-config FILE",
  "no space": () => "make room on its disk and try again",
  failing: () => "look after its disk: the system's log may say more",
}

/** Runs what may find the database unusable. @throws CommandError instead of DatabaseError */
export async function orNext<T>(dir: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw new CommandError(error.message, { next: NEXT[error.problem](dir) })
  }
}

/** Reads the file of `--encryption-provider-config`. @throws CommandError naming the field that is wrong */
export async function readEncryptionConfig(cwd: string, path: string | undefined): Promise<readonly SealRule[]> {
  if (path === undefined) return []
  try {
    const documents = parseYamlDocuments(await readFile(resolve(cwd, path), "utf8"))
    if (documents.length !== 1) throw new Error(`want one document, found ${documents.length}`)
    return parseEncryptionConfig(documents[0])
  } catch (error) {
    throw new CommandError(`Cannot use encryption configuration ${path}: ${describeError(error)}`, {
      exitCode: EXIT.usage,
    })
  }
}
