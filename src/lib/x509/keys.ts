import { createECDH, createPrivateKey, createPublicKey, sign, verify } from "node:crypto"
import type { KeyObject } from "node:crypto"
import type { Random } from "#lib/random.ts"
import {
  contextConstructed,
  writeBitString,
  writeDer,
  writeNull,
  writeOctetString,
  writeOid,
  writeSequence,
  writeSmallInteger,
  writeUnsigned,
} from "./der.ts"
import { encodePem } from "./pem.ts"
import { canSignRepeatably, signRepeatably } from "./repeatable-signature.ts"

const OID_P256 = "1.2.840.10045.3.1.7"
/** The order of P-256's group: private keys are the numbers from 1 below it. Source: SEC 2, 2.4.2. */
const P256_ORDER = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex")

/**
 * A new EC P-256 key. Drawn from `random` so that a simulation makes the same keys again; the machine's randomness
 * gives what any other generator would (FIPS 186-5, A.2.2: rejection sampling).
 */
export function newPrivateKey(random: Random): KeyObject {
  let secret = Buffer.from(random.bytes(32))
  while (Buffer.compare(secret, P256_ORDER) >= 0 || secret.every((byte) => byte === 0)) {
    secret = Buffer.from(random.bytes(32))
  }
  const curve = createECDH("prime256v1")
  curve.setPrivateKey(secret)
  const sec1 = writeSequence(
    writeSmallInteger(1),
    writeOctetString(secret),
    writeDer(contextConstructed(0), [writeOid(OID_P256)]),
    writeDer(contextConstructed(1), [writeBitString(curve.getPublicKey())]),
  )
  return createPrivateKey({ key: Buffer.from(sec1), format: "der", type: "sec1" })
}

/** `EC PRIVATE KEY` (SEC1) for EC keys, which is what OCM's agents store; `PRIVATE KEY` (PKCS #8) for others. */
export function privateKeyPem(key: KeyObject): string {
  return key.asymmetricKeyType === "ec"
    ? encodePem("EC PRIVATE KEY", key.export({ format: "der", type: "sec1" }))
    : encodePem("PRIVATE KEY", key.export({ format: "der", type: "pkcs8" }))
}

/** Reads a SEC1, PKCS #1 or PKCS #8 key. @throws Error that says what it was given, without its content */
export function parsePrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw new Error("Cannot read private key: want an unencrypted PEM key", { cause: error })
  }
}

/** The public half of a private key, or a public key from PEM. */
export function publicKeyOf(key: KeyObject | string): KeyObject {
  return typeof key !== "string" && key.type === "public" ? key : createPublicKey(key)
}

/** SubjectPublicKeyInfo. */
export function publicKeyDer(key: KeyObject): Uint8Array {
  return publicKeyOf(key).export({ format: "der", type: "spki" })
}

/** `PUBLIC KEY` (SubjectPublicKeyInfo). */
export function publicKeyPem(key: KeyObject): string {
  return encodePem("PUBLIC KEY", publicKeyDer(key))
}

/** @returns whether both are the same key, or halves of one */
export function isSameKey(a: KeyObject, b: KeyObject): boolean {
  return publicKeyOf(a).equals(publicKeyOf(b))
}

type SignatureAlgorithm = { readonly oid: string; readonly keyType: string; readonly digest: string | null }

const ALGORITHMS: readonly SignatureAlgorithm[] = [
  { oid: "1.2.840.10045.4.3.2", keyType: "ec", digest: "sha256" },
  { oid: "1.2.840.10045.4.3.3", keyType: "ec", digest: "sha384" },
  { oid: "1.2.840.10045.4.3.4", keyType: "ec", digest: "sha512" },
  { oid: "1.2.840.113549.1.1.11", keyType: "rsa", digest: "sha256" },
  { oid: "1.2.840.113549.1.1.12", keyType: "rsa", digest: "sha384" },
  { oid: "1.2.840.113549.1.1.13", keyType: "rsa", digest: "sha512" },
  { oid: "1.3.101.112", keyType: "ed25519", digest: null },
]

const DIGEST_OF_CURVE: Readonly<Record<string, string>> = { secp384r1: "sha384", secp521r1: "sha512" }

function algorithmFor(key: KeyObject): SignatureAlgorithm {
  const digest =
    key.asymmetricKeyType === "ed25519"
      ? null
      : (DIGEST_OF_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? "sha256")
  const found = ALGORITHMS.find((a) => a.keyType === key.asymmetricKeyType && a.digest === digest)
  if (found === undefined)
    throw new Error(`Cannot sign with a key of type "${key.asymmetricKeyType}": want ec, rsa or ed25519`)
  return found
}

/** AlgorithmIdentifier of the signatures that `key` makes. */
export function signatureAlgorithmDer(key: KeyObject): Uint8Array {
  const { oid, keyType } = algorithmFor(key)
  return keyType === "rsa" ? writeSequence(writeOid(oid), writeNull()) : writeSequence(writeOid(oid))
}

/**
 * Signs as X.509 does: ECDSA signatures in DER.
 * @param random  a repeatable one makes ECDSA signatures that repeat, too
 */
export function signBytes(key: KeyObject, data: Uint8Array, random?: Random): Uint8Array {
  if (random?.repeatable === true && canSignRepeatably(key)) {
    const signature = signRepeatably(key, data)
    return writeSequence(writeUnsigned(signature.subarray(0, 32)), writeUnsigned(signature.subarray(32)))
  }
  return sign(algorithmFor(key).digest, data, key)
}

/** @returns false for a wrong signature and for an algorithm that does not fit the key or is not known */
export function verifyBytes(
  publicKey: KeyObject,
  algorithmOid: string,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const algorithm = ALGORITHMS.find((a) => a.oid === algorithmOid)
  if (algorithm === undefined || algorithm.keyType !== publicKey.asymmetricKeyType) return false
  try {
    return verify(algorithm.digest, data, publicKey, signature)
  } catch {
    return false // a signature that is no DER at all
  }
}
