import {
  contextTag,
  DerError,
  DerReader,
  readBoolean,
  readDer,
  readNamedBits,
  readOid,
  Tag,
  writeBoolean,
  writeDer,
  writeNamedBits,
  writeOctetString,
  writeOid,
  writeSequence,
} from "./der.ts"
import type { DerElement } from "./der.ts"
import { formatIpAddress, ipAddressBytes } from "./ip-address.ts"

/** Bits of KeyUsage, in their order. Source: RFC 5280, 4.2.1.3. */
const KEY_USAGES = [
  "digitalSignature",
  "contentCommitment",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const
export type KeyUsage = (typeof KEY_USAGES)[number]

const OID_OF_EXTENDED_USAGE = {
  any: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  emailProtection: "1.3.6.1.5.5.7.3.4",
  ipsecEndSystem: "1.3.6.1.5.5.7.3.5",
  ipsecTunnel: "1.3.6.1.5.5.7.3.6",
  ipsecUser: "1.3.6.1.5.5.7.3.7",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  ocspSigning: "1.3.6.1.5.5.7.3.9",
  microsoftSgc: "1.3.6.1.4.1.311.10.3.3",
  netscapeSgc: "2.16.840.1.113730.4.1",
} as const
export type ExtendedUsage = keyof typeof OID_OF_EXTENDED_USAGE

const EXTENDED_USAGE_OF_OID = new Map(Object.entries(OID_OF_EXTENDED_USAGE).map(([name, oid]) => [oid as string, name]))

const OID = {
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
} as const

export type SubjectAltNames = {
  readonly dnsNames: readonly string[]
  /** Text: `127.0.0.1`, `::1`. */
  readonly ipAddresses: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly uris: readonly string[]
}

/** What a certificate or a request says beside its subject and key. Absent: the extension is not there. */
export type Extensions = {
  readonly altNames?: SubjectAltNames
  readonly isCa?: boolean
  readonly keyUsages?: readonly KeyUsage[]
  /** Names where known, dotted OIDs otherwise. */
  readonly extendedUsages?: readonly string[]
  readonly subjectKeyId?: Uint8Array
  readonly authorityKeyId?: Uint8Array
  /** Critical extensions that this reader does not know: such a certificate must not be trusted (RFC 5280, 4.2). */
  readonly unknownCritical: readonly string[]
}

/** Tags of GeneralName. Source: RFC 5280, 4.2.1.6. */
const ALT_EMAIL = contextTag(1)
const ALT_DNS = contextTag(2)
const ALT_URI = contextTag(6)
const ALT_IP = contextTag(7)

function writeExtension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return writeSequence(writeOid(oid), ...(critical ? [writeBoolean(true)] : []), writeOctetString(value))
}

function writeAltNames(names: SubjectAltNames): Uint8Array {
  const text = (tag: number) => (value: string) => {
    for (const character of value) {
      if (character > "\x7e" || character < " ") throw new Error(`Cannot certify name "${value}": want ASCII text`)
    }
    return writeDer(tag, Buffer.from(value, "latin1"))
  }
  return writeSequence(
    ...names.dnsNames.map(text(ALT_DNS)),
    ...names.emailAddresses.map(text(ALT_EMAIL)),
    ...names.ipAddresses.map((address) => writeDer(ALT_IP, ipAddressBytes(address))),
    ...names.uris.map(text(ALT_URI)),
  )
}

const hasAltNames = (names: SubjectAltNames | undefined): names is SubjectAltNames =>
  names !== undefined &&
  names.dnsNames.length + names.ipAddresses.length + names.emailAddresses.length + names.uris.length > 0

