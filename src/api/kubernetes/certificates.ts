// The built-in kind of certificates.k8s.io.
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { BuiltInCondition } from "./core.ts"

export type CertificateSigningRequest = KubeObject & {
  spec: {
    /** Base64 of a PEM `CERTIFICATE REQUEST`. */
    request: string
    signerName: string
    expirationSeconds?: number
    usages?: string[]
    /** Who made it: set by the server. */
    username?: string
    uid?: string
    groups?: string[]
    extra?: Record<string, string[]>
  }
  status?: {
    conditions?: BuiltInCondition[]
    /** Base64 of PEM. */
    certificate?: string
  }
}

export const CERTIFICATE_SIGNING_REQUESTS: ResourceType<CertificateSigningRequest> = {
  group: "certificates.k8s.io",
  version: "v1",
  resource: "certificatesigningrequests",
  kind: "CertificateSigningRequest",
  namespaced: false,
}

export const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
