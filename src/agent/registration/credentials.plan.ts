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

/** The place that tells the hub from others, however often it has moved since. */
export const originOf = ({ hub, joinedAt }: HubCredentials): HubAddress => joinedAt ?? hub

const isOfHub = (stored: HubCredentials, bootstrap: HubAddress | undefined) =>
  bootstrap === undefined || [stored.hub.server, originOf(stored).server].includes(bootstrap.server)

function whatIsWrong(observed: ObservedBootstrap): string | undefined {
  const { stored, bootstrap, clusterName, agentName, nowMs } = observed
  if (stored === undefined) return "there are no stored credentials"
  if (observed.refused) return "the hub refused the stored credentials"
  // Bootstrap credentials may be those of the time when the cluster joined, or name where the hub is by now.
  if (bootstrap !== undefined && differingPart(stored.hub, bootstrap) !== undefined) {
    const part = differingPart(originOf(stored), bootstrap)
    if (part !== undefined) return `the stored credentials are for another hub: ${part} differs`
  }
  if (stored.clusterName !== clusterName) return `the stored credentials are those of cluster ${stored.clusterName}`
  if (agentName !== undefined && stored.agentName !== agentName) {
    return `the stored credentials are those of agent ${stored.agentName}`
  }
  return whatIsWrongWithCertificate(stored, nowMs)
}

const differingPart = (one: HubAddress, other: HubAddress) =>
  (["server", "ca", "clusterEntry"] as const).find((part) => one[part] !== other[part])

/**
 * Bootstrap credentials that lead elsewhere may lead to the same hub at another address, where the stored certificate is as
 * good as before, and nobody has to approve anything.
 *
 * @returns the stored credentials, for there; undefined when they cannot be good there
 */
export function planSameHub(observed: ObservedBootstrap): HubCredentials | undefined {
  const { stored, bootstrap } = observed
  if (stored?.clusterUid === undefined || bootstrap === undefined) return undefined
  const { joinedAt: _, ...there } = { ...stored, hub: bootstrap }
  return whatIsWrong({ ...observed, stored: there }) === undefined ? there : undefined
}

/**
 * What somebody has to do whose agent has nothing left to speak to the hub with.
 *
 * @param why  what is wrong with the stored credentials
 * @param source  where the bootstrap credentials are read from
 */
export function adviceWhenRefused(why: string, clusterName: string, source: string | undefined): string {
  const command = `hawser token create --cluster-name ${clusterName} -o kubeconfig`
  const place = source === undefined ? "give the agent a new one" : `put a new one into ${source}`
  return `Cannot join the hub: ${why}, and the hub refuses the bootstrap token; ${place} (on the hub: ${command}), and the agent goes on by itself`
}

/**
 * The hub knows the bootstrap token, and does not let it ask for a certificate for this name.
 *
 * @param answer  of the hub: it names the user and what was asked
 */
export function adviceWhenForbidden(clusterName: string, source: string | undefined, answer: string): string {
  const command = `hawser token create --cluster-name ${clusterName} -o kubeconfig`
  const place = source === undefined ? "the agent's bootstrap kubeconfig" : source
  return (
    `Cannot join the hub: it knows the bootstrap token but does not let it ask for a certificate of "${clusterName}" (${answer}); ` +
    `a token made for another cluster is good for that name alone: put one for this into ${place} (on the hub: ${command}); ` +
    `a hub that was not prepared lets nobody in: there, hawser init. The agent goes on by itself`
  )
}

/**
 * Where to join. The bootstrap credentials know where the hub was; where the agent followed it to is tried as well,
 * every other time.
 */
export function planJoinAddress(
  stored: HubCredentials | undefined,
  bootstrap: HubAddress,
  failures: number,
): HubAddress {
  const hasMoved = stored?.joinedAt !== undefined && differingPart(stored.joinedAt, bootstrap) === undefined
  return hasMoved && failures % 2 === 0 ? stored.hub : bootstrap
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
