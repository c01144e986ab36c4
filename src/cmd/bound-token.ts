// `hawser token create`, `list` and `revoke`: tokens for one cluster.
import { connect, type Connection } from "#cli/connect.ts"
import type { BoundTokenOptions, ClusterAccess, TokenListOptions } from "#cli/roots.ts"
import { formatAge, formatTable } from "#cli/table.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { VALIDATING_ADMISSION_POLICIES } from "#api/kubernetes/admissionregistration.ts"
import { isDns1123Label } from "#apimachinery/names.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { BOUND_TOKEN_POLICY } from "#hub/install/bound-token-policy.ts"
import { createBoundToken, listBoundTokens, revokeBoundTokens, type BoundToken } from "#hub/install/bound-token.ts"
import { formatTime } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { formatYaml } from "#lib/yaml.ts"
import { hubAddress } from "./hub-address.ts"
import { printToken } from "./token.ts"

export async function runTokenCreate(terminal: Terminal, options: BoundTokenOptions): Promise<void> {
  const { clusterName: cluster, ttlSeconds: seconds } = options
  const wrong = isDns1123Label(cluster)
  if (wrong.length > 0) {
    throw new CommandError(`Cannot create token for "${cluster}": ${wrong.join("; ")}`, { exitCode: EXIT.usage })
  }
  await withHub(terminal, options, async (hub) => {
    await requirePolicy(hub)
    const nowMs = terminal.clock.nowMs()
    const { token, expires } = await createBoundToken(hub.client, realRandom, { cluster, seconds, nowMs })
    printToken(terminal, await hubAddress(hub.client, hub.kubeconfig, options), options, { token, expires, cluster })
  })
}

export async function runTokenList(terminal: Terminal, options: TokenListOptions): Promise<void> {
  await withHub(terminal, options, async ({ client }) => {
    const tokens = await listBoundTokens(client)
    const nowMs = terminal.clock.nowMs()
    const shown = tokens.map(({ id, cluster, expiresMs }) => ({ id, cluster, expires: formatTime(expiresMs) }))
    if (options.output === "json") return terminal.stdout(JSON.stringify(shown, null, 2) + "\n")
    if (options.output === "yaml") return terminal.stdout(formatYaml(shown))
    if (tokens.length === 0) return terminal.stderr("no tokens for one cluster\n")
    const left = ({ expiresMs }: BoundToken) => (expiresMs <= nowMs ? "ended" : formatAge(nowMs, expiresMs))
    const rows = tokens.map((token) => [token.id, token.cluster, left(token), formatTime(token.expiresMs)])
    terminal.stdout(formatTable(["id", "cluster", "left", "expires"], rows))
  })
}

export async function runTokenRevoke(
  terminal: Terminal,
  names: readonly string[],
  options: ClusterAccess,
): Promise<void> {
  await withHub(terminal, options, async ({ client }) => {
    const { revoked, unknown } = await revokeBoundTokens(client, names, terminal.clock.nowMs())
    for (const { id, cluster } of revoked) terminal.stdout(`token ${id} for cluster ${cluster} revoked\n`)
    if (unknown.length === 0) return
    throw new CommandError(`Cannot revoke ${unknown.map((name) => `"${name}"`).join(", ")}: no such token`, {
      exitCode: EXIT.refused,
      next: "hawser token list",
    })
  })
}

async function withHub(terminal: Terminal, options: ClusterAccess, run: (hub: Connection) => Promise<void>) {
  const hub = await connect(terminal, options.kubeconfig, options)
  try {
    await run(hub)
  } finally {
    hub.close()
  }
}

/** A hub of a former version would neither hold such a token to its cluster nor give it any right. */
export async function requirePolicy({ client, kubeconfig }: Connection): Promise<void> {
  try {
    await client.get(VALIDATING_ADMISSION_POLICIES, { name: BOUND_TOKEN_POLICY })
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error
    throw new CommandError(`Cannot create token: ${kubeconfig.server} does not hold tokens to their clusters`, {
      cause: error,
      next: "hawser init, which brings the hub up to date",
    })
  }
}
