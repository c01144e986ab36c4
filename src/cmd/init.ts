// `hawser init`: makes any Kubernetes a hub; again, it is an upgrade.
import { resolve } from "node:path"
import { connect } from "#cli/connect.ts"
import { formatInstallation } from "#cli/installation.ts"
import { newProgress } from "#cli/progress.ts"
import type { DeployFlags, InitOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { applyManifests } from "#hub/install/apply-manifests.ts"
import { ensureBootstrapToken } from "#hub/install/bootstrap-token.ts"
import { hubDeployment } from "#hub/install/deployments.ts"
import { hubManifests } from "#hub/install/hub-manifests.ts"
import { joinLine } from "#hub/install/join-line.ts"
import { INSTALL_FIELD_MANAGER } from "#hub/install/names.ts"
import type { KubeClient } from "#kube/client.ts"
import { realRandom } from "#lib/random.ts"
import { runHub } from "./hub.ts"
import { hubToPublish } from "./hub-address.ts"

export async function runInit(terminal: Terminal, options: InitOptions): Promise<void> {
  const image = imageOf(options)
  const { client, kubeconfig, path, close } = await connect(terminal, options.kubeconfig, options)
  try {
    const { server, ca, endpoint } = await hubToPublish(terminal, client, kubeconfig, options)
    const publishes = ca !== undefined && (await isOursToPublish(client))
    const deployed = image === undefined ? [] : hubDeployment({ ...options, image })
    const objects = [
      ...hubManifests({
        ...(endpoint === undefined ? {} : { endpoint }),
        clusterProfiles: options.featureGates["ClusterProfile"] ?? false,
        ...(publishes ? { clusterInfo: { server, ca } } : {}),
      }),
      ...deployed,
    ]
    if (options.output !== undefined) return terminal.stdout(formatInstallation(objects, options.output))
    await install(terminal, client, objects, { what: `hub at ${kubeconfig.server}`, quiet: options.quiet })
    const token = await ensureBootstrapToken(client, realRandom)
    terminal.stdout(`
To add a cluster, run where its kubeconfig is:
  ${joinLine({ server, token, ...(ca === undefined ? {} : { ca }) })}
Then let it in, here:
  hawser accept <cluster_name>
${options.run || options.deploy ? "" : `\nThe hub's controllers do not run yet:\n  hawser hub --kubeconfig ${path}\n`}`)
  } finally {
    close()
  }
  if (options.run) {
    const { featureGates, autoApproveUsers, context } = options
    const kubeconfig = resolve(terminal.cwd, path)
    const named = context === undefined ? {} : { context }
    await runHub(terminal, { kubeconfig, featureGates, autoApproveUsers, leaderElect: true, ...named })
  }
}

/** @throws CommandError when a Deployment is asked for and the image is not named */
export function imageOf({ deploy, image, run }: DeployFlags & { readonly run: boolean }): string | undefined {
  if (deploy && run) throw new CommandError("Cannot both --deploy and --run", { exitCode: EXIT.usage })
  if (!deploy) {
    if (image === undefined) return undefined
    throw new CommandError("Cannot use --image without --deploy", { exitCode: EXIT.usage })
  }
  if (image !== undefined) return image
  throw new CommandError("Cannot deploy without an image", {
    exitCode: EXIT.usage,
    next: "build one with deploy/Dockerfile, push it where the cluster can pull it, and name it with --image",
  })
}

/** Applies an installation and shows how far it is. */
export async function install(
  terminal: Terminal,
  client: KubeClient,
  objects: readonly KubeObject[],
  options: { readonly what: string; readonly quiet: boolean },
): Promise<void> {
  const progress = newProgress(terminal, options.quiet)
  await applyManifests(client, objects, {
    clock: terminal.clock,
    signal: terminal.interrupted,
    onProgress: ({ object, done, total }) =>
      progress.update(`${done} of ${total}: ${object.kind} ${object.metadata.name}`),
  })
  progress.done(`${options.what}: ${objects.length} objects are as they should be`)
}

const dataOf = (fields: unknown): object => (fields as { "f:data"?: object } | undefined)?.["f:data"] ?? {}

/** kubeadm publishes the authority itself; what it wrote is left alone. */
async function isOursToPublish(client: KubeClient): Promise<boolean> {
  try {
    const { metadata } = await client.get(CONFIG_MAPS, { namespace: "kube-public", name: "cluster-info" })
    // Signatures beside it are the work of controllers.
    const writers = (metadata.managedFields ?? []).filter(({ fieldsV1 }) => "f:kubeconfig" in dataOf(fieldsV1))
    return writers.every(({ manager }) => manager === INSTALL_FIELD_MANAGER)
  } catch (error) {
    if (hasReason(error, "NotFound")) return true
    throw error
  }
}
