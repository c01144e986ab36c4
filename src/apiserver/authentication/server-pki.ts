import type { Clock } from "#lib/clock.ts"
import type { Random } from "#lib/random.ts"
import {
  BACKDATE_MS,
  DAY_MS,
  loadCertificateAuthority,
  newCertificateAuthority,
  signCertificate,
} from "#lib/x509/authority.ts"
import type { CertificateAuthority } from "#lib/x509/authority.ts"
import { certificatePem, certificatePublicKey, isIssuedBy, isValidAt, parseCertificate } from "#lib/x509/certificate.ts"
import type { Certificate } from "#lib/x509/certificate.ts"
import { formatIpAddress, ipAddressBytes, isIpAddress } from "#lib/x509/ip-address.ts"
import { isSameKey, newPrivateKey, parsePrivateKey, privateKeyPem } from "#lib/x509/keys.ts"
import { GROUP_MASTERS } from "./user.ts"

/** Everything secret or signed that a server needs, as PEM. Who calls keeps it. */
export type ServerPki = {
  readonly caCertificate: string
  readonly caKey: string
  readonly servingCertificate: string
  readonly servingKey: string
  /** A client certificate of system:masters. */
  readonly adminCertificate: string
  readonly adminKey: string
  readonly serviceAccountKey: string
  /** Of who says to other API servers for whom a request is: see ensureProxy. */
  readonly proxyAuthority: string
  readonly proxyCertificate: string
  readonly proxyKey: string
}

export type ServerPkiOptions = {
  /** What was kept last time; nothing at the first start. */
  readonly existing: Partial<ServerPki>
  /** Names and IP addresses that the server is reached at, besides the usual ones. */
  readonly serverNames: readonly string[]
  readonly clock: Clock
  readonly random: Random
}

const LEAF_LIFETIME_MS = 365 * DAY_MS
/** A leaf with less than this left is issued again at the next start. */
const RENEW_BEFORE_MS = 90 * DAY_MS

