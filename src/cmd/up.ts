// `hawser up`: a hub and a fleet of simulated members in one process.
import { createHash } from "node:crypto"
import { rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { newProgress } from "#cli/progress.ts"
import type { UpOptions } from "#cli/roots.ts"
import type { Terminal } from "#cli/terminal.ts"
import { startHubServer } from "#controlplane/embedded-server.ts"
import { applyManifests } from "#hub/install/apply-manifests.ts"
import { ensureBootstrapToken } from "#hub/install/bootstrap-token.ts"
import { hubManifests } from "#hub/install/hub-manifests.ts"
import { openDirectory } from "#lib/directory.ts"
import { sleep } from "#lib/clock.ts"
import type { Runtime } from "#runtime/controller.ts"
import { isSampleAvailable, SAMPLE_NAME, sampleObjects } from "#simulator/sample.ts"
import { readState, writeReady, writeState } from "./fleet-state.ts"
import { runFromFolder } from "./folder-process.ts"
import { hubAdmission } from "./hub-admission.ts"
import { startHubControllers } from "./hub-server.ts"
import { openHost, type Host } from "./host.ts"
import { untilAborted } from "./interrupted.ts"
import { connectionsTo } from "./agent-connections.ts"
import { startDetached } from "./detach.ts"
import { startFleetMembers, stopFleetMember, type FleetMember } from "./members.ts"
import { until, untilJoined } from "./waiting.ts"

const CLUSTERS_DEFAULT = 3
const POLL_MS = 25
/** How long a detached cluster may take to take its works away before it is dropped all the same. */
const DETACH_WITHIN_MS = 30_000

export async function runUp(terminal: Terminal, options: UpOptions): Promise<void> {
  if (options.detach) {
    const url = await startDetached(terminal, options)
    return sayReady(terminal, options, url)
  }
  const dir = resolve(terminal.cwd, options.dir)
  const progress = newProgress(terminal, options.quiet)
  await runFromFolder(terminal, dir, async (runtime, opened) => {
    opened.defer(() => progress.clear())
    const state = await readState(dir)
    const wanted = options.clusters ?? state?.clusters ?? CLUSTERS_DEFAULT
    const host = opened.use(
      await openHost(runtime, {
        dir,
        cwd: terminal.cwd,
        serving: options,
        lastPort: state?.port,
        admission: hubAdmission,
      }),
    )
    const installed = await startHub(runtime, host, state?.installed)
    await openDirectory(dir).write("hub.kubeconfig", host.adminKubeconfig())
    progress.done(`hub at ${host.url}`)
    const token = await ensureBootstrapToken(host.server.client, runtime.random)
    const hub = { server: host.url, ca: host.server.pki.caCertificate, clusterEntry: "hub" }
    const names = Array.from({ length: Math.max(wanted, state?.clusters ?? 0) }, (_, i) => `cluster${i + 1}`)
    // Written first: a start that is cut off leaves no member that nobody knows of.
    await writeState(dir, { port: host.port, clusters: names.length, installed })
    const members = await startFleetMembers(
      runtime,
      names,
      {
        dir: join(dir, "members"),
        nodes: options.nodes,
        engine: host.engine,
        host: { ...host, caCertificate: host.server.pki.caCertificate },
        connections: () => connectionsTo(runtime, hub, token),
      },
      ({ agent }, started) => {
        opened.defer(() => agent.done)
        progress.update(`starting members: ${started} of ${names.length}`)
      },
    )
    const clusters = host.server.informers.informer(MANAGED_CLUSTERS)
    const joined = await untilJoined(terminal, clusters, members, options.timeoutSeconds, (count) =>
      progress.update(`joining: ${count} of ${names.length}`),
    )
    if (joined > 0) progress.done(`${clusterCount(joined)} joined`)
    await detachLast(runtime, terminal, host, members.slice(wanted), join(dir, "members"))
    await writeState(dir, { port: host.port, clusters: wanted, installed })
    const sampled = Math.min(wanted, joined)
    if (options.sample && sampled > 0) {
      await host.server.api.bootstrap(sampleObjects())
      await untilSampleAvailable(terminal, host, sampled, options.timeoutSeconds, (count) =>
        progress.update(`sample: runs on ${count} of ${sampled}`),
      )
      progress.done(`sample application "${SAMPLE_NAME}" runs on ${clusterCount(sampled)}`)
    }
    await writeReady(dir, host.url)
    sayReady(terminal, options, host.url)
    await untilAborted(terminal.interrupted)
    progress.update("ending")
  })
}

const clusterCount = (count: number) => `${count} ${count === 1 ? "cluster" : "clusters"}`

/**
 * The hub alone: controllers of its own, OCM's kinds, the hub's controllers.
 *
 * @param before  what was installed at the last start
 * @returns what is installed now
 */
async function startHub(runtime: Runtime, host: Host, before: string | undefined): Promise<string> {
  const { server } = host
  const manifests = hubManifests({
    endpoint: { server: host.url, ca: server.pki.caCertificate },
    clusterInfo: { server: host.url, ca: server.pki.caCertificate },
    isAdmissionBuiltIn: true,
  })
  await server.api.bootstrap(manifests as UnknownObject[])
  startHubServer(runtime, server)
  // What a former version of Hawser, or another address, left behind is brought up to date.
  const installed = createHash("sha256").update(JSON.stringify(manifests)).digest("hex")
  if (before !== undefined && before !== installed) {
    await applyManifests(server.client, manifests, { clock: runtime.clock, signal: runtime.signal })
  }
  startHubControllers(runtime, server, { featureGates: {}, autoApproveUsers: [], autoApproveBootstrap: true })
  return installed
}

async function untilSampleAvailable(
  terminal: Terminal,
  host: Host,
  wanted: number,
  timeoutSeconds: number,
  onCount: (count: number) => void,
): Promise<void> {
  const works = host.server.informers.informer(MANIFEST_WORKS)
  await until(terminal, timeoutSeconds, "the sample application to be available", () => {
    const available = works.list().filter(isSampleAvailable).length
    onCount(available)
    return available >= wanted
  })
}

/** Fewer clusters than there were: the last ones leave the fleet and are forgotten. */
async function detachLast(
  runtime: Runtime,
  terminal: Terminal,
  host: Host,
  leaving: readonly FleetMember[],
  dir: string,
): Promise<void> {
  const clusters = host.server.informers.informer(MANAGED_CLUSTERS)
  await Promise.all(
    leaving.map(async ({ name }) => {
      try {
        await host.server.client.delete(MANAGED_CLUSTERS, { name })
      } catch (error) {
        if (!hasReason(error, "NotFound")) throw error
      }
    }),
  )
  const deadlineMs = runtime.clock.nowMs() + DETACH_WITHIN_MS
  while (leaving.some(({ name }) => clusters.get(name) !== undefined) && runtime.clock.nowMs() < deadlineMs) {
    await sleep(runtime.clock, POLL_MS, terminal.interrupted)
  }
  for (const gone of leaving) {
    await stopFleetMember(gone)
    host.unmount(`/clusters/${gone.name}`)
    await host.engine.drop(gone.name)
    await openDirectory(dir).remove(`${gone.name}.kubeconfig`)
    // Its cache of works too: who comes back under the name must not find another life's works.
    await rm(join(dir, gone.name), { recursive: true, force: true })
  }
}

function sayReady(terminal: Terminal, options: UpOptions, url: string): void {
  const kubeconfig = join(options.dir, "hub.kubeconfig")
  terminal.stdout(`
Hub        ${url}
Kubeconfig ${kubeconfig}   (members: ${join(options.dir, "members", "clusterN.kubeconfig")})

Try:
  export KUBECONFIG=${kubeconfig}
  kubectl get managedclusters
  kubectl --kubeconfig ${join(options.dir, "members", "cluster1.kubeconfig")} get pods -A
${options.detach ? `\nhawser down --dir ${options.dir} ends the fleet; its state stays.\n` : "\nCtrl-C ends the fleet; its state stays.\n"}`)
}
