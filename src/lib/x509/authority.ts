import { createHash } from "node:crypto"
import type { KeyObject } from "node:crypto"
import type { Clock } from "#lib/clock.ts"
import type { Random } from "#lib/random.ts"
import { certificatePem, certificatePublicKey, parseCertificate } from "./certificate.ts"
import type { Certificate } from "./certificate.ts"
import {
  contextConstructed,
  DerReader,
  readBitString,
  readDer,
  Tag,
  writeBitString,
  writeDer,
  writeSequence,
  writeSmallInteger,
  writeTime,
  writeUnsigned,
} from "./der.ts"
import { writeName } from "./distinguished-name.ts"
import type { DistinguishedName } from "./distinguished-name.ts"
import { writeExtensions } from "./extensions.ts"
import type { KeyUsage } from "./extensions.ts"
import {
  isSameKey,
  newPrivateKey,
  parsePrivateKey,
  privateKeyPem,
  publicKeyDer,
  signatureAlgorithmDer,
  signBytes,
} from "./keys.ts"

/** What signs certificates. */
export type CertificateAuthority = {
  readonly certificate: Certificate
  readonly certificatePem: string
  readonly key: KeyObject
}

export const DAY_MS = 24 * 60 * 60 * 1000
/** How long an authority of ours lasts: ten years, as kubeadm's. */
const AUTHORITY_LIFETIME_MS = 3650 * DAY_MS
/** New certificates are valid from a little before now: clocks of other machines may be behind. */
export const BACKDATE_MS = 5 * 60 * 1000

/** A self-signed authority with a new EC P-256 key. */
export function newCertificateAuthority(options: {
  readonly commonName: string
  readonly clock: Clock
  readonly random: Random
  readonly lifetimeMs?: number
}): CertificateAuthority & { readonly keyPem: string } {
  const { clock, random } = options
  const key = newPrivateKey(random)
  const der = signTbs(key, {
    random,
    subject: { commonName: options.commonName, organizations: [] },
    publicKey: key,
    notBeforeMs: clock.nowMs() - BACKDATE_MS,
    notAfterMs: clock.nowMs() + (options.lifetimeMs ?? AUTHORITY_LIFETIME_MS),
    usages: [],
    isCa: true,
  })
  const certificate = parseCertificate(der)
  return { certificate, certificatePem: certificatePem(certificate), key, keyPem: privateKeyPem(key) }
}

/**
 * An authority from its files.
 * @throws Error when they cannot be read, do not belong together, or are none of an authority
 */
export function loadCertificateAuthority(files: {
  readonly certificatePem: string
  readonly keyPem: string
}): CertificateAuthority {
  const certificate = parseCertificate(files.certificatePem)
  const key = parsePrivateKey(files.keyPem)
  if (!isSameKey(certificatePublicKey(certificate), key)) {
    throw new Error("Cannot use certificate authority: its key does not belong to its certificate")
  }
  if (certificate.isCa !== true)
    throw new Error("Cannot use certificate authority: its certificate is none of an authority")
  return { certificate, certificatePem: certificatePem(certificate), key }
}

export type CertificateTemplate = {
  /** For the serial number; a repeatable one makes the signature repeat, too. */
  readonly random: Random
  readonly subject: DistinguishedName
  /** A private key stands for its public half. */
  readonly publicKey: KeyObject
  /** Both are cut to whole seconds. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Extended key usages: `clientAuth`, `serverAuth`, others by name or dotted OID. */
  readonly usages: readonly string[]
  /** Default: digitalSignature and keyEncipherment; keyCertSign, cRLSign and digitalSignature for an authority. */
  readonly keyUsages?: readonly KeyUsage[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly emailAddresses?: readonly string[]
  readonly uris?: readonly string[]
  readonly isCa?: boolean
}

/** Signs a certificate. @throws Error for a name that no certificate can carry */
export function signCertificate(template: CertificateTemplate & { readonly ca: CertificateAuthority }): Certificate {
  return parseCertificate(signTbs(template.ca.key, template, template.ca.certificate))
}

/** @param issuer  absent: the certificate signs itself */
function signTbs(key: KeyObject, template: CertificateTemplate, issuer?: Certificate): Uint8Array {
  const { isCa = false } = template
  const subject = writeName(template.subject)
  const publicKey = publicKeyDer(template.publicKey)
  const authorityKeyId = issuer?.subjectKeyId
  const extensions = writeExtensions({
    altNames: {
      dnsNames: template.dnsNames ?? [],
      ipAddresses: template.ipAddresses ?? [],
      emailAddresses: template.emailAddresses ?? [],
      uris: template.uris ?? [],
    },
    isCa,
    keyUsages: template.keyUsages ?? (isCa ? CA_KEY_USAGES : LEAF_KEY_USAGES),
    extendedUsages: template.usages,
    // Only authorities need one, for those below them to point at; Go leaves it out of others, too.
    ...(isCa ? { subjectKeyId: keyIdentifier(publicKey) } : {}),
    ...(authorityKeyId === undefined ? {} : { authorityKeyId }),
  })!
  const algorithm = signatureAlgorithmDer(key)
  const tbs = writeSequence(
    writeDer(contextConstructed(0), [writeSmallInteger(2)]), // version 3
    writeUnsigned(newSerial(template.random)),
    algorithm,
    issuer?.subject.der ?? subject,
    writeSequence(writeTime(template.notBeforeMs), writeTime(template.notAfterMs)),
    subject,
    publicKey,
    writeDer(contextConstructed(3), [extensions]),
  )
  return writeSequence(tbs, algorithm, writeBitString(signBytes(key, tbs, template.random)))
}

const CA_KEY_USAGES: readonly KeyUsage[] = ["digitalSignature", "keyCertSign", "cRLSign"]
const LEAF_KEY_USAGES: readonly KeyUsage[] = ["digitalSignature", "keyEncipherment"]

/** A positive number of 127 random bits; RFC 5280 allows 20 bytes and CAs must use at least 64 random bits. */
function newSerial(random: Random): Uint8Array {
  const serial = Uint8Array.from(random.bytes(16))
  serial[0] = (serial[0]! & 0x7f) | 0x40
  return serial
}

/** SHA-1 of the public key's bits: RFC 5280, 4.2.1.2, method 1. It finds a key and protects nothing. */
function keyIdentifier(spki: Uint8Array): Uint8Array {
  const reader = new DerReader(readDer(spki, Tag.sequence).content)
  reader.read(Tag.sequence)
  return createHash("sha1")
    .update(readBitString(reader.read(Tag.bitString)))
    .digest()
}
