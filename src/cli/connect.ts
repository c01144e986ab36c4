import { homedir } from "node:os"
import { join } from "node:path"
import { loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import type { KubeClient } from "#kube/client.ts"
import { newKubeClient } from "#kube/rest.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

export type Connection = {
  readonly client: KubeClient
  readonly kubeconfig: Kubeconfig
  /** The file that it came from. */
  readonly path: string
  readonly close: () => void
}

/** Where `hawser up` puts the administrator's kubeconfig, seen from the folder it was started in. */
const FLEET_KUBECONFIG = join(".hawser", "hub.kubeconfig")

/**
 * The hub that a command speaks to: `--kubeconfig`, else $KUBECONFIG, else the fleet that runs in this folder, else the
 * user's own kubeconfig.
 *
 * @param options.anyCluster  any cluster is meant, not a hub: the fleet of this folder is none
 * @throws CommandError when there is none or it cannot be read
 */
export async function connect(
  terminal: Terminal,
  path: string | undefined,
  options: { readonly context?: string | undefined; readonly anyCluster?: boolean } = {},
): Promise<Connection> {
  const candidates: string[] =
    path !== undefined
      ? [path]
      : [
          terminal.env["KUBECONFIG"],
          options.anyCluster ? undefined : join(terminal.cwd, FLEET_KUBECONFIG),
          join(homedir(), ".kube", "config"),
        ].filter((candidate): candidate is string => candidate !== undefined && candidate !== "")
  for (const candidate of candidates) {
    let text: string
    try {
      text = await terminal.readFile(candidate)
    } catch (error) {
      if (path === undefined) continue
      throw new CommandError(`Cannot read kubeconfig ${path}`, { exitCode: EXIT.usage, cause: error })
    }
    const kubeconfig = await loadKubeconfig(candidate, async () => text, options.context)
    const transport = transportOf(kubeconfig, { clock: terminal.clock, env: terminal.env })
    return {
      client: newKubeClient({ transport, userAgent: "hawser", clock: terminal.clock }),
      kubeconfig,
      path: candidate,
      close: () => transport.close(),
    }
  }
  if (options.anyCluster) {
    throw new CommandError("Cannot find the cluster: no --kubeconfig, and no KUBECONFIG", { exitCode: EXIT.usage })
  }
  throw new CommandError("Cannot find a hub: no --kubeconfig, no KUBECONFIG, and no fleet runs from this folder", {
    exitCode: EXIT.usage,
    next: "hawser up",
  })
}
