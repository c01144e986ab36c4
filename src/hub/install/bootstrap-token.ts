import { BOOTSTRAP_GROUP } from "#api/cluster/names.ts"
import { SECRETS, SERVICE_ACCOUNTS, type Secret } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { randomText, type Random } from "#lib/random.ts"
import { BOOTSTRAP_SERVICE_ACCOUNT, BOOTSTRAP_TOKENS_BINDING, HUB_NAMESPACE, MANAGED_BY_LABEL } from "./names.ts"

/** The id that clusteradm gives its token and looks for. */
export const BOOTSTRAP_TOKEN_ID = "ocmhub"
const SECRET_KEY = { namespace: "kube-system", name: `bootstrap-token-${BOOTSTRAP_TOKEN_ID}` }
const SECRET_LENGTH = 16
export const TOKEN_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

/** A bootstrap token that clusters can join with: `id.secret`, known to the API server by its Secret. */
export function bootstrapTokenSecret(secret: string, options: { readonly expiration?: string } = {}): Secret {
  // clusteradm finds the token by the label `app`.
  const labels = { app: "cluster-manager", ...MANAGED_BY_LABEL }
  return tokenSecret({ id: BOOTSTRAP_TOKEN_ID, secret, labels, groups: [BOOTSTRAP_GROUP], ...options })
}

/** As the API server reads bootstrap tokens, and as `cluster-info` is signed with them. */
export function tokenSecret(token: {
  readonly id: string
  readonly secret: string
  readonly labels: Readonly<Record<string, string>>
  readonly groups: readonly string[]
  /** RFC 3339; absent: it does not end by itself. */
  readonly expiration?: string
  readonly description?: string
}): Secret {
  const { id, secret, labels, groups, expiration, description } = token
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "kube-system", name: `bootstrap-token-${id}`, labels },
    type: "bootstrap.kubernetes.io/token",
    data: encoded({
      "token-id": id,
      "token-secret": secret,
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      "auth-extra-groups": groups.join(","),
      ...(expiration === undefined ? {} : { expiration }),
      ...(description === undefined ? {} : { description }),
    }),
  }
}

export const newTokenSecret = (random: Random): string => randomText(random, SECRET_LENGTH, TOKEN_ALPHABET)

/**
 * The hub's bootstrap token, made when there is none. It does not expire; deleting its Secret ends it.
 *
 * @returns `id.secret`, for a bearer header or a kubeconfig
 */
export async function ensureBootstrapToken(client: KubeClient, random: Random): Promise<string> {
  const found = await findBootstrapToken(client)
  if (found !== undefined) return found
  const secret = newTokenSecret(random)
  try {
    await client.create(SECRETS, bootstrapTokenSecret(secret))
    return `${BOOTSTRAP_TOKEN_ID}.${secret}`
  } catch (error) {
    // Somebody else was faster, and theirs is as good.
    const theirs = hasReason(error, "AlreadyExists") ? await findBootstrapToken(client) : undefined
    if (theirs === undefined) throw error
    return theirs
  }
}

async function findBootstrapToken(client: KubeClient): Promise<string | undefined> {
  try {
    const { data = {} } = await client.get(SECRETS, SECRET_KEY)
    const [id, secret] = [data["token-id"], data["token-secret"]].map((value) => decoded(value ?? ""))
    return id && secret ? `${id}.${secret}` : undefined
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}

/**
 * Whether who shows the hub's bootstrap token may join. OCM's hubs let in the service account alone, unless they were
 * made for bootstrap tokens.
 */
async function admitsBootstrapTokens(client: KubeClient): Promise<boolean> {
  try {
    await client.get(CLUSTER_ROLE_BINDINGS, { name: BOOTSTRAP_TOKENS_BINDING })
    return true
  } catch (error) {
    if (hasReason(error, "NotFound")) return false
    // Who may not look has been told that this is a hub.
    if (hasReason(error, "Forbidden")) return true
    throw error
  }
}

/** What clusteradm asks for by default. */
export const TOKEN_SECONDS_DEFAULT = 3600

type TokenRequest = { readonly status?: { readonly token?: string; readonly expirationTimestamp?: string } }

/** A token of the service account that clusters join as; it ends by itself. */
export async function requestBootstrapToken(
  client: KubeClient,
  expirationSeconds: number = TOKEN_SECONDS_DEFAULT,
): Promise<{ readonly token: string; readonly expires: string | undefined }> {
  const answer = await client.createSubresource<object, TokenRequest>(
    SERVICE_ACCOUNTS as never,
    { namespace: HUB_NAMESPACE, name: BOOTSTRAP_SERVICE_ACCOUNT },
    "token",
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: {}, spec: { expirationSeconds } },
  )
  const { token, expirationTimestamp } = answer.status ?? {}
  if (token === undefined) throw new Error("Cannot request token: the answer has none")
  return { token, expires: expirationTimestamp }
}

/**
 * A token that clusters can join with: the hub's own, which does not end; where the hub lets in none, one of the service
 * account, which ends.
 */
export async function requestJoinToken(
  client: KubeClient,
  random: Random,
): Promise<{ readonly token: string; readonly expires?: string | undefined }> {
  return (await admitsBootstrapTokens(client))
    ? { token: await ensureBootstrapToken(client, random) }
    : requestBootstrapToken(client)
}

const encoded = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]))
const decoded = (value: string) => Buffer.from(value, "base64").toString()
