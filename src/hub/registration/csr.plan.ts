import {
  ADDON_NAME_LABEL,
  agentUser,
  BOOTSTRAP_GROUP,
  BOUND_BOOTSTRAP_GROUP,
  clusterGroup,
  CLUSTER_NAME_LABEL,
  MANAGED_CLUSTERS_GROUP,
  SUBJECT_PREFIX,
} from "#api/cluster/names.ts"
import {
  CERTIFICATE_SIGNING_REQUESTS,
  CLIENT_SIGNER,
  type CertificateSigningRequest,
} from "#api/kubernetes/certificates.ts"
import { formatTime } from "#lib/clock.ts"
import { CsrError, parseCsr } from "#lib/x509/csr.ts"
import type { Action } from "#runtime/plan.ts"
import { boundCluster } from "./bound-token.plan.ts"

/** What to do with a request: approve it, ask whether its maker may renew, refuse it, or leave it to people. */
export type CsrVerdict =
  | { readonly decision: "approve"; readonly cluster: string }
  | { readonly decision: "deny"; readonly why: string }
  | { readonly decision: "ask renew"; readonly cluster: string }
  | { readonly decision: "leave"; readonly why: string }

export type AutoApproval = {
  /** Users whose first request is approved. */
  readonly users: readonly string[]
  /** Groups likewise. */
  readonly groups: readonly string[]
}

/**
 * A cluster agent's request is exactly of one form: signer, label, common name and organizations. Anything more in it
 * could buy rights that were never given. What is amiss with one made by a token for one cluster is refused: nobody shall
 * approve it by mistake.
 *
 * @param usedFor  another request that was approved for the same token, which is good for one
 */
export function judgeCsr(csr: CertificateSigningRequest, approval: AutoApproval, usedFor?: string): CsrVerdict {
  const bound = boundCluster(csr.spec.groups)
  const leave = (why: string): CsrVerdict => ({ decision: bound === undefined ? "leave" : "deny", why })
  const cluster = csr.metadata.labels?.[CLUSTER_NAME_LABEL]
  if ((csr.status?.conditions ?? []).length > 0) return { decision: "leave", why: "it is decided" }
  // What another signer signs is not for the hub to judge.
  if (csr.spec.signerName !== CLIENT_SIGNER)
    return { decision: "leave", why: `signer ${csr.spec.signerName} is not ours` }
  if (cluster === undefined) return leave("it carries no cluster's label")
  if (csr.metadata.labels?.[ADDON_NAME_LABEL] !== undefined) return leave("it is an add-on's")
  if (bound !== undefined && bound !== cluster) {
    return leave(`the token is for cluster "${bound}" and cannot register "${cluster}"`)
  }
  const subject = subjectOf(csr)
  if (typeof subject === "string") return leave(subject)
  const organizations = subject.organizations.filter((o) => o !== MANAGED_CLUSTERS_GROUP)
  if (organizations.length !== 1 || organizations[0] !== clusterGroup(cluster)) {
    return leave(`organizations are ${subject.organizations.join(", ")}, want ${clusterGroup(cluster)}`)
  }
  const agent = subject.commonName.split(":").at(-1) ?? ""
  if (agent === "" || subject.commonName !== agentUser(cluster, agent)) {
    return leave(`common name is ${subject.commonName}, want ${SUBJECT_PREFIX}${cluster}:AGENT`)
  }
  const username = csr.spec.username ?? ""
  if (username === subject.commonName) return { decision: "ask renew", cluster }
  if (usedFor !== undefined) return leave(`the token was used for request ${usedFor}, and is good for one`)
  const trusted =
    approval.users.includes(username) || (csr.spec.groups ?? []).some((group) => approval.groups.includes(group))
  if (trusted) return { decision: "approve", cluster }
  return { decision: "leave", why: `"${username}" is not approved by itself` }
}

/** Groups of those who joined with a token of the hub's. */
export const BOOTSTRAP_GROUPS: readonly string[] = [
  BOOTSTRAP_GROUP,
  BOUND_BOOTSTRAP_GROUP,
  "system:serviceaccounts:open-cluster-management",
]

function subjectOf(csr: CertificateSigningRequest): { commonName: string; organizations: readonly string[] } | string {
  try {
    const { subject } = parseCsr(Buffer.from(csr.spec.request, "base64").toString("utf8"))
    return { commonName: subject.commonName ?? "", organizations: subject.organizations }
  } catch (error) {
    if (error instanceof CsrError) return error.message
    throw error
  }
}

/** PUT of the approval subresource. */
export function approve(csr: CertificateSigningRequest, nowMs: number): Action {
  const message = "The request is one that the cluster's agent may make."
  return decide(csr, { type: "Approved", reason: "AutoApprovedByHubCSRApprovingController", message }, nowMs)
}

/** Likewise. @param why  shown by the agent that asked */
export function deny(csr: CertificateSigningRequest, why: string, nowMs: number): Action {
  return decide(csr, { type: "Denied", reason: "BoundTokenRefused", message: why }, nowMs)
}

function decide(
  csr: CertificateSigningRequest,
  decision: { readonly type: "Approved" | "Denied"; readonly reason: string; readonly message: string },
  nowMs: number,
): Action {
  const at = formatTime(nowMs)
  const condition = { ...decision, status: "True" as const, lastUpdateTime: at, lastTransitionTime: at }
  const object: CertificateSigningRequest = {
    ...csr,
    status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] },
  }
  return { do: "update", type: CERTIFICATE_SIGNING_REQUESTS as never, object, subresource: "approval" }
}
