// `hawser down`: ends a fleet that runs from a folder.
import { resolve } from "node:path"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { sleep } from "#lib/clock.ts"
import { lifeOf, runningPid } from "./fleet-state.ts"

const ENDS_WITHIN_MS = 30_000
const POLL_MS = 50

export async function runDown(terminal: Terminal, options: { readonly dir: string }): Promise<void> {
  const dir = resolve(terminal.cwd, options.dir)
  const pid = await runningPid(dir)
  if (pid === undefined) {
    terminal.stdout(`No fleet runs from ${options.dir}\n`)
    return
  }
  const life = lifeOf(pid)
  process.kill(pid, "SIGTERM")
  const deadlineMs = terminal.clock.nowMs() + ENDS_WITHIN_MS
  while (lifeOf(pid) !== undefined && lifeOf(pid) === life) {
    if (terminal.clock.nowMs() > deadlineMs) {
      throw new CommandError(`Cannot end the fleet: process ${pid} still runs after ${ENDS_WITHIN_MS / 1000} s`, {
        exitCode: EXIT.timeout,
        next: `kill -9 ${pid}   (what was acknowledged is on disk)`,
      })
    }
    await sleep(terminal.clock, POLL_MS, terminal.interrupted)
  }
  terminal.stdout("Fleet ended; its state stays\n")
}
