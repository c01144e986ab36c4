import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { CLIENT_SIGNER } from "#api/kubernetes/certificates.ts"
import {
  ADDON_NAME_LABEL,
  agentUser,
  CLUSTER_NAME_LABEL,
  clusterGroup,
  MANAGED_CLUSTERS_GROUP,
} from "#api/cluster/names.ts"

/** Requests of one cluster that brought nothing from which on no more are made. Source: OCM register/csr. */
export const PENDING_REQUESTS_MAX = 10

/** The name in a cluster agent's certificate. The approver compares it whole. */
export function agentSubject(clusterName: string, agentName: string) {
  return {
    commonName: agentUser(clusterName, agentName),
    organizations: [clusterGroup(clusterName), MANAGED_CLUSTERS_GROUP],
  }
}

/** @param request  PEM */
export function newSigningRequest(
  clusterName: string,
  request: string,
  expirationSeconds: number | undefined,
): CertificateSigningRequest {
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: `${clusterName}-`, labels: { [CLUSTER_NAME_LABEL]: clusterName } },
    spec: {
      request: Buffer.from(request).toString("base64"),
      signerName: CLIENT_SIGNER,
      usages: ["digital signature", "key encipherment", "client auth"],
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    },
  }
}

/**
 * Whether the cluster has so many requests that one more would only add to a heap.
 *
 * @param user  who asks, where the agent knows: what others ask for in its cluster's name does not stop it
 */
export function isHalted(clusterName: string, requests: readonly CertificateSigningRequest[], user?: string): boolean {
  const ours = requests.filter(
    ({ metadata: { labels }, spec, status }) =>
      labels?.[CLUSTER_NAME_LABEL] === clusterName &&
      labels[ADDON_NAME_LABEL] === undefined &&
      (user === undefined || spec.username === user) &&
      !(status?.conditions ?? []).some(({ type }) => type === "Approved"),
  )
  return ours.length >= PENDING_REQUESTS_MAX
}

/** What became of a request. `waiting` covers approved ones that are not signed yet. */
export type RequestAnswer =
  | { readonly state: "signed"; readonly certificate: string }
  | { readonly state: "refused"; readonly why: string }
  | { readonly state: "waiting" }

export function planAnswer({ status }: CertificateSigningRequest): RequestAnswer {
  if (status?.certificate) {
    return { state: "signed", certificate: Buffer.from(status.certificate, "base64").toString() }
  }
  const refused = status?.conditions?.find(({ type }) => type === "Denied" || type === "Failed")
  if (refused === undefined) return { state: "waiting" }
  return { state: "refused", why: `${refused.type}: ${refused.message ?? refused.reason ?? "no reason given"}` }
}
