// `hawser check` and `hawser reencrypt`: a folder's database, or a backup, at rest.
import { existsSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { checkDatabase } from "#apiserver/storage/check-database.ts"
import type { CheckOptions, ReencryptOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { claim } from "./fleet-state.ts"
import { openStateDatabase, orNext, readEncryptionConfig } from "./state-database.ts"
import { DATABASE_FILE } from "./state-files.ts"

export async function runCheck(terminal: Terminal, options: CheckOptions): Promise<void> {
  const path = resolve(terminal.cwd, options.file ?? options.dir)
  const isFolder = existsSync(path) && statSync(path).isDirectory()
  const file = isFolder ? join(path, DATABASE_FILE) : path
  if (!existsSync(file)) throw new CommandError(`Cannot check ${file}: there is no such file`, { exitCode: EXIT.usage })
  const summary = await orNext(path, () => checkDatabase(file, { full: options.full }))
  if (options.output === "json") terminal.stdout(`${JSON.stringify({ file, ...summary }, null, 2)}\n`)
  const { problems, objects, stores, bytes } = summary
  if (problems.length > 0)
    throw new CommandError(`${file} is damaged: ${problems.join("; ")}`, {
      next: "hawser restore BACKUP --dir NEW-DIR   starts from a backup",
    })
  if (options.output === undefined)
    terminal.stdout(`${file}: sound, ${objects} objects of ${stores} servers, ${bytes} bytes\n`)
}

export async function runReencrypt(terminal: Terminal, options: ReencryptOptions): Promise<void> {
  const dir = resolve(terminal.cwd, options.dir)
  const encryption = await readEncryptionConfig(terminal.cwd, options.encryptionProviderConfig)
  if (!existsSync(join(dir, DATABASE_FILE)))
    throw new CommandError(`Cannot encrypt ${dir}: there is no ${DATABASE_FILE} in it`, { exitCode: EXIT.usage })
  const release = await claim(dir)
  try {
    const engine = await openStateDatabase({ dir, clock: terminal.clock, encryption })
    try {
      const values = await engine.reseal()
      terminal.stdout(
        options.output === "json" ? `${JSON.stringify({ dir, values }, null, 2)}\n` : `${values} values written anew\n`,
      )
    } finally {
      await engine.close()
    }
  } finally {
    await release()
  }
}
