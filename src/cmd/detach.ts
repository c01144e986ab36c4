// `hawser up --detach`: the same command as a process of its own, watched until its fleet is up.
import { spawn, type ChildProcess } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import type { UpOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { sleep } from "#lib/clock.ts"
import { forgetReady, readReady, runningPid } from "./fleet-state.ts"

const POLL_MS = 50
/** What the detached process says while it starts. */
const START_LOG = "up.log"

/**
 * @returns the hub's URL once all members are joined
 * @throws CommandError when the fleet's process ends before that, with the exit code that it ended with
 */
export async function startDetached(terminal: Terminal, options: UpOptions): Promise<string> {
  const dir = resolve(terminal.cwd, options.dir)
  const running = await runningPid(dir)
  if (running !== undefined) {
    throw new CommandError(`Cannot start in ${dir}: process ${running} runs from it`, {
      next: `hawser down --dir ${options.dir}`,
    })
  }
  // A process that was killed left it there.
  await forgetReady(dir)
  const logFile = join(dir, START_LOG)
  const child = spawnAgain(dir, logFile)
  const ended = new Promise<number>((done) => child.on("exit", (code) => done(code ?? EXIT.failed)))
  let exitCode: number | undefined
  void ended.then((code) => (exitCode = code))
  let shown = 0
  const relay = () => {
    const text = readFileSync(logFile, "utf8")
    if (!options.quiet || exitCode !== undefined) terminal.stderr(text.slice(shown))
    shown = text.length
  }
  try {
    for (;;) {
      const url = exitCode === undefined ? await readReady(dir) : undefined
      relay()
      if (url !== undefined) return url
      if (exitCode !== undefined) {
        throw new CommandError(`Cannot start the fleet: its process ended with exit code ${exitCode}`, {
          exitCode: exitCode === EXIT.ok ? EXIT.failed : exitCode,
          next: `look into ${join(dir, "hawser.log")}`,
        })
      }
      await sleep(terminal.clock, POLL_MS, terminal.interrupted)
    }
  } catch (error) {
    if (terminal.interrupted.aborted) child.kill("SIGTERM")
    throw error
  } finally {
    child.unref()
  }
}

/** This command line again without `--detach`, in a session of its own, so that the end of the terminal is not its end. */
function spawnAgain(dir: string, logFile: string): ChildProcess {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const log = openSync(logFile, "w", 0o600)
  const [node, entry, ...args] = process.argv as [string, string, ...string[]]
  const again = args.filter((arg) => arg !== "--detach")
  const child = spawn(node, [...process.execArgv, entry, ...again], {
    detached: true,
    stdio: ["ignore", "ignore", log],
  })
  closeSync(log)
  return child
}
