// What the commands have in common that run from a folder until they are interrupted.
import { join } from "node:path"
import type { Terminal } from "#cli/terminal.ts"
import type { Runtime } from "#runtime/controller.ts"
import { claim } from "./fleet-state.ts"
import { realRuntime } from "./runtime.ts"

/**
 * Claims the folder, runs `body`, and closes what it opened, the last first, however it ends: a server that is left
 * open would keep the process for ever.
 *
 * @param body  its runtime ends when the command is interrupted, and at the latest with itself
 * @throws CommandError when another process runs from the folder
 */
export async function runFromFolder(
  terminal: Terminal,
  dir: string,
  body: (runtime: Runtime, opened: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  const release = await claim(dir)
  const ending = new AbortController()
  const signal = AbortSignal.any([terminal.interrupted, ending.signal])
  const runtime = realRuntime(signal, { file: join(dir, "hawser.log") })
  const opened = new AsyncDisposableStack()
  opened.defer(release)
  try {
    await body(runtime, opened)
  } finally {
    ending.abort()
    await opened.disposeAsync()
    runtime.log.info("Ended")
  }
}
