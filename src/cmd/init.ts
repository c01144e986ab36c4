// `hawser init`: makes any Kubernetes a hub; again, it is an upgrade.
import { resolve } from "node:path"
import { connect } from "#cli/connect.ts"
import { formatInstallation } from "#cli/installation.ts"
import { newProgress } from "#cli/progress.ts"
import type { InitOptions } from "#cli/roots.ts"
import type { Terminal } from "#cli/terminal.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { applyManifests } from "#hub/install/apply-manifests.ts"
import { ensureBootstrapToken } from "#hub/install/bootstrap-token.ts"
import { hubManifests } from "#hub/install/hub-manifests.ts"
import { joinLine } from "#hub/install/join-line.ts"
import { INSTALL_FIELD_MANAGER } from "#hub/install/names.ts"
import type { KubeClient } from "#kube/client.ts"
import { realRandom } from "#lib/random.ts"
import { runHub } from "./hub.ts"

export async function runInit(terminal: Terminal, options: InitOptions): Promise<void> {
  const { client, kubeconfig, path, close } = await connect(terminal, options.kubeconfig, options)
  try {
    const { ca } = kubeconfig
    const server = options.hubApiserver ?? kubeconfig.server
    const publishes = ca !== undefined && (await isOursToPublish(client))
    const objects = hubManifests(publishes ? { clusterInfo: { server, ca } } : {})
    if (options.output !== undefined) return terminal.stdout(formatInstallation(objects, options.output))
    await install(terminal, client, objects, { what: `hub at ${kubeconfig.server}`, quiet: options.quiet })
    const token = await ensureBootstrapToken(client, realRandom)
    terminal.stdout(`
To add a cluster, run where its kubeconfig is:
  ${joinLine({ server, token, ...(ca === undefined ? {} : { ca }) })}
Then let it in, here:
  hawser accept <cluster_name>
${options.run ? "" : `\nThe hub's controllers do not run yet:\n  hawser hub --kubeconfig ${path}\n`}`)
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

/** kubeadm publishes the authority itself; what it wrote is left alone. */
async function isOursToPublish(client: KubeClient): Promise<boolean> {
  try {
    const { metadata } = await client.get(CONFIG_MAPS, { namespace: "kube-public", name: "cluster-info" })
    return (metadata.managedFields ?? []).every(({ manager }) => manager === INSTALL_FIELD_MANAGER)
  } catch (error) {
    if (hasReason(error, "NotFound")) return true
    throw error
  }
}