/** `Extensions ::= SEQUENCE OF Extension`, in the order in which Go writes them; undefined when there are none. */
export function writeExtensions(extensions: Omit<Extensions, "unknownCritical">): Uint8Array | undefined {
  const { altNames, isCa, keyUsages, extendedUsages, subjectKeyId, authorityKeyId } = extensions
  const all: Uint8Array[] = []
  if (keyUsages !== undefined && keyUsages.length > 0) {
    const bits = writeNamedBits(keyUsages.map((usage) => KEY_USAGES.indexOf(usage)))
    all.push(writeExtension(OID.keyUsage, true, bits))
  }
  if (extendedUsages !== undefined && extendedUsages.length > 0) {
    const oids = extendedUsages.map((usage) => writeOid(OID_OF_EXTENDED_USAGE[usage as ExtendedUsage] ?? usage))
    all.push(writeExtension(OID.extendedKeyUsage, false, writeSequence(...oids)))
  }
  if (isCa !== undefined) {
    const constraints = isCa ? writeSequence(writeBoolean(true)) : writeSequence()
    all.push(writeExtension(OID.basicConstraints, true, constraints))
  }
  if (subjectKeyId !== undefined) all.push(writeExtension(OID.subjectKeyId, false, writeOctetString(subjectKeyId)))
  if (authorityKeyId !== undefined) {
    all.push(writeExtension(OID.authorityKeyId, false, writeSequence(writeDer(contextTag(0), authorityKeyId))))
  }
  if (hasAltNames(altNames)) all.push(writeExtension(OID.subjectAltName, false, writeAltNames(altNames)))
  return all.length === 0 ? undefined : writeSequence(...all)
}

function readAltNames(value: Uint8Array): SubjectAltNames {
  const names = {
    dnsNames: [] as string[],
    ipAddresses: [] as string[],
    emailAddresses: [] as string[],
    uris: [] as string[],
  }
  const reader = new DerReader(readDer(value, Tag.sequence).content)
  while (!reader.done) {
    const { tag, content } = reader.read()
    const text = () => Buffer.from(content).toString("latin1")
    if (tag === ALT_DNS) names.dnsNames.push(text())
    else if (tag === ALT_EMAIL) names.emailAddresses.push(text())
    else if (tag === ALT_URI) names.uris.push(text())
    else if (tag === ALT_IP) {
      if (content.length !== 4 && content.length !== 16)
        throw new DerError("Cannot read DER: IP address of a wrong length")
      names.ipAddresses.push(formatIpAddress(content))
    }
    // Other forms (directory names, registered ids) have no meaning for Kubernetes.
  }
  return names
}

function readExtendedUsages(value: Uint8Array): string[] {
  const usages: string[] = []
  const reader = new DerReader(readDer(value, Tag.sequence).content)
  while (!reader.done) {
    const oid = readOid(reader.read(Tag.oid))
    usages.push(EXTENDED_USAGE_OF_OID.get(oid) ?? oid)
  }
  return usages
}

function readIsCa(value: Uint8Array): boolean {
  const flag = new DerReader(readDer(value, Tag.sequence).content).optional(Tag.boolean)
  return flag !== undefined && readBoolean(flag)
}

/** The content of one extension's octet string as a part of {@link Extensions}; undefined when it is not known. */
function readValue(oid: string, value: Uint8Array): Partial<Extensions> | undefined {
  switch (oid) {
    case OID.keyUsage:
      return { keyUsages: readNamedBits(readDer(value, Tag.bitString)).flatMap((bit) => KEY_USAGES[bit] ?? []) }
    case OID.extendedKeyUsage:
      return { extendedUsages: readExtendedUsages(value) }
    case OID.basicConstraints:
      return { isCa: readIsCa(value) }
    case OID.subjectAltName:
      return { altNames: readAltNames(value) }
    case OID.subjectKeyId:
      return { subjectKeyId: readDer(value, Tag.octetString).content }
    case OID.authorityKeyId: {
      const keyId = new DerReader(readDer(value, Tag.sequence).content).optional(contextTag(0))
      return keyId === undefined ? {} : { authorityKeyId: keyId.content }
    }
    default:
      return undefined
  }
}

/** @param element  `Extensions ::= SEQUENCE OF Extension`. @throws DerError when it is malformed or names one twice */
export function readExtensions(element: DerElement): Extensions {
  let known: Partial<Extensions> = {}
  const unknownCritical: string[] = []
  const seen = new Set<string>()
  const list = new DerReader(element.content)
  while (!list.done) {
    const extension = list.enter(Tag.sequence)
    const oid = readOid(extension.read(Tag.oid))
    const criticalFlag = extension.optional(Tag.boolean)
    const value = extension.read(Tag.octetString).content
    extension.finish()
    if (seen.has(oid)) throw new DerError(`Cannot read DER: extension ${oid} occurs twice`)
    seen.add(oid)
    const parsed = readValue(oid, value)
    if (parsed !== undefined) known = { ...known, ...parsed }
    else if (criticalFlag !== undefined && readBoolean(criticalFlag)) unknownCritical.push(oid)
  }
  return { ...known, unknownCritical }
}
