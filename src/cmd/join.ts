// `hawser join`: prepares a cluster's side, and may run its agent.
import { join, resolve } from "node:path"
import { formatInstallation } from "#cli/installation.ts"
import { connect } from "#cli/connect.ts"
import type { JoinOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CONFIG_MAPS, type Secret } from "#api/kubernetes/core.ts"
import { isDns1123Label } from "#apimachinery/names.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { authorityHashes } from "#hub/install/join-line.ts"
import { memberManifests } from "#hub/install/member-manifests.ts"
import { AGENT_NAMESPACE, MANAGED_BY_LABEL } from "#hub/install/names.ts"
import { newHttp2Transport } from "#kube/http2-transport.ts"
import { kubeconfigText, loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { openDirectory } from "#lib/directory.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { endDetachment } from "#agent/registration/credential-store.ts"
import { agentCredentials, runKlusterlet } from "./agent.ts"
import { install } from "./init.ts"

/** Where OCM's agent looks for what it introduces itself with. */
const BOOTSTRAP_SECRET = "bootstrap-hub-kubeconfig"
const BOOTSTRAP_FILE = "bootstrap.kubeconfig"

export async function runJoin(terminal: Terminal, options: JoinOptions): Promise<void> {
  const { clusterName } = options
  const wrong = isDns1123Label(clusterName)
  if (wrong.length > 0) {
    throw new CommandError(`Cannot join as "${clusterName}": ${wrong.join("; ")}`, { exitCode: EXIT.usage })
  }
  const bootstrap = await findHub(terminal, options)
  const { server, ca, token } = bootstrap
  const text = kubeconfigText({
    server,
    name: "hub",
    ...(ca === undefined ? {} : { ca }),
    ...(token === undefined ? {} : { token }),
  })
  const objects = [...memberManifests(), bootstrapSecret(text)]
  if (options.output !== undefined) return terminal.stdout(formatInstallation(objects, options.output))
  await askHub(terminal, bootstrap, clusterName)
  const spoke = await connect(terminal, options.kubeconfig, { context: options.context, anyCluster: true })
  const dir = resolve(terminal.cwd, options.dir)
  try {
    await install(terminal, spoke.client, objects, {
      what: `cluster at ${spoke.kubeconfig.server}`,
      quiet: options.quiet,
    })
  } finally {
    spoke.close()
  }
  await openDirectory(dir).write(BOOTSTRAP_FILE, text)
  await endDetachment(agentCredentials(dir))
  const accept = `On the hub, let it in:\n  hawser accept ${clusterName}\n`
  if (options.run) {
    terminal.stdout(`\nThe agent of "${clusterName}" runs here until Ctrl-C. ${accept}\n`)
    const { featureGates } = options
    return runKlusterlet(terminal, { clusterName, bootstrap, spoke: spoke.kubeconfig, dir, featureGates })
  }
  terminal.stdout(`
The cluster is prepared. Start its agent:
  hawser agent --cluster-name ${clusterName} --bootstrap-kubeconfig ${join(options.dir, BOOTSTRAP_FILE)} --spoke-kubeconfig ${spoke.path} --dir ${options.dir}
${accept}`)
}

/** @throws CommandError when the command line does not say where the hub is, or it cannot be trusted */
async function findHub(terminal: Terminal, options: JoinOptions): Promise<Kubeconfig> {
  const { bootstrapKubeconfig, hubApiserver: server, hubToken: token, caFile } = options
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
      ? await askAuthority(terminal, server, options.hubCaHash)
      : await terminal.readFile(resolve(terminal.cwd, caFile))
  return { server, ca, token, contextName: "hub", clusterName: "hub", userName: "hub" }
}

type PublishedHub = { clusters?: { cluster?: { "certificate-authority-data"?: string } }[] }

/** The hub publishes its authority to everybody; whether it is the right hub, the hash tells. No token is sent here. */
async function askAuthority(terminal: Terminal, server: string, hash: string | undefined): Promise<string> {
  const transport = newHttp2Transport({ server, insecure: true, clock: terminal.clock })
  const client = newKubeClient({ transport, userAgent: "hawser-join", clock: terminal.clock })
  let text: string
  try {
    const { data } = await client.get(CONFIG_MAPS, { namespace: "kube-public", name: "cluster-info" })
    text = data?.["kubeconfig"] ?? ""
  } catch (error) {
    if (!hasReason(error, "NotFound", "Forbidden", "Unauthorized")) throw error
    throw new CommandError(`Cannot learn the authority of ${server}: it does not publish it`, {
      cause: error,
      next: "name its file with --ca-file, or use `hawser token -o kubeconfig` on the hub and --bootstrap-kubeconfig here",
    })
  } finally {
    transport.close()
  }
  const [published] = parseYamlDocuments(text) as [PublishedHub?]
  const data = published?.clusters?.[0]?.cluster?.["certificate-authority-data"]
  const ca = Buffer.from(data ?? "", "base64").toString("utf8")
  const hashes = authorityHashes(ca)
  if (hash === undefined) {
    terminal.stderr(
      `Warning: the hub is trusted by its own word; its authority is ${hashes[0] ?? "none"} (--hub-ca-hash)\n`,
    )
  } else if (!hashes.includes(hash)) {
    throw new CommandError(`Cannot trust ${server}: its authority is ${hashes[0] ?? "none"}, want ${hash}`, {
      exitCode: EXIT.refused,
      next: "look whether the address is right; `hawser token` on the hub prints the line anew",
    })
  }
  return ca
}

/** Whether the token is good, before anything is changed. */
async function askHub(terminal: Terminal, hub: Kubeconfig, clusterName: string): Promise<void> {
  const transport = transportOf(hub, { clock: terminal.clock })
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

const bootstrapSecret = (kubeconfig: string): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: AGENT_NAMESPACE, name: BOOTSTRAP_SECRET, labels: MANAGED_BY_LABEL },
  type: "Opaque",
  data: { kubeconfig: Buffer.from(kubeconfig).toString("base64") },
})
