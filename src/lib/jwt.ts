/**
 * JSON Web Tokens (RFC 7519), signed with ES256 or RS256. Everything is synchronous on node:crypto, not on webcrypto:
 * a simulation must run in the same order every time, and work on the thread pool ends when it likes.
 */
import { constants, createHash, createPublicKey, sign, verify } from "node:crypto"
import type { KeyObject } from "node:crypto"
import type { Random } from "./random.ts"
import { canSignRepeatably, signRepeatably } from "./x509/repeatable-signature.ts"

export type JwtAlgorithm = "ES256" | "RS256"

export type JwtClaims = { readonly [claim: string]: unknown }

/** A key that tokens are checked with. */
export type JwtKey = {
  /** base64url of the SHA-256 of the public key's DER, as kube-apiserver names its keys. */
  readonly keyId: string
  readonly algorithm: JwtAlgorithm
  readonly publicKey: KeyObject
}

/** Why a token does not count. */
export class JwtError extends Error {
  override readonly name = "JwtError"
}

/** Longest token that is looked at: those of service accounts have about 1 KB. */
const TOKEN_LENGTH_MAX = 16 * 1024

/** @param key  EC P-256 or RSA; a private key or its PEM stands for its public half. @throws Error for other keys */
export function jwtKey(key: KeyObject | string): JwtKey {
  const publicKey = typeof key !== "string" && key.type === "public" ? key : createPublicKey(key)
  const algorithm = algorithmOf(publicKey)
  const der = publicKey.export({ format: "der", type: "spki" })
  return { keyId: createHash("sha256").update(der).digest("base64url"), algorithm, publicKey }
}

function algorithmOf(key: KeyObject): JwtAlgorithm {
  if (key.asymmetricKeyType === "rsa") return "RS256"
  if (key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") return "ES256"
  throw new Error(`Cannot use a key of type "${key.asymmetricKeyType}" for tokens: want EC P-256 or RSA`)
}

/** The public key as RFC 7517 and JWKS documents write it. */
export function jwkOf(key: JwtKey): Record<string, unknown> {
  return { use: "sig", kid: key.keyId, alg: key.algorithm, ...key.publicKey.export({ format: "jwk" }) }
}

const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value), "utf8").toString("base64url")

/** The raw form that JOSE wants of ECDSA: both numbers, 32 bytes each. */
const withEncoding = (key: KeyObject) => ({ key, dsaEncoding: "ieee-p1363" as const })

/** @returns `header.claims.signature` with `kid` in the header */
export function signJwt(key: KeyObject, claims: JwtClaims): string {
  const { algorithm, keyId } = jwtKey(key)
  return newJwtSigner(key, algorithm, keyId)(claims)
}

/**
 * {@link signJwt} for many tokens of one key: it looks at the key once.
 * @param random  a repeatable one makes ES256 signatures that repeat, too
 */
export function jwtSigner(key: KeyObject, random?: Random): (claims: JwtClaims) => string {
  const { algorithm, keyId } = jwtKey(key)
  return newJwtSigner(key, algorithm, keyId, random)
}

function newJwtSigner(key: KeyObject, alg: JwtAlgorithm, kid: string, random?: Random): (claims: JwtClaims) => string {
  const header = encodePart({ alg, kid })
  const isRepeatable = random?.repeatable === true && canSignRepeatably(key)
  const signatureOf = (data: Uint8Array) =>
    isRepeatable ? signRepeatably(key, data) : sign("sha256", data, withEncoding(key))
  return (claims) => {
    const signed = `${header}.${encodePart(claims)}`
    return `${signed}.${Buffer.from(signatureOf(Buffer.from(signed, "latin1"))).toString("base64url")}`
  }
}

/**
 * Reads the claims without any check, to learn whose token it is.
 * @returns undefined for what is no token
 */
export function peekJwtClaims(token: string): JwtClaims | undefined {
  try {
    return split(token).claims
  } catch {
    return undefined
  }
}

