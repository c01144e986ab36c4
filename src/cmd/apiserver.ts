// `hawser apiserver`: the embedded API server with its own controllers, and nothing of a fleet.
import { join, resolve } from "node:path"
import type { ApiserverOptions } from "#cli/roots.ts"
import { newProgress } from "#cli/progress.ts"
import type { Terminal } from "#cli/terminal.ts"
import { startHubServer } from "#controlplane/embedded-server.ts"
import { openDirectory } from "#lib/directory.ts"
import { readState, writeState } from "./fleet-state.ts"
import { runFromFolder } from "./folder-process.ts"
import { openHost } from "./host.ts"
import { untilAborted } from "./interrupted.ts"

export async function runApiserver(terminal: Terminal, options: ApiserverOptions): Promise<void> {
  const dir = resolve(terminal.cwd, options.dir)
  await runFromFolder(terminal, dir, async (runtime, opened) => {
    const state = await readState(dir)
    const host = opened.use(
      await openHost(runtime, { dir, cwd: terminal.cwd, serving: options, lastPort: state?.port }),
    )
    startHubServer(runtime, host.server)
    await openDirectory(dir).write("kubeconfig", host.adminKubeconfig())
    await writeState(dir, { port: host.port, clusters: 0 })
    newProgress(terminal, options.quiet).done(`API server at ${host.url}`)
    terminal.stdout(`Kubeconfig ${join(options.dir, "kubeconfig")}\n`)
    await untilAborted(terminal.interrupted)
  })
}
