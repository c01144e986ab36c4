// How who joins learns which authority proves the hub, when nobody has given it the authority itself.
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { authoritiesWith, authorityHashes } from "#hub/install/join-line.ts"
import { transportOf } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { sleep } from "#lib/clock.ts"
import { isSignedDetached } from "#lib/detached-jws.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"

export type AskedHub = {
  readonly server: string
  /** What the cluster introduces itself with. It is not sent here. */
  readonly token: string
  /** `sha256:…` of the authority, from somebody who knows. */
  readonly hash?: string
}

type Published = { readonly kubeconfig: string; readonly signatures: Readonly<Record<string, string>> }
type PublishedHub = { clusters?: { cluster?: { "certificate-authority-data"?: string } }[] }

/** Those of kube-public/cluster-info come from a controller, a moment after the token. */
const SIGNED_WITHIN_MS = 2_000
const SIGNED_POLL_MS = 250
const BOOTSTRAP_TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/

/**
 * The hub publishes its authority to everybody. Whether it is the right hub, the hash tells; without one, a signature that
 * only a hub can make that knows the token.
 *
 * @returns PEM
 * @throws CommandError when it is not published, or not to be trusted
 */
export async function askAuthority(terminal: Terminal, { server, token, hash }: AskedHub): Promise<string> {
  const nobody = { server, insecure: true, contextName: "hub", clusterName: "hub", userName: "nobody" }
  const transport = transportOf(nobody, { clock: terminal.clock, env: terminal.env })
  const client = newKubeClient({ transport, userAgent: "hawser-join", clock: terminal.clock })
  const ask = async (): Promise<Published> => {
    const { data = {} } = await client.get(CONFIG_MAPS, { namespace: "kube-public", name: "cluster-info" })
    const { kubeconfig = "", ...signatures } = data
    return { kubeconfig, signatures }
  }
  try {
    const [, id, secret] = BOOTSTRAP_TOKEN.exec(token) ?? []
    if (hash !== undefined) return withHash(authorityOf(await ask()), server, hash)
    if (id !== undefined && secret !== undefined) return await signed(terminal, ask, server, { id, secret })
    const ca = authorityOf(await ask())
    const [found = "none"] = authorityHashes(ca)
    // Tokens of service accounts sign nothing.
    terminal.stderr(`Warning: the hub is trusted by its own word; its authority is ${found} (--hub-ca-hash)\n`)
    return ca
  } catch (error) {
    if (!hasReason(error, "NotFound", "Forbidden", "Unauthorized")) throw error
    throw new CommandError(`Cannot learn the authority of ${server}: it does not publish it`, {
      cause: error,
      next: "name its file with --ca-file, or use `hawser token -o kubeconfig` on the hub and --bootstrap-kubeconfig here",
    })
  } finally {
    transport.close()
  }
}

function authorityOf({ kubeconfig }: Published): string {
  const [published] = parseYamlDocuments(kubeconfig) as [PublishedHub?]
  const data = published?.clusters?.[0]?.cluster?.["certificate-authority-data"]
  return Buffer.from(data ?? "", "base64").toString("utf8")
}

function withHash(ca: string, server: string, hash: string): string {
  const hashes = authorityHashes(ca)
  // Of a bundle only what the hash names: anybody on the way may have put more into it.
  if (hashes.includes(hash)) return authoritiesWith(ca, hash)
  throw new CommandError(`Cannot trust ${server}: its authority is ${hashes[0] ?? "none"}, want ${hash}`, {
    exitCode: EXIT.refused,
    next: "look whether the address is right; `hawser token` on the hub prints the line anew",
  })
}

async function signed(
  { clock, interrupted }: Terminal,
  ask: () => Promise<Published>,
  server: string,
  key: { readonly id: string; readonly secret: string },
): Promise<string> {
  for (const deadlineMs = clock.nowMs() + SIGNED_WITHIN_MS; ;) {
    const published = await ask()
    const signature = published.signatures[`jws-kubeconfig-${key.id}`]
    if (signature !== undefined && isSignedDetached(signature, published.kubeconfig, key)) return authorityOf(published)
    if (signature !== undefined || clock.nowMs() >= deadlineMs) {
      const found = signature === undefined ? "is not signed with" : "is signed by somebody who has not"
      throw new CommandError(`Cannot trust ${server}: what it publishes of itself ${found} the token ${key.id}`, {
        exitCode: EXIT.refused,
        next: "look whether address and token are right, or name the authority with --hub-ca-hash or --ca-file",
      })
    }
    await sleep(clock, SIGNED_POLL_MS, interrupted)
  }
}
