import { DerReader, readOid, readText, Tag, writeOid, writeSequence, writeSet, writeUtf8 } from "./der.ts"

/** The parts of a certificate's subject or issuer that Kubernetes gives a meaning: CN is the user, O the groups. */
export type DistinguishedName = {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly organizationalUnits?: readonly string[]
}

const OID_COMMON_NAME = "2.5.4.3"
const OID_ORGANIZATION = "2.5.4.10"
const OID_ORGANIZATIONAL_UNIT = "2.5.4.11"
/** A user's uid in a client certificate. Source: k8s.io/apimachinery pkg/apis/asn1. */
const OID_USER_UID = "1.3.6.1.4.1.57683.2"

export function writeName(name: DistinguishedName): Uint8Array {
  const attribute = (oid: string) => (value: string) => writeSet(writeSequence(writeOid(oid), writeUtf8(value)))
  return writeSequence(
    ...name.organizations.map(attribute(OID_ORGANIZATION)),
    ...(name.organizationalUnits ?? []).map(attribute(OID_ORGANIZATIONAL_UNIT)),
    ...(name.commonName === "" ? [] : [attribute(OID_COMMON_NAME)(name.commonName)]),
  )
}

export type ParsedName = Required<DistinguishedName> & {
  /** As it was encoded: names are compared by these bytes. */
  readonly der: Uint8Array
  readonly userUids: readonly string[]
}

/** Reads the next element as a Name. Several values in one set and in sets of their own mean the same. */
export function readName(reader: DerReader): ParsedName {
  const element = reader.read(Tag.sequence)
  const values = new Map<string, string[]>()
  const sets = new DerReader(element.content)
  while (!sets.done) {
    const set = sets.enter(Tag.set)
    while (!set.done) {
      const attribute = set.enter(Tag.sequence)
      const oid = readOid(attribute.read(Tag.oid))
      const value = attribute.read()
      attribute.finish()
      if (!KNOWN.has(oid)) continue
      const list = values.get(oid)
      if (list === undefined) values.set(oid, [readText(value)])
      else list.push(readText(value))
    }
  }
  return {
    // Of several common names the last counts, as in Go's crypto/x509/pkix.
    commonName: values.get(OID_COMMON_NAME)?.at(-1) ?? "",
    organizations: values.get(OID_ORGANIZATION) ?? [],
    organizationalUnits: values.get(OID_ORGANIZATIONAL_UNIT) ?? [],
    userUids: values.get(OID_USER_UID) ?? [],
    der: element.encoded,
  }
}

const KNOWN = new Set([OID_COMMON_NAME, OID_ORGANIZATION, OID_ORGANIZATIONAL_UNIT, OID_USER_UID])
