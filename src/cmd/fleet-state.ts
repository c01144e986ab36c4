// What a fleet's folder remembers between starts, and who runs it now.
import { existsSync, readFileSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { CommandError } from "#cli/terminal.ts"

export type FleetState = {
  readonly port: number
  readonly clusters: number
  /** Digest of the hub's installation. */
  readonly installed?: string
}

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

export async function forgetReady(dir: string): Promise<void> {
  await rm(join(dir, READY_FILE), { force: true })
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
  await forgetReady(dir)
  await writeFile(join(dir, PID_FILE), `${process.pid} ${lifeOf(process.pid) ?? ""}\n`)
  return async () => {
    await forgetReady(dir)
    await rm(join(dir, PID_FILE), { force: true })
  }
}

/** The live process that the folder belongs to. */
export async function runningPid(dir: string): Promise<number | undefined> {
  const path = join(dir, PID_FILE)
  if (!existsSync(path)) return undefined
  const [pid, startedAt] = (await readFile(path, "utf8")).trim().split(" ")
  const found = lifeOf(Number(pid))
  return found !== undefined && found === (startedAt ?? "") ? Number(pid) : undefined
}

/**
 * What tells one process from a later one of the same number: the start time as Linux counts it, nothing elsewhere.
 *
 * @returns undefined when no such process lives; one that ended and waits for its parent does not
 */
export function lifeOf(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
      // The name in parentheses may hold anything; the state follows it, the start time is the 20th after that.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      return fields[0] === "Z" || fields[0] === "X" ? undefined : (fields[19] ?? "")
    } catch {
      return undefined
    }
  }
  try {
    process.kill(pid, 0)
    return ""
  } catch {
    return undefined
  }
}
