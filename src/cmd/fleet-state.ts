// What a fleet's folder remembers between starts, and who runs it now.
import { existsSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { CommandError } from "#cli/terminal.ts"

export type FleetState = { readonly port: number; readonly clusters: number }

const STATE_FILE = "fleet.json"
const PID_FILE = "pid"
/** There while all members are joined; says what `--detach` prints. */
const READY_FILE = "ready"

export async function readState(dir: string): Promise<FleetState | undefined> {
  const path = join(dir, STATE_FILE)
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(await readFile(path, "utf8")) as FleetState
  } catch (error) {
    throw new CommandError(`Cannot read ${path}`, {
      cause: error,
      next: `remove ${path} to start on a new port, or restore it`,
    })
  }
}

export async function writeState(dir: string, state: FleetState): Promise<void> {
  await writeFile(join(dir, STATE_FILE), JSON.stringify(state) + "\n")
}

/** Tells who waits for it that the fleet is up. */
export async function writeReady(dir: string, hubUrl: string): Promise<void> {
  await writeFile(join(dir, READY_FILE), `${hubUrl}\n`)
}

/** @returns the hub's URL, or undefined while the fleet is not up */
export async function readReady(dir: string): Promise<string | undefined> {
  const path = join(dir, READY_FILE)
  const text = existsSync(path) ? (await readFile(path, "utf8")).trim() : ""
  return text === "" ? undefined : text
}

/** Makes the folder this process's own. @throws CommandError when another process runs from it */
export async function claim(dir: string): Promise<() => Promise<void>> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const running = await runningPid(dir)
  if (running !== undefined && running !== process.pid) {
    throw new CommandError(`Cannot start in ${dir}: process ${running} runs from it`, {
      next: `hawser down --dir ${dir}`,
    })
  }
  await rm(join(dir, READY_FILE), { force: true })
  await writeFile(join(dir, PID_FILE), `${process.pid}\n`)
  return async () => {
    await rm(join(dir, READY_FILE), { force: true })
    await rm(join(dir, PID_FILE), { force: true })
  }
}

/** The live process that the folder belongs to. */
export async function runningPid(dir: string): Promise<number | undefined> {
  const path = join(dir, PID_FILE)
  if (!existsSync(path)) return undefined
  const pid = Number((await readFile(path, "utf8")).trim())
  return Number.isInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
