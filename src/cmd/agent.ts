// `hawser agent`: the klusterlet agent of one cluster.
import { join, resolve } from "node:path"
import { directoryCredentialStore } from "#agent/registration/credential-store.ts"
import { startAgent } from "#agent/start.ts"
import { directoryWorkCache } from "#agent/work/work-cache.ts"
import type { AgentOptions } from "#cli/roots.ts"
import type { Terminal } from "#cli/terminal.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import { newRestMapper } from "#kube/rest-mapper.ts"
import { newKubeClient } from "#kube/rest.ts"
import { openDirectory } from "#lib/directory.ts"
import { connectionsTo } from "./agent-connections.ts"
import { realRuntime } from "./runtime.ts"
import { keepHeapSmall } from "./small-heap.ts"

export async function runAgent(terminal: Terminal, options: AgentOptions): Promise<void> {
  const at = (path: string) => resolve(terminal.cwd, path)
  const bootstrap = await loadKubeconfig(at(options.bootstrapKubeconfig), terminal.readFile)
  const spoke = await loadKubeconfig(at(options.spokeKubeconfig), terminal.readFile)
  await runKlusterlet(terminal, { ...options, bootstrap, spoke, dir: at(options.dir) })
}

/** @param dir  the agent's, an absolute path */
export const agentCredentials = (dir: string) => directoryCredentialStore(openDirectory(join(dir, "hub-kubeconfig")))

/** Runs one cluster's agent until the terminal is interrupted. */
export async function runKlusterlet(
  terminal: Terminal,
  options: {
    readonly clusterName: string
    /** The hub, with a token to introduce the cluster with. */
    readonly bootstrap: Kubeconfig
    readonly spoke: Kubeconfig
    /** An absolute path. */
    readonly dir: string
    readonly featureGates: Readonly<Record<string, boolean>>
  },
): Promise<void> {
  const { bootstrap, dir } = options
  keepHeapSmall()
  const runtime = realRuntime(terminal.interrupted, { write: terminal.stderr })
  const { clock, random, log } = runtime
  const spokeTransport = transportOf(options.spoke, { clock })
  const client = newKubeClient({ transport: spokeTransport, userAgent: "hawser-agent", clock })
  const hub = {
    server: bootstrap.server,
    clusterEntry: bootstrap.clusterName,
    ...(bootstrap.ca === undefined ? {} : { ca: bootstrap.ca }),
  }
  const informers = newInformerFactory({ client, clock, random, log })
  informers.start(runtime.signal)
  const agent = startAgent(runtime, {
    clusterName: options.clusterName,
    ...connectionsTo(runtime, hub, bootstrap.token),
    credentialStore: agentCredentials(dir),
    member: { client, informers, mapper: newRestMapper({ client, clock }) },
    workCache: directoryWorkCache(openDirectory(join(dir, "works"))),
    featureGates: options.featureGates,
  })
  await agent.done
  spokeTransport.close()
}
