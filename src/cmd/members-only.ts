// `hawser members`: simulated members in a process of their own, against any hub.
import { join, resolve } from "node:path"
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import type { Handler } from "#apiserver/request.ts"
import { acceptCluster } from "#cli/accept.ts"
import { newProgress } from "#cli/progress.ts"
import type { MembersOptions } from "#cli/roots.ts"
import type { Terminal } from "#cli/terminal.ts"
import { requestJoinToken } from "#hub/install/bootstrap-token.ts"
import type { KubeClient } from "#kube/client.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { loadKubeconfig, transportOf } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { openDirectory } from "#lib/directory.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { readState, writeReady, writeState } from "./fleet-state.ts"
import { runFromFolder } from "./folder-process.ts"
import { ensurePki, listen } from "./host.ts"
import { untilAborted } from "./interrupted.ts"
import { startFleetMembers } from "./members.ts"
import { sharedConnections } from "./shared-connections.ts"
import { openStateDatabase } from "./state-database.ts"
import { untilJoined } from "./waiting.ts"

export async function runMembers(terminal: Terminal, options: MembersOptions): Promise<void> {
  const dir = resolve(terminal.cwd, options.dir)
  const kubeconfig = await loadKubeconfig(resolve(terminal.cwd, options.hubKubeconfig), terminal.readFile)
  const progress = newProgress(terminal, options.quiet)
  await runFromFolder(terminal, dir, async (runtime, opened) => {
    opened.defer(() => progress.clear())
    const { clock, random, log } = runtime
    const admin = transportOf(kubeconfig, { clock })
    opened.defer(() => admin.close())
    const client = newKubeClient({ transport: admin, userAgent: "hawser-members", clock })
    const { token } = await requestJoinToken(client, random)
    const { server, ca } = kubeconfig
    const hub = { server, clusterEntry: "hub", ...(ca === undefined ? {} : { ca }) }
    const shared = sharedConnections(runtime, hub, { admin, token })
    opened.defer(() => shared.close())
    const informers = newInformerFactory({ client, clock, random, log })
    const names = Array.from({ length: options.clusters }, (_, i) => `cluster${i + 1}`)
    const clusters = informers.informer(MANAGED_CLUSTERS)
    if (options.accept) acceptMembers(runtime, { client, informers }, new Set(names))
    informers.start(runtime.signal)
    const host = opened.use(await openMembersHost(runtime, dir, options))
    const members = await startFleetMembers(
      runtime,
      names,
      { dir: join(dir, "members"), nodes: options.nodes, engine: host.engine, host, connections: shared.connections },
      ({ agent }, started) => {
        opened.defer(() => agent.done)
        progress.update(`starting members: ${started} of ${names.length}`)
      },
    )
    await writeState(dir, { port: host.port, clusters: names.length })
    progress.done(`${names.length} members run`)
    const joined = await untilJoined(terminal, clusters, members, options.timeoutSeconds, (count) =>
      progress.update(`joining ${server}: ${count} of ${names.length}`),
    )
    progress.done(`${joined} clusters joined ${server}`)
    await writeReady(dir, server)
    terminal.stdout(
      `Kubeconfigs ${join(options.dir, "members", "clusterN.kubeconfig")}\nCtrl-C ends the members; their state stays.\n`,
    )
    await untilAborted(terminal.interrupted)
    progress.update("ending")
  })
}

/** Where members listen when there is no hub beside them. */
async function openMembersHost(runtime: Runtime, dir: string, serving: MembersOptions) {
  const pki = await ensurePki(openDirectory(dir), runtime, [serving.bindAddress])
  await using opening = new AsyncDisposableStack()
  const engine = opening.adopt(await openStateDatabase({ dir, clock: runtime.clock }), (opened) => opened.close())
  const mounted = new Map<string, Handler>()
  const lastPort = (await readState(dir))?.port
  const listener = opening.adopt(await listen(runtime, { serving, lastPort, pki, mounted }), (opened) => opened.close())
  const opened = opening.move()
  const host = serving.bindAddress.includes(":") ? `[${serving.bindAddress}]` : serving.bindAddress
  return {
    engine,
    port: listener.port,
    url: `https://${host}:${listener.port}`,
    caCertificate: pki.caCertificate,
    mount: (prefix: string, handler: Handler) => void mounted.set(prefix, handler),
    unmount: (prefix: string) => void mounted.delete(prefix),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

// Accept: lets this process's own members in, with the hub's kubeconfig.
//
// Reads:    CertificateSigningRequest, ManagedCluster (hub).   Wakes on: those of our members that are not let in yet.
// Writes:   CertificateSigningRequest approval, ManagedCluster (hubAcceptsClient).
function acceptMembers(
  runtime: Runtime,
  hub: { readonly client: KubeClient; readonly informers: InformerFactory },
  names: ReadonlySet<string>,
): void {
  const ours = (name: string | undefined) => (name !== undefined && names.has(name) ? [name] : [])
  startController(runtime, {
    name: "accept-members",
    workers: 16,
    sources: [
      {
        informer: hub.informers.informer(CERTIFICATE_SIGNING_REQUESTS),
        keysOf: ({ object, kind }) => {
          const waits = kind !== "deleted" && (object.status?.conditions ?? []).length === 0
          return waits ? ours(object.metadata.labels?.[CLUSTER_NAME_LABEL]) : []
        },
      },
      {
        informer: hub.informers.informer(MANAGED_CLUSTERS),
        keysOf: ({ object, kind }) =>
          kind === "deleted" || object.spec.hubAcceptsClient ? [] : ours(object.metadata.name),
      },
    ],
    reconcile: async (name) => {
      const say = (line: string) => runtime.log.debug(line)
      await acceptCluster(hub.client, name, { nowMs: runtime.clock.nowMs(), skipApproveCheck: false, say })
    },
  })
}