export type JwtChecks = {
  readonly nowMs: number
  /** At least one of them must be among the token's. Not checked when absent. */
  readonly audiences?: readonly string[]
  readonly issuer?: string
  /** How far other machines' clocks may be off. Default 0. */
  readonly leewayMs?: number
}

/**
 * Verifies signature, `exp`, `nbf`, and, where asked for, `iss` and `aud`.
 *
 * @throws JwtError that says which check failed
 */
export function verifyJwt(token: string, checks: JwtChecks & { readonly keys: readonly JwtKey[] }): JwtClaims {
  const claims = verifyJwtSignature(token, checks.keys)
  checkJwtClaims(claims, checks)
  return claims
}

/**
 * The part of {@link verifyJwt} that costs time, and whose result stays true: it may be cached. Only the algorithm that
 * belongs to a key's type is accepted for it, whatever the header says. A token without `kid` is tried with every key.
 *
 * @throws JwtError when the token is malformed or signed by none of the keys
 */
export function verifyJwtSignature(token: string, keys: readonly JwtKey[]): JwtClaims {
  const { header, claims, signed, signature } = split(token)
  const { alg, kid = "" } = header
  const data = Buffer.from(signed, "latin1")
  const isSigned = keys.some(
    ({ keyId, algorithm, publicKey }) =>
      (kid === "" || kid === keyId) && alg === algorithm && verify("sha256", data, withEncoding(publicKey), signature),
  )
  if (!isSigned) throw new JwtError("Cannot accept token: its signature is of no known key")
  return claims
}

type Signing = { readonly digest: string; readonly type: string; readonly curve?: string; readonly padding?: number }

/** RFC 7518, without those that share a secret. */
const SIGNINGS: ReadonlyMap<string, Signing> = new Map(
  ["256", "384", "512"].flatMap((bits): [string, Signing][] => {
    const digest = `sha${bits}`
    const curve = { "256": "prime256v1", "384": "secp384r1", "512": "secp521r1" }[bits]!
    return [
      [`RS${bits}`, { digest, type: "rsa", padding: constants.RSA_PKCS1_PADDING }],
      [`PS${bits}`, { digest, type: "rsa", padding: constants.RSA_PKCS1_PSS_PADDING }],
      [`ES${bits}`, { digest, type: "ec", curve }],
    ]
  }),
)

/** Every algorithm that tokens of other issuers may be signed with. */
export const JWT_ALGORITHMS: readonly string[] = [...SIGNINGS.keys()]

/** A key of somebody else's. */
export type PublishedKey = { readonly keyId: string; readonly publicKey: KeyObject }

/**
 * The keys of a JWKS document (RFC 7517) that sign: others, and those of kinds that are not known, are left out.
 * @throws JwtError for what is no such document
 */
export function parseJwks(document: unknown): PublishedKey[] {
  const keys = typeof document === "object" && document !== null && "keys" in document ? document.keys : undefined
  if (!Array.isArray(keys)) throw new JwtError("Cannot read keys: it is no JWKS document")
  return keys.slice(0, PUBLISHED_KEYS_MAX).flatMap((jwk: { use?: unknown; kid?: unknown; kty?: unknown } | null) => {
    if (jwk === null || typeof jwk !== "object" || (jwk.use ?? "sig") !== "sig") return []
    if (jwk.kty !== "RSA" && jwk.kty !== "EC") return []
    try {
      const publicKey = createPublicKey({ key: jwk as Record<string, string>, format: "jwk" })
      return [{ keyId: typeof jwk.kid === "string" ? jwk.kid : "", publicKey }]
    } catch {
      return []
    }
  })
}

const PUBLISHED_KEYS_MAX = 100

/** @returns the `kid` of a token, "" when it names none. @throws JwtError for what is no token */
export function keyIdOf(token: string): string {
  const { kid } = split(token).header
  return typeof kid === "string" ? kid : ""
}

/**
 * {@link verifyJwtSignature} with the keys of another issuer. The algorithm must be among `algorithms`, and one of the
 * key's kind.
 *
 * @throws JwtError
 */
