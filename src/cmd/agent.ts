// `hawser agent`: the klusterlet agent of one cluster.
import { hostname } from "node:os"
import { basename, join, resolve } from "node:path"
import { directoryCredentialStore, secretCredentialStore } from "#agent/registration/credential-store.ts"
import type { HubAddress } from "#agent/registration/credentials.ts"
import { startAgentOfHubs } from "#agent/failover.ts"
import type { HubCredentials } from "#agent/registration/credentials.ts"
import type { Agent } from "#agent/start.ts"
import { directoryWorkCache } from "#agent/work/work-cache.ts"
import type { AgentOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { isDns1123Label, isDns1123Subdomain } from "#apimachinery/names.ts"
import { AGENT_NAMESPACE, BOOTSTRAP_SECRET } from "#hub/install/names.ts"
import { newEventRecorder } from "#kube/events.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import { newRestMapper } from "#kube/rest-mapper.ts"
import { newKubeClient } from "#kube/rest.ts"
import type { Runtime } from "#runtime/controller.ts"
import { newMetrics } from "#lib/metrics.ts"
import { openDirectory } from "#lib/directory.ts"
import { connectionsTo } from "./agent-connections.ts"
import { openOwnCluster } from "./own-cluster.ts"
import { startOperationServer } from "./operation-server.ts"
import { realRuntime } from "./runtime.ts"
import { keepHeapSmall } from "./small-heap.ts"

export async function runAgent(terminal: Terminal, options: AgentOptions): Promise<void> {
  const at = (path: string) => resolve(terminal.cwd, path)
  const bootstraps = await Promise.all(
    options.bootstrapKubeconfigs.map(async (file) => ({
      path: at(file),
      kubeconfig: await loadKubeconfig(at(file), terminal.readFile),
    })),
  )
  const servers = bootstraps.map(({ kubeconfig }) => kubeconfig.server)
  const twice = servers.find((server, i) => servers.indexOf(server) !== i)
  if (twice !== undefined) {
    throw new CommandError(`Cannot obey hub ${twice} twice: want another --bootstrap-kubeconfig for each hub`, {
      exitCode: EXIT.usage,
    })
  }
  const path = options.spokeKubeconfig
  const spoke = path === undefined ? {} : { spoke: await loadKubeconfig(at(path), terminal.readFile) }
  await runKlusterlet(terminal, { ...options, ...spoke, bootstraps, dir: at(options.dir) })
}

/** @param dir  the agent's, an absolute path */
export const agentCredentials = (dir: string) => directoryCredentialStore(openDirectory(join(dir, "hub-kubeconfig")))

/** @throws CommandError */
function parseSecret(text: string): { readonly namespace: string; readonly name: string } {
  const [namespace = "", name = "", ...more] = text.split("/")
  if (more.length > 0 || isDns1123Label(namespace).length > 0 || isDns1123Subdomain(name).length > 0) {
    throw new CommandError(`Cannot keep credentials in Secret "${text}": want NAMESPACE/NAME`, {
      exitCode: EXIT.usage,
    })
  }
  return { namespace, name }
}

const hubOf = ({ server, ca, clusterName, proxyUrl }: Kubeconfig): HubAddress => ({
  server,
  clusterEntry: clusterName,
  ...(proxyUrl === undefined ? {} : { proxyUrl }),
  ...(ca === undefined ? {} : { ca }),
})

/** A hub's kubeconfig with a token to introduce the cluster with, and where it was read from: an absolute path. */
export type BootstrapFile = { readonly path: string; readonly kubeconfig: Kubeconfig }

/** The cluster that hosts the agent of another one. */
async function openHosting(terminal: Terminal, runtime: Runtime, path: string | undefined) {
  const { transport } = await openOwnCluster(terminal, runtime, { path, flag: "--hosting-kubeconfig" })
  const client = newKubeClient({ transport, userAgent: "hawser-agent", clock: runtime.clock })
  return { client, close: () => transport.close() }
}

/** Source: OCM, Klusterlet hubConnectionTimeoutSeconds. */
const HUB_TIMEOUT_SECONDS = 600

/** Runs one cluster's agent until the terminal is interrupted. */
export async function runKlusterlet(
  terminal: Terminal,
  options: {
    readonly clusterName: string
    /** The hubs, in the order of preference; at least one. It obeys one of them at a time. */
    readonly bootstraps: readonly BootstrapFile[]
    /** How long a hub may be silent before another one of them is looked for. Default 600. */
    readonly hubTimeoutSeconds?: number
    /** Absent: the cluster that this is a pod of. */
    readonly spoke?: Kubeconfig
    /** An absolute path. */
    readonly dir: string
    /** `NAMESPACE/NAME` of the Secret that holds the credentials for the hub, instead of the folder. */
    readonly hubKubeconfigSecret?: string
    /** That Secret is in the cluster that this is a pod of, and not in the one to manage. */
    readonly hosted?: boolean
    /** It is in this one instead. */
    readonly hostingKubeconfig?: string
    readonly featureGates: Readonly<Record<string, boolean>>
    /** Where health and metrics are served: `HOST:PORT`, `0` or absent for nowhere. */
    readonly metricsBindAddress?: string
  },
): Promise<void> {
  const { dir } = options
  if (options.hosted && (options.spoke === undefined || options.hubKubeconfigSecret === undefined)) {
    throw new CommandError("Cannot run --hosted without --spoke-kubeconfig and --hub-kubeconfig-secret", {
      exitCode: EXIT.usage,
      next: "name the cluster to manage with the first, and where its credentials are kept with the second",
    })
  }
  const secret = options.hubKubeconfigSecret === undefined ? undefined : parseSecret(options.hubKubeconfigSecret)
  keepHeapSmall()
  const runtime = realRuntime(terminal.interrupted, { write: terminal.stderr })
  const { clock, random, metrics = newMetrics() } = runtime
  const log = runtime.log.with({ cluster: options.clusterName })
  const { transport: spokeTransport } =
    options.spoke === undefined
      ? await openOwnCluster(terminal, runtime, { path: undefined, flag: "--spoke-kubeconfig" })
      : { transport: transportOf(options.spoke, { clock, env: terminal.env }) }
  const client = newKubeClient({ transport: spokeTransport, userAgent: "hawser-agent", clock })
  const hosting = options.hosted ? await openHosting(terminal, runtime, options.hostingKubeconfig) : undefined
  const hubs = options.bootstraps.map(({ path, kubeconfig }) => {
    const connections = (by: Kubeconfig) => connectionsTo({ ...runtime, log }, hubOf(by), by.token, terminal.env)
    let latest = connections(kubeconfig)
    const inPod = `Secret ${secret?.namespace ?? AGENT_NAMESPACE}/${BOOTSTRAP_SECRET}, key ${basename(path)}`
    return {
      hub: hubOf(kubeconfig),
      ...(latest.bootstrap === undefined ? {} : { bootstrap: latest.bootstrap }),
      // Another proxy may lead to the hub since.
      connect: (credentials: HubCredentials) => latest.connect(credentials),
      reloadBootstrap: {
        // In a pod the file is a Secret's.
        source: options.spoke === undefined || options.hosted ? inPod : path,
        load: async () => (latest = connections(await loadKubeconfig(path, terminal.readFile))).bootstrap,
      },
    }
  })
  let agent: Agent | undefined = undefined
  let synced = false
  let caches: InformerFactory | undefined
  const operation = await startOperationServer({
    bindAddress: options.metricsBindAddress,
    metrics,
    log,
    readyChecks: [
      { name: "informer-sync", check: () => (synced ? undefined : "caches of the cluster are not filled yet") },
      {
        name: "hub-credentials",
        check: () => (agent?.registered ? undefined : (agent?.obstacle ?? "the hub has issued no certificate yet")),
      },
    ],
  })
  agent = startAgentOfHubs(
    { ...runtime, log, metrics },
    {
      clusterName: options.clusterName,
      hubs,
      hubTimeoutMs: (options.hubTimeoutSeconds ?? HUB_TIMEOUT_SECONDS) * 1000,
      followsHub: true,
      credentialStore:
        secret === undefined
          ? agentCredentials(dir)
          : secretCredentialStore(hosting?.client ?? client, secret.namespace, secret.name),
      openMember: (signal) => {
        const informers = newInformerFactory({ client, clock, random, log, metrics })
        informers.start(signal)
        caches = informers
        return { client, informers, mapper: newRestMapper({ client, clock }) }
      },
      workCache: directoryWorkCache(openDirectory(join(dir, "works"))),
      featureGates: options.featureGates,
      events: (writer) =>
        newEventRecorder({
          client: writer,
          clock,
          random,
          log,
          reportingController: "open-cluster-management.io/hawser-agent",
          reportingInstance: hostname(),
        }),
    },
  )
  agent.work
    .then(() => caches?.waitForSync(runtime.signal))
    .then(
      () => (synced = true),
      () => undefined,
    )
  await agent.done
  await operation.close()
  spokeTransport.close()
  hosting?.close()
}
