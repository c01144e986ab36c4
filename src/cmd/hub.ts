// `hawser hub`: the hub's controllers against any Kubernetes that `hawser init` prepared.
import { hostname } from "node:os"
import { resolve } from "node:path"
import type { HubOptions } from "#cli/roots.ts"
import type { Terminal } from "#cli/terminal.ts"
import { HUB_COMPONENTS_NAMESPACE } from "#hub/install/names.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { loadKubeconfig, transportOf } from "#kube/kubeconfig.ts"
import { runLeaderElected } from "#kube/leader-election.ts"
import { newKubeClient } from "#kube/rest.ts"
import { randomText, NAME_ALPHABET } from "#lib/random.ts"
import { startHubControllers } from "./hub-server.ts"
import { untilAborted } from "./interrupted.ts"
import { realRuntime } from "./runtime.ts"
import { keepHeapSmall } from "./small-heap.ts"

export async function runHub(terminal: Terminal, options: HubOptions): Promise<void> {
  keepHeapSmall()
  const runtime = realRuntime(terminal.interrupted, { write: terminal.stderr })
  const { clock, random, log } = runtime
  const kubeconfig = await loadKubeconfig(resolve(terminal.cwd, options.kubeconfig), terminal.readFile, options.context)
  const transport = transportOf(kubeconfig, { clock })
  const client = newKubeClient({ transport, userAgent: "hawser-hub", clock })
  const lead = async (signal: AbortSignal) => {
    const informers = newInformerFactory({ client, clock, random, log })
    startHubControllers({ ...runtime, signal }, { client, informers }, { ...options, autoApproveBootstrap: false })
    informers.start(signal)
    await informers.waitForSync(signal)
    log.info("Hub controllers run", { server: kubeconfig.server })
    await untilAborted(signal)
  }
  try {
    if (!options.leaderElect) return await lead(terminal.interrupted)
    const identity = `${hostname()}_${randomText(random, 5, NAME_ALPHABET)}`
    const lease = { namespace: HUB_COMPONENTS_NAMESPACE, name: "hawser-hub" }
    await runLeaderElected({ client, clock, random, log, ...lease, identity, signal: terminal.interrupted }, lead)
  } finally {
    transport.close()
  }
}
