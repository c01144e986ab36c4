// `hawser token`: what a cluster needs to join.
import { connect } from "#cli/connect.ts"
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
    const server = options.hubApiserver ?? kubeconfig.server
    const address = { server, ...(kubeconfig.ca === undefined ? {} : { ca: kubeconfig.ca }) }
    const { token, expires } =
      options.expirationSeconds === undefined
        ? { token: await ensureBootstrapToken(client, realRandom), expires: undefined }
        : await requestBootstrapToken(client, options.expirationSeconds)
    const command = joinLine({ ...address, token })
    if (options.output === "kubeconfig") {
      return terminal.stdout(kubeconfigText({ ...address, token, name: "hub" }))
    }
    const answer = {
      "hub-token": token,
      "hub-apiserver": server,
      ...(expires === undefined ? {} : { expires }),
      command,
    }
    if (options.output === "json") return terminal.stdout(JSON.stringify(answer, null, 2) + "\n")
    if (options.output === "yaml") return terminal.stdout(formatYaml(answer))
    terminal.stdout(
      `token=${token}\n${expires === undefined ? "" : `expires=${expires}\n`}\nTo add a cluster, run:\n  ${command}\n`,
    )
  } finally {
    close()
  }
}
