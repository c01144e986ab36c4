// `hawser backup`: one file with everything that a server's folder holds, taken while it runs, or from a folder at rest.
import { existsSync } from "node:fs"
import { open, rename, rm } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { checkDatabase, type DatabaseSummary } from "#apiserver/storage/check-database.ts"
import type { BackupOptions } from "#cli/roots.ts"
import { newProgress, type Progress } from "#cli/progress.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { isStream, readBody, type BodyStream } from "#lib/http.ts"
import { statusErrorOf } from "#kube/response-status.ts"
import { loadKubeconfig, transportOf } from "#kube/kubeconfig.ts"
import { BACKUP_PATH } from "./backup-endpoint.ts"
import { BackupReader } from "./backup-reader.ts"
import { claim, runningPid } from "./fleet-state.ts"
import { openStateDatabase, orNext } from "./state-database.ts"
import { DATABASE_FILE, readStateFiles } from "./state-files.ts"

const PARTIAL = ".partial"

export async function runBackup(terminal: Terminal, options: BackupOptions): Promise<void> {
  const file = resolve(terminal.cwd, options.file)
  const partial = file + PARTIAL
  for (const path of [file, partial]) {
    if (existsSync(path))
      throw new CommandError(`Cannot write ${path}: it is there already`, {
        exitCode: EXIT.usage,
        next: "name another file, or remove it",
      })
  }
  const progress = newProgress(terminal, options.quiet)
  const dir = resolve(terminal.cwd, options.dir)
  const kubeconfig = options.kubeconfig === undefined ? await runningKubeconfig(dir) : options.kubeconfig
  let summary: DatabaseSummary
  try {
    if (kubeconfig === undefined) await copyAtRest(terminal, dir, partial, progress)
    else await fetchBackup(terminal, resolve(terminal.cwd, kubeconfig), partial, progress)
    progress.update("checking")
    summary = await orNext(dir, () => checkDatabase(partial, { full: true }))
    if (summary.problems.length > 0)
      throw new CommandError(`The backup is damaged: ${summary.problems.join("; ")}`, {
        next: `hawser check --dir ${options.dir} --full   once the server is down`,
      })
    await rename(partial, file)
    await syncFolder(dirname(file))
  } finally {
    for (const suffix of ["", "-wal", "-journal"]) await rm(partial + suffix, { force: true })
    progress.clear()
  }
  const { bytes, stores, objects } = summary
  progress.done(`${objects} objects of ${stores} ${stores === 1 ? "server" : "servers"}, ${megabytes(bytes)}`)
  terminal.stdout(
    options.output === "json"
      ? `${JSON.stringify({ file, bytes, stores, objects }, null, 2)}\n`
      : `Backup ${options.file}\n`,
  )
}

/** @returns the administrator's kubeconfig of the server that runs from the folder; undefined when none does */
async function runningKubeconfig(dir: string): Promise<string | undefined> {
  const pid = await runningPid(dir)
  if (pid === undefined) return undefined
  const found = ["hub.kubeconfig", "kubeconfig"].map((name) => join(dir, name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new CommandError(`Cannot back up ${dir}: process ${pid} runs from it and serves no hub`, {
    next: `end it, and try again`,
  })
}

async function fetchBackup(terminal: Terminal, path: string, partial: string, progress: Progress): Promise<void> {
  const transport = transportOf(await loadKubeconfig(path, terminal.readFile), {
    clock: terminal.clock,
    env: terminal.env,
  })
  try {
    const response = await transport({
      method: "GET",
      path: BACKUP_PATH,
      headers: { accept: "application/octet-stream" },
      signal: terminal.interrupted,
    })
    const { status, body } = response
    if (status !== 200) throw statusErrorOf("GET", response, await readBody(body))
    const reader = new BackupReader(partial, (text) => progress.update(text))
    try {
      if (isStream(body)) await follow(body, reader)
      else reader.write(body)
      reader.end()
    } finally {
      reader.close()
    }
  } finally {
    transport.close()
  }
}

function follow(body: BodyStream, reader: BackupReader): Promise<void> {
  return new Promise((done, failed) => {
    const stop = body.start({
      write(chunk) {
        try {
          reader.write(chunk)
        } catch (error) {
          stop()
          failed(error as Error)
        }
        return 0
      },
      end: (error) => (error === undefined ? done() : failed(error)),
    })
  })
}

async function copyAtRest(terminal: Terminal, dir: string, partial: string, progress: Progress): Promise<void> {
  if (!existsSync(join(dir, DATABASE_FILE)))
    throw new CommandError(`Cannot back up ${dir}: there is no ${DATABASE_FILE} in it`, {
      exitCode: EXIT.usage,
      next: "name the folder of a server with --dir, or a server with --kubeconfig",
    })
  const release = await claim(dir)
  try {
    const engine = await openStateDatabase({ dir, clock: terminal.clock })
    try {
      const files = await readStateFiles(dir)
      await engine.backup(partial, files, ({ done, total }) => progress.update(`copying: ${share(done, total)}`))
    } finally {
      await engine.close()
    }
  } finally {
    await release()
  }
}

const share = (done: number, total: number) => `${total === 0 ? 100 : Math.floor((done * 100) / total)} %`
const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`

/** So that the new name, too, is there after a loss of power. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
