// Tokens for one cluster: made, listed and revoked by an administrator. What they are good for, bound-token-policy.ts says.
import { BOUND_BOOTSTRAP_GROUP, BOUND_NAME_PREFIX, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { SECRETS, type Secret } from "#api/kubernetes/core.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import { randomText, type Random } from "#lib/random.ts"
import { newTokenSecret, TOKEN_ALPHABET, tokenSecret } from "./bootstrap-token.ts"
import { MANAGED_BY_LABEL } from "./names.ts"

export const BOUND_TOKEN_SECONDS = { min: 60, default: 15 * 60, max: 24 * 3600 } as const
/** Tokens that wait to be used at once; those whose time is over do not count. */
export const BOUND_TOKENS_MAX = 10_000

const ID_LENGTH = 6
const NAMESPACE = "kube-system"

export type BoundToken = {
  readonly id: string
  readonly cluster: string
  readonly expiresMs: number
  /** Of the Secret: only this one is deleted by it. */
  readonly uid: string | undefined
}

/** A Secret as the API server reads bootstrap tokens, in the groups that bind it to the cluster. */
export function boundTokenSecret(options: {
  readonly id: string
  readonly secret: string
  readonly cluster: string
  readonly expiresMs: number
}): Secret {
  const { id, secret, cluster, expiresMs } = options
  return tokenSecret({
    id,
    secret,
    labels: { [CLUSTER_NAME_LABEL]: cluster, ...MANAGED_BY_LABEL },
    groups: [BOUND_BOOTSTRAP_GROUP, BOUND_NAME_PREFIX + cluster],
    expiration: formatTime(expiresMs),
    description: `Lets the cluster "${cluster}" join, once.`,
  })
}

/** @returns `id.secret`, which is shown once: whoever has it can ask to be this cluster */
export async function createBoundToken(
  client: KubeClient,
  random: Random,
  options: { readonly cluster: string; readonly seconds: number; readonly nowMs: number },
): Promise<{ readonly token: string; readonly id: string; readonly expires: string }> {
  const { cluster, seconds, nowMs } = options
  await removeExpired(client, nowMs)
  const id = randomText(random, ID_LENGTH, TOKEN_ALPHABET)
  const secret = newTokenSecret(random)
  const expiresMs = nowMs + seconds * 1000
  await client.create(SECRETS, boundTokenSecret({ id, secret, cluster, expiresMs }))
  return { token: `${id}.${secret}`, id, expires: formatTime(expiresMs) }
}

/** kube-controller-manager takes them away only where it is told to. */
async function removeExpired(client: KubeClient, nowMs: number): Promise<void> {
  const tokens = await listBoundTokens(client)
  for (const token of tokens.filter(({ expiresMs }) => expiresMs <= nowMs)) await removeToken(client, token)
  if (tokens.filter(({ expiresMs }) => expiresMs > nowMs).length < BOUND_TOKENS_MAX) return
  throw new Error(`Cannot create token: ${BOUND_TOKENS_MAX} wait to be used already`)
}

/** Those that are there, ended or not, the next to end first. */
export async function listBoundTokens(client: KubeClient): Promise<readonly BoundToken[]> {
  const labelSelector = CLUSTER_NAME_LABEL
  const { items } = await client.list(SECRETS, { namespace: NAMESPACE, labelSelector })
  return items.flatMap((secret) => readBoundToken(secret) ?? []).toSorted((a, b) => a.expiresMs - b.expiresMs)
}

function readBoundToken({ metadata, type, data = {} }: Secret): BoundToken | undefined {
  const textOf = (key: string) => Buffer.from(data[key] ?? "", "base64").toString()
  const cluster = textOf("auth-extra-groups")
    .split(",")
    .find((group) => group.startsWith(BOUND_NAME_PREFIX))
    ?.slice(BOUND_NAME_PREFIX.length)
  if (type !== "bootstrap.kubernetes.io/token" || cluster === undefined) return undefined
  // What is no time has ended for the API server, too.
  return { id: textOf("token-id"), cluster, expiresMs: parseTimeMs(textOf("expiration")) ?? 0, uid: metadata.uid }
}

/**
 * Ends tokens, and refuses the requests made with them that nobody has decided.
 *
 * @param names  ids of tokens, or clusters that they are for
 * @returns what was revoked, and which names were found nowhere
 */
export async function revokeBoundTokens(
  client: KubeClient,
  names: readonly string[],
  nowMs: number,
): Promise<{ readonly revoked: readonly BoundToken[]; readonly unknown: readonly string[] }> {
  const tokens = await listBoundTokens(client)
  const named = ({ id, cluster }: BoundToken, name: string) => id === name || cluster === name
  const revoked = tokens.filter((token) => names.some((name) => named(token, name)))
  for (const token of revoked) {
    await removeToken(client, token)
    await refuseRequests(client, token, nowMs)
  }
  return { revoked, unknown: names.filter((name) => !tokens.some((token) => named(token, name))) }
}

async function removeToken(client: KubeClient, { id, uid }: BoundToken): Promise<void> {
  try {
    await client.delete(
      SECRETS,
      { namespace: NAMESPACE, name: `bootstrap-token-${id}` },
      uid === undefined ? {} : { uid },
    )
  } catch (error) {
    if (!hasReason(error, "NotFound", "Conflict")) throw error
  }
}

async function refuseRequests(client: KubeClient, { id, cluster }: BoundToken, nowMs: number): Promise<void> {
  const labelSelector = `${CLUSTER_NAME_LABEL}=${cluster}`
  const { items } = await client.list(CERTIFICATE_SIGNING_REQUESTS, { labelSelector })
  const isOurs = ({ spec, status }: CertificateSigningRequest) =>
    spec.username === `system:bootstrap:${id}` && (status?.conditions ?? []).length === 0
  const at = formatTime(nowMs)
  const denied = {
    type: "Denied",
    status: "True" as const,
    reason: "TokenRevoked",
    message: "The token that the request was made with is revoked",
    lastUpdateTime: at,
    lastTransitionTime: at,
  }
  for (const request of items.filter(isOurs)) {
    const refused = { ...request, status: { ...request.status, conditions: [denied] } }
    await client.update(CERTIFICATE_SIGNING_REQUESTS, refused, { subresource: "approval" })
  }
}