export function verifyPublished(
  token: string,
  keys: readonly PublishedKey[],
  algorithms: readonly string[],
): JwtClaims {
  const { header, claims, signed, signature } = split(token)
  const { alg, kid } = header
  const signing = typeof alg === "string" && algorithms.includes(alg) ? SIGNINGS.get(alg) : undefined
  if (signing === undefined) {
    throw new JwtError(
      `oidc: id token signed with unsupported algorithm, expected ${JSON.stringify(algorithms)} got ${JSON.stringify(alg)}`,
    )
  }
  const data = Buffer.from(signed, "latin1")
  const isSigned = keys.some(
    ({ keyId, publicKey }) =>
      (kid === undefined || kid === "" || keyId === "" || kid === keyId) &&
      isOfKind(publicKey, signing) &&
      verify(signing.digest, data, verification(publicKey, signing), signature),
  )
  if (!isSigned) throw new JwtError("failed to verify signature: failed to verify id token signature")
  return claims
}

const isOfKind = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, { type, curve }: Signing) =>
  asymmetricKeyType === type && (curve === undefined || asymmetricKeyDetails?.namedCurve === curve)

/** The salt of PSS is as long as the digest. Source: RFC 7518 section 3.5. */
const verification = (key: KeyObject, { padding }: Signing) =>
  padding === undefined
    ? withEncoding(key)
    : {
        key,
        padding,
        ...(padding === constants.RSA_PKCS1_PSS_PADDING ? { saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {}),
      }

/** The part of {@link verifyJwt} that depends on who asks, and when. @throws JwtError that says which check failed */
export function checkJwtClaims(claims: JwtClaims, checks: JwtChecks): void {
  checkTimes(claims, checks.nowMs, checks.leewayMs ?? 0)
  if (checks.issuer !== undefined && claims["iss"] !== checks.issuer) {
    throw new JwtError("Cannot accept token: it is from another issuer")
  }
  if (checks.audiences !== undefined && !audiencesOf(claims).some((a) => checks.audiences!.includes(a))) {
    throw new JwtError("Cannot accept token: it is for another audience")
  }
}

/** `aud` as a list, whether the token has one, several or none. */
export function audiencesOf(claims: JwtClaims): string[] {
  const { aud } = claims
  return (Array.isArray(aud) ? aud : [aud]).filter((audience) => typeof audience === "string")
}

function checkTimes(claims: JwtClaims, nowMs: number, leewayMs: number): void {
  const { exp, nbf } = claims
  if (typeof exp !== "number") throw new JwtError("Cannot accept token: it has no expiry")
  if (nowMs - leewayMs >= exp * 1000) throw new JwtError("Cannot accept token: it has expired")
  if (nbf !== undefined && (typeof nbf !== "number" || nowMs + leewayMs < nbf * 1000)) {
    throw new JwtError("Cannot accept token: it is not valid yet")
  }
}

function split(token: string) {
  if (token.length > TOKEN_LENGTH_MAX) throw new JwtError("Cannot read token: it is too long")
  const parts = token.split(".")
  if (parts.length !== 3) throw new JwtError(`Cannot read token: it has ${parts.length} parts, want 3`)
  const [header, claims, signature] = parts as [string, string, string]
  return {
    header: decodePart(header),
    claims: decodePart(claims),
    signed: `${header}.${claims}`,
    signature: decodeBase64Url(signature),
  }
}

/** Strict: one text has one meaning, so that a changed character is always noticed. */
function decodeBase64Url(text: string): Buffer {
  const bytes = Buffer.from(text, "base64url")
  if (bytes.toString("base64url") !== text) throw new JwtError("Cannot read token: it is not base64url")
  return bytes
}

function decodePart(text: string): JwtClaims {
  const json = decodeBase64Url(text).toString("utf8")
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JwtClaims
  } catch (error) {
    throw new JwtError("Cannot read token: it is not JSON", { cause: error })
  }
  throw new JwtError("Cannot read token: it is not a JSON object")
}
