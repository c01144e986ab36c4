// `hawser token`: what a cluster needs to join.
import { connect } from "#cli/connect.ts"
import type { TokenOptions } from "#cli/roots.ts"
import { CommandError, type Terminal } from "#cli/terminal.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { requestBootstrapToken, requestJoinToken } from "#hub/install/bootstrap-token.ts"
import { joinLine } from "#hub/install/join-line.ts"
import type { KubeClient } from "#kube/client.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { realRandom } from "#lib/random.ts"
import { formatYaml } from "#lib/yaml.ts"
import { hubAddress, type HubAt } from "./hub-address.ts"

export async function runToken(terminal: Terminal, options: TokenOptions): Promise<void> {
  const { client, kubeconfig, close } = await connect(terminal, options.kubeconfig, options)
  try {
    const made = await makeToken(terminal, client, kubeconfig.server, options.expirationSeconds)
    printToken(terminal, await hubAddress(client, kubeconfig, options), options, made)
  } finally {
    close()
  }
}

async function makeToken(
  terminal: Terminal,
  client: KubeClient,
  server: string,
  expirationSeconds: number | undefined,
): Promise<{ readonly token: string; readonly expires?: string | undefined }> {
  try {
    if (expirationSeconds !== undefined) return await requestBootstrapToken(client, expirationSeconds)
    const made = await requestJoinToken(client, realRandom)
    if (made.expires !== undefined) {
      terminal.stderr(
        `The hub lets in no bootstrap tokens: this one is of a service account and ends at ${made.expires}\n`,
      )
    }
    return made
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error
    throw new CommandError(`Cannot make token: ${server} is no hub`, { cause: error, next: "hawser init" })
  }
}

/** The token, and the line that joins a cluster with it. */
export function printToken(
  terminal: Terminal,
  address: HubAt,
  options: Pick<TokenOptions, "output">,
  made: { readonly token: string; readonly expires?: string | undefined; readonly cluster?: string },
): void {
  const { token, expires, cluster } = made
  const command = joinLine({ ...address, token, ...(cluster === undefined ? {} : { cluster }) })
  if (options.output === "kubeconfig") return terminal.stdout(kubeconfigText({ ...address, token, name: "hub" }))
  const answer = {
    "hub-token": token,
    "hub-apiserver": address.server,
    ...(cluster === undefined ? {} : { "cluster-name": cluster }),
    ...(expires === undefined ? {} : { expires }),
    command,
  }
  if (options.output === "json") return terminal.stdout(JSON.stringify(answer, null, 2) + "\n")
  if (options.output === "yaml") return terminal.stdout(formatYaml(answer))
  const until = expires === undefined ? "" : `expires=${expires}\n`
  const which = cluster === undefined ? "a cluster" : `the cluster "${cluster}"`
  terminal.stdout(`token=${token}\n${until}\nTo add ${which}, run:\n  ${command}\n`)
}
