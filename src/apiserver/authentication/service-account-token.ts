import { BoundedMap } from "#lib/bounded-map.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { audiencesOf, checkJwtClaims, JwtError, peekJwtClaims, verifyJwtSignature } from "#lib/jwt.ts"
import type { JwtClaims, JwtKey } from "#lib/jwt.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { serviceAccountGroups, serviceAccountUser } from "./service-account.ts"
import { EXTRA_CREDENTIAL_ID } from "./token.ts"
import type { TokenAuthenticator } from "./token.ts"
import type { UserInfo } from "./user.ts"

/** Clocks of other machines may be off by this much, and a deletion counts after it. Source: go-jose's default leeway. */
const LEEWAY_MS = 60_000
/** Tokens whose signature has been verified; about 3 KB each. */
const VERIFIED_MAX = 10_000

type Ref = { readonly name: string; readonly uid: string }

/** The private claims: `kubernetes.io` in the token. */
type Binding = {
  readonly namespace: string
  readonly serviceAccount: Ref
  readonly pod?: Ref
  readonly secret?: Ref
  readonly node?: Ref
}

/**
 * Tokens of service accounts, issued by TokenRequest. They count while the account and the object that they are bound
 * to are still the same ones (by uid).
 */
export function newServiceAccountTokenAuthenticator(options: {
  readonly reader: ObjectReader
  readonly issuer: string
  readonly keys: readonly JwtKey[]
}): TokenAuthenticator {
  const { reader, issuer, keys } = options
  const verified = new BoundedMap<string, JwtClaims>(VERIFIED_MAX)
  return (token, { nowMs, audiences }) => {
    if (peekIssuer(verified.get(token) ?? peekJwtClaims(token)) !== issuer) return undefined
    const claims = verified.getOrMake(token, () => verifyJwtSignature(token, keys))
    checkJwtClaims(claims, { nowMs, issuer, leewayMs: LEEWAY_MS })
    const meantFor = audiencesOf(claims).filter((audience) => audiences.includes(audience))
    if (meantFor.length === 0) {
      const want = audiences.map((audience) => JSON.stringify(audience)).join(" ")
      const found = audiencesOf(claims)
        .map((audience) => JSON.stringify(audience))
        .join(" ")
      throw new JwtError(`token audiences [${found}] is invalid for the target audiences [${want}]`)
    }
    const binding = readBinding(claims)
    checkBinding(reader, binding, nowMs)
    return { user: userOf(binding, claims["jti"]), audiences: meantFor }
  }
}

const peekIssuer = (claims: JwtClaims | undefined): unknown => claims?.["iss"]

function readBinding(claims: JwtClaims): Binding {
  const own = claims["kubernetes.io"]
  if (!isRecord(own)) throw new JwtError("Cannot accept token: it names no service account")
  const { namespace } = own
  const serviceAccount = readRef(own["serviceaccount"])
  if (typeof namespace !== "string" || serviceAccount === undefined) {
    throw new JwtError("Cannot accept token: it names no service account")
  }
  if (claims["sub"] !== serviceAccountUser(namespace, serviceAccount.name)) {
    throw new JwtError("Cannot accept token: its subject is not its service account")
  }
  const [pod, secret, node] = [readRef(own["pod"]), readRef(own["secret"]), readRef(own["node"])]
  return {
    namespace,
    serviceAccount,
    ...(pod === undefined ? {} : { pod }),
    ...(secret === undefined ? {} : { secret }),
    ...(node === undefined ? {} : { node }),
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

function readRef(value: unknown): Ref | undefined {
  if (!isRecord(value)) return undefined
  const { name, uid = "" } = value
  return typeof name === "string" && typeof uid === "string" ? { name, uid } : undefined
}

/** @throws JwtError when the account or what the token is bound to is gone or another one */
function checkBinding(reader: ObjectReader, binding: Binding, nowMs: number): void {
  const { namespace, serviceAccount, pod, secret, node } = binding
  const check = (resource: string, objectNamespace: string, ref: Ref | undefined) => {
    if (ref === undefined) return
    const object = reader.get({ group: "", resource }, objectNamespace, ref.name)
    if (object === undefined || isDeleted(object, nowMs)) {
      throw new JwtError(`Cannot accept token: its ${resource.slice(0, -1)} "${ref.name}" is gone`)
    }
    if (object.metadata.uid !== ref.uid) {
      throw new JwtError(`Cannot accept token: its ${resource.slice(0, -1)} "${ref.name}" is another one now`)
    }
  }
  check("serviceaccounts", namespace, serviceAccount)
  check("secrets", namespace, secret)
  check("pods", namespace, pod)
  // A pod's node is told for information: the token dies with the pod.
  if (pod === undefined) check("nodes", "", node)
}

/** An object that waits for its finalizers counts as gone a little after its deletion. */
function isDeleted(object: UnknownObject, nowMs: number): boolean {
  const deletedAtMs = parseTimeMs(object.metadata.deletionTimestamp)
  return deletedAtMs !== undefined && deletedAtMs < nowMs - LEEWAY_MS
}

function userOf(binding: Binding, tokenId: unknown): UserInfo {
  const { namespace, serviceAccount, pod, node } = binding
  const extra: Record<string, string[]> = {}
  if (typeof tokenId === "string" && tokenId !== "") extra[EXTRA_CREDENTIAL_ID] = [`JTI=${tokenId}`]
  if (node !== undefined) {
    extra["authentication.kubernetes.io/node-name"] = [node.name]
    if (node.uid !== "") extra["authentication.kubernetes.io/node-uid"] = [node.uid]
  }
  if (pod !== undefined) {
    extra["authentication.kubernetes.io/pod-name"] = [pod.name]
    extra["authentication.kubernetes.io/pod-uid"] = [pod.uid]
  }
  return {
    name: serviceAccountUser(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: serviceAccountGroups(namespace),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}
