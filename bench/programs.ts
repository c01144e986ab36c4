// Programs under measurement: processes of the release bundle, and API servers of either kind.
import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { realClock, sleep } from "#lib/clock.ts"
import { buildKubernetes } from "../test/kubernetes/build.ts"
import { startKubernetes } from "../test/kubernetes/cluster.ts"
import { nowMs } from "./measure.ts"

const ROOT = join(import.meta.dirname, "..")

export type Program = { readonly pid: number; readonly stop: () => Promise<void>; readonly isRunning: () => boolean }
export type Server = {
  readonly kubeconfig: string
  readonly readyMs: number
  /** Of the server and its store; none where they cannot be told. */
  readonly pids: readonly number[]
  readonly stop: () => Promise<void>
}

const running = new Set<() => Promise<void>>()

/** Ends what was started and has not been stopped: a bench that failed leaves nothing behind. */
export async function stopAll(): Promise<void> {
  for (const stop of [...running].toReversed()) await stop()
}

function stopping(stop: () => Promise<void>): () => Promise<void> {
  const once = async () => {
    running.delete(once)
    await stop()
  }
  running.add(once)
  return once
}

/** The bundle's entry; built when there is none. */
export function bundleEntry(folder: string): string {
  if (!existsSync(join(folder, "hawser.mjs")) || !existsSync(join(folder, "bin/hawser"))) {
    const built = spawnSync(process.execPath, [join(ROOT, "tools/bundle.ts"), folder], { stdio: "inherit" })
    if (built.status !== 0) throw new Error(`Cannot build the bundle in ${folder}`)
  }
  return join(folder, "hawser.mjs")
}

/** Starts a command of the bundle; what it says goes to `DIR/NAME.log`. */
export function startProgram(entry: string, dir: string, name: string, args: readonly string[]): Program {
  mkdirSync(dir, { recursive: true })
  const log = openSync(join(dir, `${name}.log`), "a")
  const child = spawn(process.execPath, [entry, ...args], { stdio: ["ignore", log, log], cwd: dir })
  closeSync(log)
  return { pid: child.pid!, stop: stopping(() => end(child)), isRunning: () => child.exitCode === null }
}

/** Runs a command of the bundle to its end. @throws with what it said when it fails */
export function runProgram(entry: string, dir: string, args: readonly string[]): string {
  const run = spawnSync(process.execPath, [entry, ...args], { cwd: dir, encoding: "utf8" })
  if (run.status !== 0) throw new Error(`Cannot run hawser ${args.join(" ")}: ${run.stderr}`)
  return run.stdout
}

export async function startEmbedded(entry: string, dir: string, name: string): Promise<Server> {
  const started = nowMs()
  const state = join(dir, name)
  const program = startProgram(entry, dir, name, ["apiserver", "--dir", state])
  const kubeconfig = join(state, "kubeconfig")
  while (!existsSync(kubeconfig)) {
    if (!program.isRunning()) throw new Error(`Cannot start the server: see ${join(dir, `${name}.log`)}`)
    await sleep(realClock, 2)
  }
  return { kubeconfig, readyMs: nowMs() - started, pids: [program.pid], stop: program.stop }
}

export async function startReal(dir: string, name: string): Promise<Server> {
  const binaries = buildKubernetes((line) => process.stderr.write(`${line}\n`))
  const started = nowMs()
  const { kubeconfig, stop } = await startKubernetes(name, join(dir, name), binaries)
  const readyMs = nowMs() - started
  return {
    kubeconfig,
    readyMs,
    pids: childrenThatRun([binaries.apiserver, binaries.etcd], join(dir, name)),
    stop: stopping(stop),
  }
}

/** Our children that run one of the programs on `dir`, as far as /proc tells. */
function childrenThatRun(programs: readonly string[], dir: string): number[] {
  try {
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim().split(" ")
    return children.map(Number).filter((pid) => {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8")
      return command.includes(`${dir}/`) && programs.includes(command.split("\0")[0] ?? "")
    })
  } catch {
    return []
  }
}

/** Resident megabytes of some processes together, undefined where /proc does not tell. */
export function residentMegabytes(pids: readonly number[]): number | undefined {
  try {
    const kilobytes = pids.map((pid) =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]),
    )
    const sum = kilobytes.reduce((a, b) => a + b, 0) / 1024
    return sum > 0 ? sum : undefined
  } catch {
    return undefined
  }
}

export function writeKubeconfig(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill("SIGTERM")
  await once(child, "exit")
}
