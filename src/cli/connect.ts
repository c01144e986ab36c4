import { homedir } from "node:os"
import { join } from "node:path"
import { loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import type { KubeClient } from "#kube/client.ts"
import { newKubeClient } from "#kube/rest.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

export type Connection = { readonly client: KubeClient; readonly kubeconfig: Kubeconfig; readonly close: () => void }

/** Where `hawser up` puts the administrator's kubeconfig, seen from the folder it was started in. */
const FLEET_KUBECONFIG = join(".hawser", "hub.kubeconfig")

/**
 * The hub that a command speaks to: `--kubeconfig`, else $KUBECONFIG, else the fleet that runs in this folder, else the
 * user's own kubeconfig.
 *
 * @throws CommandError when there is none or it cannot be read
 */
export async function connect(terminal: Terminal, path: string | undefined): Promise<Connection> {
  const candidates: string[] =
    path !== undefined
      ? [path]
      : [terminal.env["KUBECONFIG"], join(terminal.cwd, FLEET_KUBECONFIG), join(homedir(), ".kube", "config")].filter(
          (candidate): candidate is string => candidate !== undefined && candidate !== "",
        )
  for (const candidate of candidates) {
    let text: string
    try {
      text = await terminal.readFile(candidate)
    } catch (error) {
      if (path === undefined) continue
      throw new CommandError(`Cannot read kubeconfig ${path}`, { exitCode: EXIT.usage, cause: error })
    }
    const kubeconfig = await loadKubeconfig(candidate, async () => text)
    const transport = transportOf(kubeconfig, { clock: terminal.clock })
    return {
      client: newKubeClient({ transport, userAgent: "hawser", clock: terminal.clock }),
      kubeconfig,
      close: () => transport.close(),
    }
  }
  throw new CommandError("Cannot find a hub: no --kubeconfig, no KUBECONFIG, and no fleet runs from this folder", {
    exitCode: EXIT.usage,
    next: "hawser up",
  })
}
