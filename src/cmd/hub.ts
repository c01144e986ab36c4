// `hawser hub`: the hub's controllers against any Kubernetes that `hawser init` prepared.
import { hostname } from "node:os"
import type { HubOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { CLUSTER_PROFILES } from "#api/cluster/profile.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { HUB_COMPONENTS_NAMESPACE } from "#hub/install/names.ts"
import { newEventRecorder } from "#kube/events.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { newKubeClient } from "#kube/rest.ts"
import { newMetrics } from "#lib/metrics.ts"
import { randomText, NAME_ALPHABET } from "#lib/random.ts"
import { runManager } from "#runtime/manager.ts"
import { startHubControllers } from "./hub-server.ts"
import { openOwnCluster } from "./own-cluster.ts"
import { startOperationServer } from "./operation-server.ts"
import { realRuntime } from "./runtime.ts"
import { keepHeapSmall } from "./small-heap.ts"

/** Of the Lease by which replicas agree who leads. */
const LEASE = "hawser-hub"

/** Without its kind no cache would ever be filled. @throws CommandError */
async function requireProfiles(client: KubeClient, close: () => void): Promise<void> {
  try {
    await client.list(CLUSTER_PROFILES, { limit: 1 })
  } catch (cause) {
    close()
    if (!hasReason(cause, "NotFound", "Forbidden")) throw cause
    throw new CommandError("Cannot use the gate ClusterProfile: this hub was not installed with it", {
      exitCode: EXIT.failed,
      cause,
      next: "run `hawser init --feature-gates ClusterProfile=true`",
    })
  }
}

export async function runHub(terminal: Terminal, options: HubOptions): Promise<void> {
  keepHeapSmall()
  const runtime = realRuntime(terminal.interrupted, { write: terminal.stderr })
  const { clock, random, log, metrics = newMetrics() } = runtime
  const { kubeconfig, transport } = await openOwnCluster(terminal, runtime, {
    path: options.kubeconfig,
    context: options.context,
    flag: "--kubeconfig",
  })
  const client = newKubeClient({ transport, userAgent: "hawser-hub", clock })
  if (options.featureGates["ClusterProfile"]) await requireProfiles(client, () => transport.close())
  const identity = `${hostname()}_${randomText(random, 5, NAME_ALPHABET)}`
  const events = newEventRecorder({
    client,
    clock,
    random,
    log,
    reportingController: "open-cluster-management.io/hawser-hub",
    reportingInstance: identity,
  })
  const informers = newInformerFactory({ client, clock, random, log, metrics })
  let synced = false
  const operation = await startOperationServer({
    bindAddress: options.metricsBindAddress,
    metrics,
    log,
    readyChecks: [{ name: "informer-sync", check: () => (synced ? undefined : "caches are not filled yet") }],
  })
  try {
    await runManager({
      runtime: { ...runtime, metrics },
      start(started) {
        startHubControllers(started, { client, informers, events }, { ...options, autoApproveBootstrap: false })
        informers.start(started.signal)
        informers.waitForSync(started.signal).then(
          () => {
            synced = true
            log.info("Hub controllers have filled their caches", { server: kubeconfig.server })
          },
          () => undefined,
        )
      },
      ...(options.leaderElect
        ? { leaderElection: { client, namespace: HUB_COMPONENTS_NAMESPACE, name: LEASE, identity } }
        : {}),
    })
  } finally {
    await operation.close()
    transport.close()
  }
}
