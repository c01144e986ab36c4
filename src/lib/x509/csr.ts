import { createPublicKey } from "node:crypto"
import type { KeyObject } from "node:crypto"
import type { Random } from "#lib/random.ts"
import {
  contextConstructed,
  DerReader,
  readBitString,
  readDer,
  readOid,
  readUnsignedHex,
  Tag,
  writeBitString,
  writeDer,
  writeOid,
  writeSequence,
  writeSet,
  writeSmallInteger,
} from "./der.ts"
import { readName, writeName } from "./distinguished-name.ts"
import type { ParsedName } from "./distinguished-name.ts"
import { readExtensions, writeExtensions } from "./extensions.ts"
import type { Extensions, SubjectAltNames } from "./extensions.ts"
import { publicKeyDer, signatureAlgorithmDer, signBytes, verifyBytes } from "./keys.ts"
import { decodePem, encodePem } from "./pem.ts"

/** Source: RFC 2985, 5.4.2. */
const OID_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
/** Longest request that is read: real ones have 0.3 to 4 KB. */
const CSR_TEXT_MAX = 64 * 1024

/** A certificate signing request as PEM, signed with `key` (RFC 2986). */
export function createCsr(options: {
  readonly key: KeyObject
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly organizationalUnits?: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  /** A repeatable one makes the signature repeat, too. */
  readonly random?: Random
}): string {
  const { key, dnsNames = [], ipAddresses = [] } = options
  const extensions = writeExtensions({ altNames: { dnsNames, ipAddresses, emailAddresses: [], uris: [] } })
  const attributes =
    extensions === undefined ? [] : [writeSequence(writeOid(OID_EXTENSION_REQUEST), writeSet(extensions))]
  const info = writeSequence(
    writeSmallInteger(0), // version 1
    writeName(options),
    publicKeyDer(key),
    writeDer(contextConstructed(0), attributes),
  )
  return encodePem(
    "CERTIFICATE REQUEST",
    writeSequence(info, signatureAlgorithmDer(key), writeBitString(signBytes(key, info, options.random))),
  )
}

/** A request that was read, and whose sender has proved to hold the key. */
export type CertificateRequest = {
  readonly subject: ParsedName
  readonly publicKey: KeyObject
  readonly altNames: SubjectAltNames
}

/** The request is malformed, or its signature is not that of its key. */
export class CsrError extends Error {
  override readonly name = "CsrError"
}

/**
 * Reads a PEM request and verifies its signature.
 * @throws CsrError that says what is wrong with it
 */
export function parseCsr(pem: string): CertificateRequest {
  if (pem.length > CSR_TEXT_MAX) {
    throw new CsrError(`Cannot read certificate request: it has ${pem.length} characters, want at most ${CSR_TEXT_MAX}`)
  }
  // The first block alone counts, as in kube-apiserver: what a person reviews is what is signed.
  const [block] = decodePem(pem)
  if (block === undefined) throw new CsrError("Cannot read certificate request: no PEM block in the text")
  if (block.label !== "CERTIFICATE REQUEST") {
    throw new CsrError(`Cannot read certificate request: found PEM block "${block.label}", want "CERTIFICATE REQUEST"`)
  }
  try {
    return readRequest(block.der)
  } catch (error) {
    if (error instanceof CsrError) throw error
    throw new CsrError("Cannot read certificate request: malformed", { cause: error })
  }
}

function readRequest(der: Uint8Array): CertificateRequest {
  const request = new DerReader(readDer(der, Tag.sequence).content)
  const infoElement = request.read(Tag.sequence)
  const algorithmOid = readOid(request.enter(Tag.sequence).read(Tag.oid))
  const signature = readBitString(request.read(Tag.bitString))
  request.finish()

  const info = new DerReader(infoElement.content)
  const version = readUnsignedHex(info.read(Tag.integer))
  if (version !== "00") throw new CsrError(`Cannot read certificate request: version is 0x${version}, want 0`)
  const subject = readName(info)
  const publicKeyInfo = info.read(Tag.sequence).encoded
  const attributes = info.optional(contextConstructed(0))
  info.finish()

  const publicKey = createPublicKey({ key: Buffer.from(publicKeyInfo), format: "der", type: "spki" })
  if (!verifyBytes(publicKey, algorithmOid, infoElement.encoded, signature)) {
    throw new CsrError("Cannot read certificate request: its signature is not that of its key")
  }
  const { altNames } = readRequestedExtensions(attributes?.content ?? new Uint8Array())
  return { subject, publicKey, altNames: altNames ?? NO_ALT_NAMES }
}

const NO_ALT_NAMES: SubjectAltNames = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] }

/** @param attributes  the content of `[0] Attributes`; others than the extension request are left out */
function readRequestedExtensions(attributes: Uint8Array): Partial<Extensions> {
  const reader = new DerReader(attributes)
  let extensions: Partial<Extensions> = {}
  while (!reader.done) {
    const attribute = reader.enter(Tag.sequence)
    const oid = readOid(attribute.read(Tag.oid))
    const values = attribute.enter(Tag.set)
    attribute.finish()
    if (oid === OID_EXTENSION_REQUEST) extensions = { ...extensions, ...readExtensions(values.read(Tag.sequence)) }
  }
  return extensions
}
