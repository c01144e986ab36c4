// Tokens of service accounts that lie in Secrets and never end. Source: k8s.io/kubernetes pkg/serviceaccount/legacy.go.
import { timingSafeEqual } from "node:crypto"
import { JwtError, peekJwtClaims, verifyJwtSignature, type JwtClaims, type JwtKey } from "#lib/jwt.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { serviceAccountGroups, serviceAccountUser } from "./service-account.ts"
import type { TokenAuthenticator } from "./token.ts"

export const LEGACY_ISSUER = "kubernetes/serviceaccount"
const CLAIM = "kubernetes.io/serviceaccount/"
const INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"

/** What a Secret's token says: whose it is, and where it lies. */
export type LegacyToken = {
  readonly namespace: string
  readonly secret: string
  readonly account: { readonly name: string; readonly uid: string }
}

/** @returns the claims, without the issuer's name */
export function legacyClaims({ namespace, secret, account }: LegacyToken): JwtClaims {
  return {
    sub: serviceAccountUser(namespace, account.name),
    [`${CLAIM}namespace`]: namespace,
    [`${CLAIM}secret.name`]: secret,
    [`${CLAIM}service-account.name`]: account.name,
    [`${CLAIM}service-account.uid`]: account.uid,
  }
}

/** They count while the Secret holds them and the account is the same one. */
export function newLegacyTokenAuthenticator(options: {
  readonly reader: ObjectReader
  readonly keys: readonly JwtKey[]
}): TokenAuthenticator {
  return (token, { audiences }) => {
    if (peekJwtClaims(token)?.["iss"] !== LEGACY_ISSUER) return undefined
    const found = readClaims(verifyJwtSignature(token, options.keys))
    checkKept(options.reader, token, found)
    const { namespace, account } = found
    const user = {
      name: serviceAccountUser(namespace, account.name),
      uid: account.uid,
      groups: serviceAccountGroups(namespace),
    }
    return { user, audiences }
  }
}

function readClaims(claims: JwtClaims): LegacyToken {
  const text = (name: string) => {
    const value = claims[CLAIM + name]
    if (typeof value !== "string" || value === "") throw new JwtError(`Cannot accept token: it has no ${name}`)
    return value
  }
  const namespace = text("namespace")
  const account = { name: text("service-account.name"), uid: text("service-account.uid") }
  if (claims["sub"] !== serviceAccountUser(namespace, account.name)) {
    throw new JwtError("Cannot accept token: its subject is not its service account")
  }
  return { namespace, secret: text("secret.name"), account }
}

/** @throws JwtError */
function checkKept(reader: ObjectReader, token: string, { namespace, secret, account }: LegacyToken): void {
  const kept = reader.get({ group: "", resource: "secrets" }, namespace, secret)
  if (kept === undefined || kept.metadata.deletionTimestamp !== undefined)
    throw new JwtError("Cannot accept token: its secret is gone")
  const data = kept["data"] as { token?: unknown } | undefined
  const copy = Buffer.from(typeof data?.token === "string" ? data.token : "", "base64")
  const given = Buffer.from(token)
  if (copy.length !== given.length || !timingSafeEqual(copy, given))
    throw new JwtError("Cannot accept token: its secret holds another one")
  if (kept.metadata.labels?.[INVALID_SINCE]) throw new JwtError("Cannot accept token: its secret is marked as invalid")
  const owner = reader.get({ group: "", resource: "serviceaccounts" }, namespace, account.name)
  if (owner === undefined || owner.metadata.deletionTimestamp !== undefined || owner.metadata.uid !== account.uid)
    throw new JwtError("Cannot accept token: its service account is gone")
}
