// `hawser join`: prepares a cluster's side, and may run its agent.
import { createHash } from "node:crypto"
import { join, resolve } from "node:path"
import { formatInstallation } from "#cli/installation.ts"
import { connect } from "#cli/connect.ts"
import type { JoinOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import type { Secret } from "#api/kubernetes/core.ts"
import { isDns1123Label } from "#apimachinery/names.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { agentDeployment } from "#hub/install/deployments.ts"
import { memberManifests } from "#hub/install/member-manifests.ts"
import { AGENT_NAMESPACE, BOOTSTRAP_SECRET, HUB_KUBECONFIG_SECRET, MANAGED_BY_LABEL } from "#hub/install/names.ts"
import { kubeconfigText, loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { openDirectory } from "#lib/directory.ts"
import { endDetachment, secretCredentialStore } from "#agent/registration/credential-store.ts"
import { agentCredentials, runKlusterlet } from "./agent.ts"
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
  const bootstrap = await findHub(terminal, options)
  const { server, ca, token, proxyUrl } = bootstrap
  const text = kubeconfigText({
    server,
    name: "hub",
    ...(ca === undefined ? {} : { ca }),
    ...(token === undefined ? {} : { token }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  })
  const deployed =
    image === undefined ? [] : agentDeployment({ ...options, image, bootstrapChecksum: checksumOf(text) })
  const objects = [
    ...memberManifests({ clusterProperties: options.featureGates["ClusterProperty"] ?? false }),
    bootstrapSecret(text),
    ...deployed,
  ]
  if (options.output !== undefined) return terminal.stdout(formatInstallation(objects, options.output))
  await askHub(terminal, bootstrap, clusterName)
  const spoke = await connect(terminal, options.kubeconfig, { context: options.context, anyCluster: true })
  const dir = resolve(terminal.cwd, options.dir)
  try {
    if (options.deploy) {
      await endDetachment(secretCredentialStore(spoke.client, AGENT_NAMESPACE, HUB_KUBECONFIG_SECRET))
    }
    await install(terminal, spoke.client, objects, {
      what: `cluster at ${spoke.kubeconfig.server}`,
      quiet: options.quiet,
    })
  } finally {
    spoke.close()
  }
  const accept = `On the hub, let it in:\n  hawser accept ${clusterName}\n`
  if (options.deploy) {
    terminal.stdout(`\nThe agent runs as a Deployment. ${accept}`)
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

const checksumOf = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16)

const bootstrapSecret = (kubeconfig: string): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: AGENT_NAMESPACE, name: BOOTSTRAP_SECRET, labels: MANAGED_BY_LABEL },
  type: "Opaque",
  data: { kubeconfig: Buffer.from(kubeconfig).toString("base64") },
})
