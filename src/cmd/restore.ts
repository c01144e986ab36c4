// `hawser restore`: a backup as the folder of a server.
import { existsSync } from "node:fs"
import { constants, copyFile, mkdir, mkdtemp, open, readdir, rename, rm, rmdir } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { checkDatabase } from "#apiserver/storage/check-database.ts"
import { restoreDatabase } from "#apiserver/storage/restore-database.ts"
import { DatabaseError } from "#apiserver/storage/storage-errors.ts"
import { newProgress } from "#cli/progress.ts"
import type { RestoreOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { runningPid } from "./fleet-state.ts"
import { orNext } from "./state-database.ts"
import { DATABASE_FILE, writeStateFiles } from "./state-files.ts"

export async function runRestore(terminal: Terminal, options: RestoreOptions): Promise<void> {
  const backup = resolve(terminal.cwd, options.file)
  const dir = resolve(terminal.cwd, options.dir)
  if (!existsSync(backup))
    throw new CommandError(`Cannot read ${backup}: there is no such file`, { exitCode: EXIT.usage })
  await refuseTaken(dir, options.dir)
  const progress = newProgress(terminal, options.quiet)
  await mkdir(dirname(dir), { recursive: true })
  const building = await mkdtemp(join(dirname(dir), `.${basename(dir)}-restoring-`))
  try {
    const file = join(building, DATABASE_FILE)
    progress.update("copying")
    await copyFile(backup, file, constants.COPYFILE_FICLONE)
    progress.update("checking")
    const { objects, stores, problems } = await ofBackup(backup, dir, () => checkDatabase(file, { full: true }))
    if (problems.length > 0)
      throw new CommandError(`Cannot restore ${backup}: it is damaged (${problems.join("; ")})`, {
        next: "restore an older backup",
      })
    progress.update("restoring")
    await writeStateFiles(building, await ofBackup(backup, dir, () => restoreDatabase(file)))
    await sync(file)
    await sync(building)
    if (existsSync(dir)) await rmdir(dir)
    await rename(building, dir)
    await sync(dirname(dir))
    progress.done(`${objects} objects of ${stores} ${stores === 1 ? "server" : "servers"}`)
    const result = { dir, stores, objects }
    terminal.stdout(options.output === "json" ? `${JSON.stringify(result, null, 2)}\n` : `Restored ${options.dir}\n`)
  } finally {
    await rm(building, { recursive: true, force: true })
    progress.clear()
  }
}

/** Words what is wrong with the copy as what it is: wrong with the backup. */
function ofBackup<T>(backup: string, dir: string, work: () => T): Promise<T> {
  return orNext(dir, () => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      const why = error.cause instanceof DatabaseError ? error.cause.message : error.message
      throw new DatabaseError(error.problem, `Cannot restore ${backup}: ${why}`)
    }
  })
}

async function refuseTaken(dir: string, named: string): Promise<void> {
  if (!existsSync(dir)) return
  const pid = await runningPid(dir)
  if (pid !== undefined)
    throw new CommandError(`Cannot restore into ${dir}: process ${pid} runs from it`, {
      next: `name another folder with --dir, or hawser down --dir ${named} and move the folder away`,
    })
  if ((await readdir(dir)).length > 0)
    throw new CommandError(`Cannot restore into ${dir}: it is not empty`, {
      exitCode: EXIT.usage,
      next: "name another folder with --dir, or move this one away",
    })
}

async function sync(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