const SERVER_NAMES = ["localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]

/**
 * Makes what is missing, and issues again what is about to expire or no longer has the right names. The authority and
 * the service account key are never replaced: every agent and every token depends on them.
 *
 * @returns also which files are new
 * @throws Error when the authority that was kept cannot be used
 */
export function ensureServerPki(options: ServerPkiOptions): {
  readonly pki: ServerPki
  readonly changed: readonly (keyof ServerPki)[]
} {
  const { existing, random, clock } = options
  const authority = ensureAuthority(options)
  const { ca } = authority
  const serving = ensureLeaf({ certificate: existing.servingCertificate, key: existing.servingKey }, ca, options, {
    subject: { commonName: "kube-apiserver", organizations: [] },
    usages: ["serverAuth"],
    ...splitNames([...SERVER_NAMES, ...options.serverNames]),
  })
  const admin = ensureLeaf(
    { certificate: existing.adminCertificate, key: existing.adminKey },
    ca,
    { clock, random },
    {
      subject: { commonName: "kubernetes-admin", organizations: [GROUP_MASTERS] },
      usages: ["clientAuth"],
      dnsNames: [],
      ipAddresses: [],
    },
  )
  const proxy = ensureProxy(options)
  const pki: ServerPki = {
    caCertificate: authority.certificate,
    caKey: authority.key,
    servingCertificate: serving.certificate,
    servingKey: serving.key,
    adminCertificate: admin.certificate,
    adminKey: admin.key,
    serviceAccountKey: existing.serviceAccountKey ?? privateKeyPem(newPrivateKey(random)),
    proxyAuthority: proxy.authority,
    proxyCertificate: proxy.certificate,
    proxyKey: proxy.key,
  }
  const changed = (Object.keys(pki) as (keyof ServerPki)[]).filter((file) => pki[file] !== existing[file])
  return { pki, changed }
}

type KeyPair = { readonly certificate: string; readonly key: string }

function ensureAuthority({
  existing,
  clock,
  random,
}: ServerPkiOptions): KeyPair & { readonly ca: CertificateAuthority } {
  const { caCertificate, caKey } = existing
  if (caCertificate === undefined && caKey === undefined) {
    const made = newCertificateAuthority({ commonName: "hawser", clock, random })
    return { certificate: made.certificatePem, key: made.keyPem, ca: made }
  }
  if (caCertificate === undefined || caKey === undefined) {
    const missing = caKey === undefined ? "key" : "certificate"
    throw new Error(`Cannot use certificate authority: its ${missing} is missing, want both or neither`)
  }
  const ca = loadCertificateAuthority({ certificatePem: caCertificate, keyPem: caKey })
  if (!isValidAt(ca.certificate, clock.nowMs())) {
    const until = new Date(ca.certificate.notAfterMs).toISOString()
    throw new Error(`Cannot use certificate authority: it is valid until ${until}, want one that is valid now`)
  }
  return { certificate: caCertificate, key: caKey, ca }
}

/** The name by which other API servers know the one that passes requests on to them. */
export const PROXY_NAME = "front-proxy-client"

/**
 * An authority that signs once, and whose key nobody keeps: who can sign by it could be anybody towards other servers. Those
 * look for its certificate in a ConfigMap, so both can be made anew.
 */
function ensureProxy({ existing, clock, random }: ServerPkiOptions): KeyPair & { readonly authority: string } {
  const { proxyAuthority, proxyCertificate, proxyKey } = existing
  const kept = readOrUndefined(() => parseCertificate(proxyCertificate ?? ""))
  const serves = kept !== undefined && clock.nowMs() < kept.notAfterMs - RENEW_BEFORE_MS
  if (serves && proxyAuthority !== undefined && proxyKey !== undefined)
    return { authority: proxyAuthority, certificate: proxyCertificate!, key: proxyKey }
  const ca = newCertificateAuthority({ commonName: "hawser-front-proxy", clock, random })
  const template = { subject: { commonName: PROXY_NAME, organizations: [] }, usages: ["clientAuth"] }
  const none = { certificate: undefined, key: undefined }
  const leaf = ensureLeaf(none, ca, { clock, random }, { ...template, dnsNames: [], ipAddresses: [] })
  return { authority: ca.certificatePem, ...leaf }
}

type LeafTemplate = {
  readonly subject: { readonly commonName: string; readonly organizations: readonly string[] }
  readonly usages: readonly string[]
  readonly dnsNames: readonly string[]
  /** In their usual text. */
  readonly ipAddresses: readonly string[]
}

/** Keeps the pair if it still serves, and the key if only the certificate does not. */
function ensureLeaf(
  existing: { readonly certificate: string | undefined; readonly key: string | undefined },
  ca: CertificateAuthority,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  template: LeafTemplate,
): KeyPair {
  const nowMs = clock.nowMs()
  const key = readOrUndefined(() => parsePrivateKey(existing.key ?? ""))
  const certificate = readOrUndefined(() => parseCertificate(existing.certificate ?? ""))
  if (key !== undefined && certificate !== undefined) {
    const serves =
      isSameKey(certificatePublicKey(certificate), key) &&
      isIssuedBy(certificate, ca.certificate) &&
      isFresh(certificate, ca, nowMs) &&
      hasNames(certificate, template)
    if (serves) return { certificate: existing.certificate!, key: existing.key! }
  }
  const signingKey = key ?? newPrivateKey(random)
  const issued = signCertificate({
    ...template,
    ca,
    random,
    publicKey: signingKey,
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs: Math.min(nowMs + LEAF_LIFETIME_MS, ca.certificate.notAfterMs),
  })
  return { certificate: certificatePem(issued), key: privateKeyPem(signingKey) }
}

/** A leaf that ends with its authority cannot be renewed any longer than that. */
function isFresh(certificate: Certificate, ca: CertificateAuthority, nowMs: number): boolean {
  if (!isValidAt(certificate, nowMs)) return false
  return nowMs < certificate.notAfterMs - RENEW_BEFORE_MS || certificate.notAfterMs >= ca.certificate.notAfterMs
}

function hasNames(certificate: Certificate, wanted: LeafTemplate): boolean {
  const { dnsNames = [], ipAddresses = [] } = certificate.altNames ?? {}
  const { commonName, organizations } = certificate.subject
  return (
    isSameSet(dnsNames, wanted.dnsNames) &&
    isSameSet(ipAddresses, wanted.ipAddresses) &&
    isSameSet([commonName, ...organizations], [wanted.subject.commonName, ...wanted.subject.organizations])
  )
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.every((item) => b.includes(item)) && b.every((item) => a.includes(item))
}

function splitNames(names: readonly string[]): { dnsNames: string[]; ipAddresses: string[] } {
  const unique = [...new Set(names.map((name) => (isIpAddress(name) ? formatIpAddress(ipAddressBytes(name)) : name)))]
  return { dnsNames: unique.filter((name) => !isIpAddress(name)), ipAddresses: unique.filter(isIpAddress) }
}

function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
