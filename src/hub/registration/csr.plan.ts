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
  const form = formOf(csr, cluster)
  if ("wrong" in form) return leave(form.wrong)
  const username = csr.spec.username ?? ""
  if (username === form.commonName) return { decision: "ask renew", cluster }
  if (usedFor !== undefined) return leave(`the token was used for request ${usedFor}, and is good for one`)
  const trusted =
    approval.users.includes(username) || (csr.spec.groups ?? []).some((group) => approval.groups.includes(group))
  if (trusted) return { decision: "approve", cluster }
  return { decision: "leave", why: `"${username}" is not approved by itself` }
}

/** What the signer of client certificates gives. Source: KEP-1513. */
const CLIENT_USAGES: readonly string[] = ["client auth", "digital signature", "key encipherment"]

/**
 * Requests of one cluster that may wait for people at once; OCM's agents and ours stop themselves at half of it. Who asks
 * for more is no agent, and must not bury the one request that a person is to find.
 */
export const WAITING_MAX = 20

/** Whether there are too many before this one. @param waiting  all undecided requests of the cluster */
export function isOneTooMany(csr: CertificateSigningRequest, waiting: readonly CertificateSigningRequest[]): boolean {
  const age = ({ metadata }: CertificateSigningRequest) => `${metadata.creationTimestamp ?? ""} ${metadata.name ?? ""}`
  return waiting.filter((other) => age(other) < age(csr)).length >= WAITING_MAX
}

/** Groups of those who joined with a token of the hub's. */
export const BOOTSTRAP_GROUPS: readonly string[] = [
  BOOTSTRAP_GROUP,
  BOUND_BOOTSTRAP_GROUP,
  "system:serviceaccounts:open-cluster-management",
]

/**
 * Whether the request is of the form that the agents of a cluster make: for client certificates of its own name.
 * Approved, anything else would be somebody else's identity, whoever asks for it.
 */
export function formOf(
  csr: CertificateSigningRequest,
  cluster: string,
): { readonly commonName: string } | { readonly wrong: string } {
  const subject = subjectOf(csr)
  if (typeof subject === "string") return { wrong: subject }
  const organizations = subject.organizations.filter((o) => o !== MANAGED_CLUSTERS_GROUP)
  if (organizations.length !== 1 || organizations[0] !== clusterGroup(cluster)) {
    return { wrong: `organizations are ${subject.organizations.join(", ")}, want ${clusterGroup(cluster)}` }
  }
  const agent = subject.commonName.split(":").at(-1) ?? ""
  if (agent === "" || subject.commonName !== agentUser(cluster, agent)) {
    return { wrong: `common name is ${subject.commonName}, want ${SUBJECT_PREFIX}${cluster}:AGENT` }
  }
  const usages = csr.spec.usages ?? []
  if (!usages.includes("client auth") || !usages.every((usage) => CLIENT_USAGES.includes(usage))) {
    return { wrong: `usages are ${usages.join(", ")}, want ${CLIENT_USAGES.join(", ")}` }
  }
  if (subject.altNames.length > 0) return { wrong: `it asks for further names: ${subject.altNames.join(", ")}` }
  return { commonName: subject.commonName }
}

type Asked = {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly altNames: readonly string[]
}

function subjectOf(csr: CertificateSigningRequest): Asked | string {
  try {
    const { subject, altNames } = parseCsr(Buffer.from(csr.spec.request, "base64").toString("utf8"))
    const { dnsNames, ipAddresses, emailAddresses, uris } = altNames
    return {
      commonName: subject.commonName ?? "",
      organizations: subject.organizations,
      altNames: [...dnsNames, ...ipAddresses, ...emailAddresses, ...uris].map(String),
    }
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
export function deny(
  csr: CertificateSigningRequest,
  why: string,
  nowMs: number,
  reason: "BoundTokenRefused" | "TooManyRequests" = "BoundTokenRefused",
): Action {
  return decide(csr, { type: "Denied", reason, message: why }, nowMs)
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
