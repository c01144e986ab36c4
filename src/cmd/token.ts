// `hawser token`: what a cluster needs to join.
import { connect, type Connection } from "#cli/connect.ts"
import type { TokenOptions } from "#cli/roots.ts"
import type { Terminal } from "#cli/terminal.ts"
import { ensureBootstrapToken, requestBootstrapToken } from "#hub/install/bootstrap-token.ts"
import { joinLine } from "#hub/install/join-line.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { realRandom } from "#lib/random.ts"
import { formatYaml } from "#lib/yaml.ts"

export async function runToken(terminal: Terminal, options: TokenOptions): Promise<void> {
  const { client, kubeconfig, close } = await connect(terminal, options.kubeconfig, options)
  try {
    const made =
      options.expirationSeconds === undefined
        ? { token: await ensureBootstrapToken(client, realRandom) }
        : await requestBootstrapToken(client, options.expirationSeconds)
    printToken(terminal, { kubeconfig }, options, made)
  } finally {
    close()
  }
}

/** The token, and the line that joins a cluster with it. */
export function printToken(
  terminal: Terminal,
  { kubeconfig }: Pick<Connection, "kubeconfig">,
  options: Pick<TokenOptions, "hubApiserver" | "output">,
  made: { readonly token: string; readonly expires?: string | undefined; readonly cluster?: string },
): void {
  const { token, expires, cluster } = made
  const server = options.hubApiserver ?? kubeconfig.server
  const address = { server, ...(kubeconfig.ca === undefined ? {} : { ca: kubeconfig.ca }) }
  const command = joinLine({ ...address, token, ...(cluster === undefined ? {} : { cluster }) })
  if (options.output === "kubeconfig") return terminal.stdout(kubeconfigText({ ...address, token, name: "hub" }))
  const answer = {
    "hub-token": token,
    "hub-apiserver": server,
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
