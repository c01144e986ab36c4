import { certificateChainOf, isValidAt } from "#lib/x509/certificate.ts"
import type { Certificate } from "#lib/x509/certificate.ts"
import { isSameKey, parsePrivateKey } from "#lib/x509/keys.ts"
import { certificatePublicKey } from "#lib/x509/certificate.ts"
import { agentUser, clusterGroup } from "#api/cluster/names.ts"
import type { Detached, HubAddress, HubCredentials } from "./credentials.ts"

export type ObservedBootstrap = {
  readonly stored: HubCredentials | undefined
  /** Where the bootstrap credentials lead; undefined when there are none. */
  readonly bootstrap: HubAddress | undefined
  readonly clusterName: string
  /** undefined: any that is stored will do. */
  readonly agentName: string | undefined
  /** The hub answered Unauthorized to the stored credentials. */
  readonly refused: boolean
  readonly nowMs: number
}

/** Whether the stored credentials are used; `why` says what is wrong with them when not. */
export type BootstrapPlan =
  | { readonly step: "use"; readonly credentials: HubCredentials }
  | { readonly step: "bootstrap"; readonly why: string }
  /** The hub let the cluster go. What is left to do about it is done, and then nothing until it takes it back. */
  | { readonly step: "depart"; readonly credentials: HubCredentials; readonly detached: Detached }
  /** Nothing to speak to the hub with, and nothing to get it with. */
  | { readonly step: "stuck"; readonly why: string }

/** Source: OCM pkg/registration/register, IsHubKubeConfigValid. */
export function planBootstrap(observed: ObservedBootstrap): BootstrapPlan {
  const { stored, bootstrap } = observed
  // Whatever has become of the certificate: it would join again as if nobody had detached it.
  if (stored?.detached !== undefined && isOfHub(stored, bootstrap) && stored.clusterName === observed.clusterName) {
    return { step: "depart", credentials: stored, detached: stored.detached }
  }
  const why = whatIsWrong(observed)
  if (why === undefined && stored) return { step: "use", credentials: stored }
  if (bootstrap === undefined) return { step: "stuck", why: why ?? "there are no stored credentials" }
  return { step: "bootstrap", why: why ?? "there are no stored credentials" }
}

const isOfHub = ({ hub }: HubCredentials, bootstrap: HubAddress | undefined) =>
  bootstrap === undefined || bootstrap.server === hub.server

function whatIsWrong(observed: ObservedBootstrap): string | undefined {
  const { stored, bootstrap, clusterName, agentName, nowMs } = observed
  if (stored === undefined) return "there are no stored credentials"
  if (observed.refused) return "the hub refused the stored credentials"
  if (bootstrap !== undefined) {
    for (const part of ["server", "ca", "clusterEntry"] as const) {
      if (stored.hub[part] !== bootstrap[part]) return `the stored credentials are for another hub: ${part} differs`
    }
  }
  if (stored.clusterName !== clusterName) return `the stored credentials are those of cluster ${stored.clusterName}`
  if (agentName !== undefined && stored.agentName !== agentName) {
    return `the stored credentials are those of agent ${stored.agentName}`
  }
  return whatIsWrongWithCertificate(stored, nowMs)
}

function whatIsWrongWithCertificate(stored: HubCredentials, nowMs: number): string | undefined {
  const chain = certificatesOf(stored.certificate)
  const [leaf] = chain
  if (leaf === undefined) return "the stored certificate cannot be read"
  if (!chain.every((certificate) => isValidAt(certificate, nowMs))) return "the stored certificate has expired"
  const wanted = agentUser(stored.clusterName, stored.agentName)
  if (leaf.subject.commonName !== wanted)
    return `the stored certificate is for ${leaf.subject.commonName}, not ${wanted}`
  if (!leaf.subject.organizations.includes(clusterGroup(stored.clusterName))) {
    return "the stored certificate lacks the cluster's group"
  }
  try {
    if (isSameKey(parsePrivateKey(stored.key), certificatePublicKey(leaf))) return undefined
  } catch {
    return "the stored key cannot be read"
  }
  return "the stored key is not that of the certificate"
}

/** @returns the chain, leaf first; empty when it cannot be read */
export function certificatesOf(pem: string): readonly Certificate[] {
  try {
    return certificateChainOf(pem)
  } catch {
    return []
  }
}

/** Rotation begins when this part of a certificate's life is left; where between the two is drawn per certificate. */
const LEFT_MIN = 0.2
const LEFT_MAX = 0.25

/**
 * @param draw  in [0, 1), once per certificate: agents that joined together do not rotate together
 * @returns how long the certificate is used as it is; 0 when it is time for another one
 */
export function planRotation(
  { notBeforeMs, notAfterMs }: Pick<Certificate, "notBeforeMs" | "notAfterMs">,
  draw: number,
  nowMs: number,
): { readonly waitMs: number } {
  const left = (notAfterMs - notBeforeMs) * (LEFT_MIN + (LEFT_MAX - LEFT_MIN) * draw)
  return { waitMs: Math.max(0, notAfterMs - left - nowMs) }
}
