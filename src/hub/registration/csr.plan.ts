import {
  ADDON_NAME_LABEL,
  agentUser,
  BOOTSTRAP_GROUP,
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

/** What to do with a request: approve it, ask whether its maker may renew, or leave it to people. */
export type CsrVerdict =
  | { readonly decision: "approve"; readonly cluster: string }
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
 * could buy rights that were never given.
 */
export function judgeCsr(csr: CertificateSigningRequest, approval: AutoApproval): CsrVerdict {
  const leave = (why: string): CsrVerdict => ({ decision: "leave", why })
  const cluster = csr.metadata.labels?.[CLUSTER_NAME_LABEL]
  if (cluster === undefined) return leave("it carries no cluster's label")
  if (csr.metadata.labels?.[ADDON_NAME_LABEL] !== undefined) return leave("it is an add-on's")
  if (csr.spec.signerName !== CLIENT_SIGNER) return leave(`signer ${csr.spec.signerName} is not ours`)
  if ((csr.status?.conditions ?? []).length > 0) return leave("it is decided")
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
  const trusted =
    approval.users.includes(username) || (csr.spec.groups ?? []).some((group) => approval.groups.includes(group))
  return trusted ? { decision: "approve", cluster } : leave(`"${username}" is not approved by itself`)
}

/** Groups of those who joined with a token of the hub's. */
export const BOOTSTRAP_GROUPS: readonly string[] = [BOOTSTRAP_GROUP, "system:serviceaccounts:open-cluster-management"]

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
  const at = formatTime(nowMs)
  const condition = {
    type: "Approved",
    status: "True" as const,
    reason: "AutoApprovedByHubCSRApprovingController",
    message: "The request is one that the cluster's agent may make.",
    lastUpdateTime: at,
    lastTransitionTime: at,
  }
  const object: CertificateSigningRequest = {
    ...csr,
    status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] },
  }
  return { do: "update", type: CERTIFICATE_SIGNING_REQUESTS as never, object, subresource: "approval" }
}
