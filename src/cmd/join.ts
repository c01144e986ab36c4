// `hawser join`: prepares a cluster's side, and may run its agent.
import { join, resolve } from "node:path"
import { formatInstallation } from "#cli/installation.ts"
import { connect } from "#cli/connect.ts"
import type { JoinOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { isDns1123Label } from "#apimachinery/names.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { kubeconfigSecret, memberManifests, type Execution } from "#hub/install/member-manifests.ts"
import { AGENT_NAMESPACE, BOOTSTRAP_SECRET } from "#hub/install/names.ts"
import { kubeconfigText, loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { openDirectory } from "#lib/directory.ts"
import { endDetachment } from "#agent/registration/credential-store.ts"
import { agentCredentials, runKlusterlet } from "./agent.ts"
import { deployAgent, deployedAgent, deploymentOf, executionOn } from "./deploy-agent.ts"
import { askAuthority } from "./hub-authority.ts"
import { imageOf, install } from "./init.ts"

const BOOTSTRAP_FILE = "bootstrap.kubeconfig"

export async function runJoin(terminal: Terminal, options: JoinOptions): Promise<void> {
  const { clusterName } = options
  const wrong = isDns1123Label(clusterName)
  if (wrong.length > 0) {
    throw new CommandError(`Cannot join as "${clusterName}": ${wrong.join("; ")}`, { exitCode: EXIT.usage })
  }
  const image = imageOf(options)
  const isHosted = hostedOf(options)
  const bootstrap = await findHub(terminal, options)
  const { server, ca, token, proxyUrl } = bootstrap
  const text = kubeconfigText({
    server,
    name: "hub",
    ...(ca === undefined ? {} : { ca }),
    ...(token === undefined ? {} : { token }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  })
  const agent = (named: string) => ({ ...options, image: named, bootstrap: text })
  const clusterProperties = options.featureGates["ClusterProperty"] ?? false
  const prepared = (execution?: Execution) => [
    ...memberManifests({ clusterProperties, ...(execution === undefined ? {} : { execution }) }),
    kubeconfigSecret(AGENT_NAMESPACE, BOOTSTRAP_SECRET, text),
  ]
  if (options.output !== undefined) {
    const objects = image === undefined ? prepared() : deployedAgent(agent(image))
    return terminal.stdout(formatInstallation(objects, options.output))
  }
  await askHub(terminal, bootstrap, clusterName)
  const { kubeconfig, context, quiet } = options
  const spoke = await connect(terminal, kubeconfig, { context, anyCluster: true })
  const dir = resolve(terminal.cwd, options.dir)
  const managed = isHosted ? await connect(terminal, options.managedClusterKubeconfig, { anyCluster: true }) : undefined
  try {
    if (image === undefined) {
      const objects = prepared(await executionOn(spoke.client))
      await install(terminal, spoke.client, objects, { what: `cluster at ${spoke.kubeconfig.server}`, quiet })
    } else if (managed === undefined) await deployAgent(terminal, agent(image), spoke)
    else await deployAgent(terminal, agent(image), managed, spoke)
  } finally {
    spoke.close()
    managed?.close()
  }
  const accept = `On the hub, let it in:\n  hawser accept ${clusterName}\n`
  if (options.deploy) {
    const { namespace, name } = deploymentOf(clusterName, isHosted)
    terminal.stdout(`\nThe agent runs as Deployment ${namespace}/${name}. ${accept}`)
    return
  }
  await openDirectory(dir).write(BOOTSTRAP_FILE, text)
  await endDetachment(agentCredentials(dir))
  if (options.run) {
    terminal.stdout(`\nThe agent of "${clusterName}" runs here until Ctrl-C. ${accept}\n`)
    const { featureGates } = options
    return runKlusterlet(terminal, {
      clusterName,
      bootstraps: [{ path: join(dir, BOOTSTRAP_FILE), kubeconfig: bootstrap }],
      spoke: spoke.kubeconfig,
      dir,
      featureGates,
    })
  }
  terminal.stdout(`
The cluster is prepared. Start its agent:
  hawser agent --cluster-name ${clusterName} --bootstrap-kubeconfig ${join(options.dir, BOOTSTRAP_FILE)} --spoke-kubeconfig ${spoke.path} --dir ${options.dir}
${accept}`)
}

/** @throws CommandError when the command line does not say where the hub is, or it cannot be trusted */
async function findHub(terminal: Terminal, options: JoinOptions): Promise<Kubeconfig> {
  const { bootstrapKubeconfig, hubApiserver: server, hubToken: token, caFile, hubCaHash } = options
  if (bootstrapKubeconfig !== undefined) {
    return loadKubeconfig(resolve(terminal.cwd, bootstrapKubeconfig), terminal.readFile)
  }
  if (server === undefined || token === undefined) {
    throw new CommandError("Cannot join: want --hub-apiserver and --hub-token, or --bootstrap-kubeconfig", {
      exitCode: EXIT.usage,
      next: "run `hawser token` on the hub, it prints the whole line",
    })
  }
  const ca =
    caFile === undefined
      ? await askAuthority(terminal, { server, token, ...(hubCaHash === undefined ? {} : { hash: hubCaHash }) })
      : await terminal.readFile(resolve(terminal.cwd, caFile))
  return { server, ca, token, contextName: "hub", clusterName: "hub", userName: "hub" }
}

/** Whether the token is good, before anything is changed. */
async function askHub(terminal: Terminal, hub: Kubeconfig, clusterName: string): Promise<void> {
  const transport = transportOf(hub, { clock: terminal.clock, env: terminal.env })
  const client = newKubeClient({ transport, userAgent: "hawser-join", clock: terminal.clock })
  try {
    const cluster = await client.get(MANAGED_CLUSTERS, { name: clusterName })
    if (cluster.spec.hubAcceptsClient) {
      terminal.stderr(`Warning: the hub knows a cluster "${clusterName}" already; this one takes its place\n`)
    }
  } catch (error) {
    if (hasReason(error, "Unauthorized")) {
      throw new CommandError(`Cannot join ${hub.server}: it does not know the token`, {
        exitCode: EXIT.refused,
        cause: error,
        next: "run `hawser token` on the hub for one that is good",
      })
    }
    if (!hasReason(error, "NotFound")) throw error
  } finally {
    transport.close()
  }
}

/** @throws CommandError when the options do not fit together */
function hostedOf({ mode, managedClusterKubeconfig, deploy, output }: JoinOptions): boolean {
  const isHosted = mode === "hosted" || mode === "singletonhosted"
  const wrong = (message: string, next: string) => new CommandError(message, { exitCode: EXIT.usage, next })
  if (!isHosted && managedClusterKubeconfig !== undefined) {
    throw wrong("Cannot use --managed-cluster-kubeconfig without --mode hosted", "add --mode hosted")
  }
  if (!isHosted) return false
  if (managedClusterKubeconfig === undefined) {
    throw wrong(
      "Cannot join in mode hosted without --managed-cluster-kubeconfig",
      "name the cluster to manage with it; --kubeconfig is the cluster that the agent runs on",
    )
  }
  if (!deploy) {
    throw wrong(
      "Cannot join in mode hosted without --deploy",
      "for a process of your own: hawser agent --spoke-kubeconfig FILE, wherever it runs",
    )
  }
  if (output !== undefined) {
    throw wrong(
      "Cannot print what two clusters are given, one of them a token of the other",
      "run it without --output: it may be repeated",
    )
  }
  return true
}
