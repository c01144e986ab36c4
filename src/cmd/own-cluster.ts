// The cluster that a process works in: of a kubeconfig, or the one that it is a pod of.
import { resolve } from "node:path"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import type { ClosableTransport } from "#kube/http2-transport.ts"
import { inCluster } from "#kube/in-cluster.ts"
import { loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import type { Runtime } from "#runtime/controller.ts"

export type OwnCluster = { readonly kubeconfig: Kubeconfig; readonly transport: ClosableTransport }

/**
 * @param options.flag  how the command line names the kubeconfig
 * @throws CommandError when none is named and this is no pod
 */
export async function openOwnCluster(
  terminal: Terminal,
  { clock, log, signal }: Runtime,
  options: { readonly path: string | undefined; readonly context?: string | undefined; readonly flag: string },
): Promise<OwnCluster> {
  if (options.path !== undefined) {
    const path = resolve(terminal.cwd, options.path)
    const kubeconfig = await loadKubeconfig(path, terminal.readFile, options.context)
    return { kubeconfig, transport: transportOf(kubeconfig, { clock, env: terminal.env }) }
  }
  const { env, readFile } = terminal
  const own = await inCluster({ env, readFile, clock, log, signal }).catch((cause: unknown) => {
    throw new CommandError("Cannot find the cluster to work in", {
      exitCode: EXIT.usage,
      cause,
      next: `name its kubeconfig with ${options.flag}`,
    })
  })
  return {
    kubeconfig: own.kubeconfig,
    transport: transportOf(own.kubeconfig, { clock, env, credentials: own.credentials }),
  }
}
