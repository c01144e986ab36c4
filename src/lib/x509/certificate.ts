import { createPublicKey, X509Certificate } from "node:crypto"
import type { KeyObject } from "node:crypto"
import { contextConstructed, contextTag, DerReader, readDer, readTime, readUnsignedHex, Tag } from "./der.ts"
import { readName } from "./distinguished-name.ts"
import type { ParsedName } from "./distinguished-name.ts"
import { readExtensions } from "./extensions.ts"
import type { Extensions } from "./extensions.ts"
import { decodePem, encodePem } from "./pem.ts"

/** A certificate that was read. Nothing about it has been verified. */
export type Certificate = Extensions & {
  readonly der: Uint8Array
  readonly subject: ParsedName
  readonly issuer: ParsedName
  /** Hexadecimal, lower case. */
  readonly serial: string
  readonly notBeforeMs: number
  /** The last instant of validity. */
  readonly notAfterMs: number
  /** SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array
}

/** Longest certificate that is read: real ones have 0.4 to 8 KB. */
const CERTIFICATE_BYTES_MAX = 64 * 1024

/**
 * Reads one certificate.
 *
 * @param input  DER, or PEM text of which the first `CERTIFICATE` counts
 * @throws Error that says what is wrong with the input
 */
export function parseCertificate(input: Uint8Array | string): Certificate {
  const der = typeof input === "string" ? firstCertificate(input) : input
  if (der.length > CERTIFICATE_BYTES_MAX) {
    throw new Error(`Cannot read certificate: it has ${der.length} bytes, want at most ${CERTIFICATE_BYTES_MAX}`)
  }
  try {
    return readCertificate(der)
  } catch (error) {
    throw new Error("Cannot read certificate", { cause: error })
  }
}

function firstCertificate(pem: string): Uint8Array {
  const block = decodePem(pem).find(({ label }) => label === "CERTIFICATE")
  if (block === undefined) throw new Error("Cannot read certificate: no CERTIFICATE block in the PEM text")
  return block.der
}

function readCertificate(der: Uint8Array): Certificate {
  const certificate = new DerReader(readDer(der, Tag.sequence).content)
  const tbs = certificate.enter(Tag.sequence)
  certificate.read(Tag.sequence)
  certificate.read(Tag.bitString)
  certificate.finish()
  tbs.optional(contextConstructed(0)) // version
  const serial = readUnsignedHex(tbs.read(Tag.integer))
  tbs.read(Tag.sequence) // signature algorithm, once more
  const issuer = readName(tbs)
  const validity = tbs.enter(Tag.sequence)
  const notBeforeMs = readTime(validity.read())
  const notAfterMs = readTime(validity.read())
  const subject = readName(tbs)
  const publicKeyDer = tbs.read(Tag.sequence).encoded
  tbs.optional(contextTag(1)) // unique identifiers of issuer and subject
  tbs.optional(contextTag(2))
  const wrapped = tbs.optional(contextConstructed(3))
  tbs.finish()
  const extensions =
    wrapped === undefined ? { unknownCritical: [] } : readExtensions(readDer(wrapped.content, Tag.sequence))
  return { ...extensions, der, subject, issuer, serial, notBeforeMs, notAfterMs, publicKeyDer }
}

/**
 * Every certificate of a PEM bundle in order: a serving chain, or the authorities that are trusted. Other blocks are
 * left out.
 * @throws Error when one of them cannot be read
 */
export function certificateChainOf(pemBundle: string): Certificate[] {
  return decodePem(pemBundle)
    .filter(({ label }) => label === "CERTIFICATE")
    .map(({ der }) => parseCertificate(der))
}

export function certificatePem(certificate: { readonly der: Uint8Array }): string {
  return encodePem("CERTIFICATE", certificate.der)
}

/** @throws Error for a kind of key that this machine's OpenSSL does not know */
export function certificatePublicKey(certificate: Certificate): KeyObject {
  return createPublicKey({ key: Buffer.from(certificate.publicKeyDer), format: "der", type: "spki" })
}

/** When a certificate is valid, both ends included. */
export function isValidAt(certificate: Certificate, nowMs: number): boolean {
  return nowMs >= certificate.notBeforeMs && nowMs <= certificate.notAfterMs
}

/**
 * @returns whether `issuer` may sign certificates and has signed this one. Says nothing about the validity of either.
 */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (Buffer.compare(certificate.issuer.der, issuer.subject.der) !== 0) return false
  const { authorityKeyId } = certificate
  const { subjectKeyId } = issuer
  if (
    authorityKeyId !== undefined &&
    subjectKeyId !== undefined &&
    Buffer.compare(authorityKeyId, subjectKeyId) !== 0
  ) {
    return false
  }
  if (issuer.isCa !== true) return false
  if (issuer.keyUsages !== undefined && !issuer.keyUsages.includes("keyCertSign")) return false
  try {
    return new X509Certificate(certificate.der).verify(certificatePublicKey(issuer))
  } catch {
    return false // a key or signature that OpenSSL cannot make sense of
  }
}

/**
 * Those of `authorities` that have signed the certificate. Signatures do not change: the answer may be cached.
 * Each authority that is trusted is an anchor of trust by itself, intermediate ones included, as with kube-apiserver's
 * --client-ca-file.
 */
export function issuersAmong(authorities: readonly Certificate[], certificate: Certificate): Certificate[] {
  return authorities.filter((authority) => isIssuedBy(certificate, authority))
}

/**
 * @param options.issuers  of {@link issuersAmong} the authorities that are trusted
 * @returns why the certificate is not to be trusted, undefined when it is
 */
export function distrustReason(
  certificate: Certificate,
  options: {
    readonly issuers: readonly Certificate[]
    readonly nowMs: number
    readonly usage: "clientAuth" | "serverAuth"
  },
): string | undefined {
  const { issuers, nowMs, usage } = options
  if (nowMs < certificate.notBeforeMs) return "certificate is not yet valid"
  if (!isValidAt(certificate, nowMs)) return "certificate has expired"
  if (certificate.unknownCritical.length > 0) return `unhandled critical extension ${certificate.unknownCritical[0]}`
  if (!permitsUsage(certificate, usage)) return `certificate is not for ${usage}`
  if (issuers.length === 0) return "certificate signed by unknown authority"
  const isAnchored = issuers.some(
    (issuer) => isValidAt(issuer, nowMs) && issuer.unknownCritical.length === 0 && permitsUsage(issuer, usage),
  )
  return isAnchored ? undefined : "the authority that signed the certificate is not valid"
}

/** A certificate without the extension serves every purpose. */
function permitsUsage(certificate: Certificate, usage: "clientAuth" | "serverAuth"): boolean {
  const { extendedUsages } = certificate
  return extendedUsages === undefined || extendedUsages.includes(usage) || extendedUsages.includes("any")
}
