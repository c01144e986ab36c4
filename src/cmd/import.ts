// `hawser import`: a cluster is brought in from the hub's side, by an administrator who has kubeconfigs of both.
import { connect, type Connection } from "#cli/connect.ts"
import { acceptCluster } from "#cli/accept.ts"
import { newProgress } from "#cli/progress.ts"
import type { ImportOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { AVAILABLE, HUB_ACCEPTED, JOINED } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { isDns1123Label } from "#apimachinery/names.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { createBoundToken } from "#hub/install/bound-token.ts"
import type { HubCredentials } from "#agent/registration/credentials.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { ConnectionError } from "#lib/http.ts"
import { sleep } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { requirePolicy } from "./bound-token.ts"
import { agentCredentialsIn, deployAgent, deploymentOf } from "./deploy-agent.ts"
import { hubAddress, type HubAt } from "./hub-address.ts"

const POLL_MS = 500
/** A token waits at least so long to be used: pods are slow to start where images are large. */
const TOKEN_SECONDS_MIN = 15 * 60

/** Again, it goes on where it was, or is an upgrade. Nothing is changed before the member has answered. */
export async function runImport(terminal: Terminal, options: ImportOptions): Promise<void> {
  const { clusterName, quiet } = options
  const wrong = isDns1123Label(clusterName)
  if (wrong.length > 0) {
    throw new CommandError(`Cannot import as "${clusterName}": ${wrong.join("; ")}`, { exitCode: EXIT.usage })
  }
  await using open = new AsyncDisposableStack()
  const opened = async (path: string | undefined, more: Parameters<typeof connect>[2]) =>
    open.adopt(await connect(terminal, path, more), ({ close }) => close())
  const hub = await opened(options.kubeconfig, options)
  const member = await opened(options.managedClusterKubeconfig, { anyCluster: true })
  // Hosted, the agent runs on the hub's cluster, unless another one is named.
  const isHosted = options.mode === "hosted" || options.mode === "singletonhosted"
  const hosting = isHosted ? await opened(options.hostingKubeconfig ?? hub.path, { anyCluster: true }) : undefined
  await requirePolicy(hub)
  await requireAnswer(member)
  const address = await hubAddress(hub.client, hub.kubeconfig, options)
  const stored = await agentCredentialsIn(hosting ?? member, clusterName, isHosted).load()
  requireOurs(stored, clusterName, address, options.force)
  const deployment = deploymentOf(clusterName, isHosted)
  if (options.dryRun) {
    const place = isHosted ? `${hosting!.kubeconfig.server}, hosted` : member.kubeconfig.server
    return terminal.stdout(`cluster ${clusterName} would be accepted on ${hub.kubeconfig.server}
its agent would run as Deployment ${deployment.namespace}/${deployment.name} on ${place}, and reach the hub at ${address.server}
`)
  }
  await announce(hub, clusterName, options.labels)
  const seconds = Math.max(TOKEN_SECONDS_MIN, options.timeoutSeconds)
  const nowMs = terminal.clock.nowMs()
  const { token } = await createBoundToken(hub.client, realRandom, { cluster: clusterName, seconds, nowMs })
  const bootstrap = kubeconfigText({ ...address, token, name: "hub" })
  const { image, featureGates } = options
  await deployAgent(terminal, { clusterName, image, bootstrap, featureGates, quiet }, member, hosting)
  if (!options.wait) return terminal.stdout(`cluster ${clusterName} accepted; its agent starts\n`)
  await untilAvailable(terminal, hub, options, hosting ?? member, deployment)
  terminal.stdout(`cluster ${clusterName} joined and available\n`)
}

/** @throws CommandError when the member cannot be reached or does not let the administrator in */
async function requireAnswer({ client, kubeconfig, path }: Connection): Promise<void> {
  try {
    // Whoever may not read this has no business installing anything.
    await client.raw("GET", "/version")
  } catch (cause) {
    const isAway = cause instanceof ConnectionError
    throw new CommandError(
      `Cannot import the cluster at ${kubeconfig.server}: it ${isAway ? "does not answer" : "refuses"}`,
      {
        exitCode: isAway ? EXIT.unreachable : EXIT.refused,
        cause,
        next: `kubectl --kubeconfig ${path} version`,
      },
    )
  }
}

/** A cluster that obeys another hub, or has another name, is not taken away by a slip. */
function requireOurs(stored: HubCredentials | undefined, cluster: string, hub: HubAt, force: boolean): void {
  if (stored === undefined || force || stored.detached !== undefined) return
  const next = `detach it there first (hawser detach ${stored.clusterName}), or use --force`
  if (stored.clusterName !== cluster) {
    throw new CommandError(`Cannot import as "${cluster}": its agent joined as "${stored.clusterName}"`, {
      exitCode: EXIT.refused,
      next,
    })
  }
  const known = [stored.hub.server, stored.joinedAt?.server]
  if (known.includes(hub.server)) return
  throw new CommandError(`Cannot import "${cluster}": its agent obeys the hub at ${stored.hub.server}`, {
    exitCode: EXIT.refused,
    next,
  })
}

async function announce({ client }: Connection, name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const known = await client.get(MANAGED_CLUSTERS, { name }).catch((error: unknown) => {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  })
  if (known?.metadata.deletionTimestamp !== undefined) {
    throw new CommandError(`Cannot import "${name}": a cluster of that name is being detached`, {
      exitCode: EXIT.refused,
      next: `hawser explain cluster ${name}, and run this again when it is gone`,
    })
  }
  if (known !== undefined) {
    await client.patch(
      MANAGED_CLUSTERS,
      { name },
      { merge: { metadata: { labels }, spec: { hubAcceptsClient: true } } },
    )
    return
  }
  await client.create(MANAGED_CLUSTERS, {
    apiVersion: "cluster.open-cluster-management.io/v1",
    kind: "ManagedCluster",
    metadata: { name, labels },
    spec: { hubAcceptsClient: true },
  })
}

async function untilAvailable(
  terminal: Terminal,
  { client }: Connection,
  { clusterName: name, timeoutSeconds, quiet }: ImportOptions,
  place: Connection,
  deployment: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const { clock, interrupted } = terminal
  const progress = newProgress(terminal, quiet)
  const deadlineMs = clock.nowMs() + timeoutSeconds * 1000
  for (;;) {
    // Its request was made with a token of ours, for this name alone: there is nobody else to ask.
    await acceptCluster(client, name, { nowMs: clock.nowMs(), skipApproveCheck: false, say: () => {} })
    const cluster = await client.get(MANAGED_CLUSTERS, { name }, { signal: interrupted })
    if (isConditionTrue(cluster.status?.conditions, AVAILABLE)) break
    const standing = standingOf(cluster)
    progress.update(`${name}: ${standing}`)
    if (clock.nowMs() >= deadlineMs) {
      throw new CommandError(`Cannot see "${name}" available after ${timeoutSeconds} s: ${standing}`, {
        exitCode: EXIT.timeout,
        next: `hawser explain cluster ${name}; kubectl --kubeconfig ${place.path} -n ${deployment.namespace} logs deployment/${deployment.name}`,
      })
    }
    await sleep(clock, POLL_MS, interrupted)
  }
  progress.done(`${name} is available`)
}

function standingOf({ status }: ManagedCluster): string {
  if (!isConditionTrue(status?.conditions, HUB_ACCEPTED)) return "the hub does not prepare it: do its controllers run?"
  if (!isConditionTrue(status?.conditions, JOINED)) return "waits for its agent to join"
  return "waits for its agent to report"
}
