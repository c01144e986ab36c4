// Tokens for one cluster: bootstrap tokens whose groups name the cluster. What a token's user is in, the API server says,
// so that the Secret itself need not be read.
import { BOUND_BOOTSTRAP_GROUP, BOUND_NAME_PREFIX, JOINED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import { SECRETS } from "#api/kubernetes/core.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"

/** How long an agent may take from the approval to its first sign of life before its token goes all the same. */
export const USED_TOKEN_GRACE_MS = 10 * 60_000

const TOKEN_USER = /^system:bootstrap:([a-z0-9]{6})$/

/**
 * @param groups  of who asks
 * @returns the cluster that the token is for; undefined for who came with none; empty for a token that names none, or
 *   several: it is good for nothing
 */
export function boundCluster(groups: readonly string[] = []): string | undefined {
  if (!groups.includes(BOUND_BOOTSTRAP_GROUP)) return undefined
  const names = groups.filter((group) => group.startsWith(BOUND_NAME_PREFIX))
  return names.length === 1 ? names[0]!.slice(BOUND_NAME_PREFIX.length) : ""
}

/** The user of a token for one cluster that made the request; undefined for all other requests. */
export function boundUser({ spec }: CertificateSigningRequest): string | undefined {
  return boundCluster(spec.groups) === undefined ? undefined : (spec.username ?? "")
}

/** When the request was approved; undefined when it was not. */
export function approvedMs({ status }: CertificateSigningRequest): number | undefined {
  const approval = status?.conditions?.find(({ type }) => type === "Approved")
  return approval === undefined ? undefined : (parseTimeMs(approval.lastUpdateTime) ?? 0)
}

export type ObservedToken = {
  readonly user: string
  /** Made with the token. */
  readonly requests: readonly CertificateSigningRequest[]
  readonly cluster: ManagedCluster | undefined
  readonly lease: Lease | undefined
  readonly nowMs: number
}

/**
 * A token goes once the cluster that it let in has joined: its agent has reported, and renewed its lease after the
 * approval. Before that the agent may still need it to fetch the certificate.
 */
export function planUsedToken({ user, requests, cluster, lease, nowMs }: ObservedToken): Plan {
  const [, id] = TOKEN_USER.exec(user) ?? []
  const approvals = requests.flatMap((request) => approvedMs(request) ?? [])
  if (id === undefined || approvals.length === 0) return NOTHING
  const since = Math.min(...approvals)
  const hasRenewed = (parseTimeMs(lease?.spec?.renewTime) ?? 0) > since
  const hasJoined = hasRenewed && isConditionTrue(cluster?.status?.conditions, JOINED)
  const waitMs = since + USED_TOKEN_GRACE_MS - nowMs
  if (!hasJoined && waitMs > 0) return { actions: [], requeueAfterMs: waitMs, why: ["waits for the cluster to join"] }
  const key = { namespace: "kube-system", name: `bootstrap-token-${id}` }
  return { actions: [{ do: "delete", type: SECRETS as never, key }] }
}
