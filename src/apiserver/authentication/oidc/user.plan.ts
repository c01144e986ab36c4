import { goJsonKind } from "#apimachinery/go-text.ts"
import { audiencesOf, type JwtClaims } from "#lib/jwt.ts"
import type { OidcIssuer } from "./issuer.ts"

/** Clocks of issuers may be off by this much. Source: github.com/coreos/go-oidc. */
const NOT_BEFORE_LEEWAY_MS = 5 * 60_000

export type OidcUser = {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly tokenId?: string
}

/**
 * Whom verified claims name. In the words of k8s.io/apiserver plugin/pkg/authenticator/token/oidc.
 * @throws Error that says why they name nobody
 */
export function planOidcUser(issuer: OidcIssuer, claims: JwtClaims, nowMs: number): OidcUser {
  checkTimes(claims, nowMs)
  if (!audiencesOf(claims).some((audience) => issuer.audiences.includes(audience))) {
    const want = issuer.audiences.length === 1 ? JSON.stringify(issuer.audiences[0]) : `in ${goList(issuer.audiences)}`
    throw new Error(`oidc: verify token: oidc: expected audience ${want} got ${goList(audiencesOf(claims))}`)
  }
  const name = usernameOf(issuer, claims)
  const { uidClaim } = issuer
  const uid = uidClaim === undefined ? "" : textOf(claims, uidClaim, "uid")
  const groups = groupsOf(issuer, claims)
  checkRequired(issuer, claims)
  const { jti } = claims
  return {
    name,
    ...(uid === "" ? {} : { uid }),
    groups,
    ...(typeof jti === "string" && jti !== "" ? { tokenId: jti } : {}),
  }
}

const goList = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(" ")}]`

function checkTimes({ exp, nbf }: JwtClaims, nowMs: number): void {
  const expiresAtMs = typeof exp === "number" ? exp * 1000 : 0
  if (nowMs > expiresAtMs) {
    throw new Error(`oidc: verify token: oidc: token is expired (Token Expiry: ${timeText(expiresAtMs)})`)
  }
  if (typeof nbf === "number" && nowMs + NOT_BEFORE_LEEWAY_MS < nbf * 1000) {
    const now = timeText(nowMs)
    throw new Error(
      `oidc: verify token: oidc: current time ${now} before the nbf (not before) time: ${timeText(nbf * 1000)}`,
    )
  }
}

/** As Go prints a time; what is none there is its year 1. */
function timeText(ms: number): string {
  if (ms === 0 || Math.abs(ms) > 8.64e15) return "0001-01-01 00:00:00 +0000 UTC"
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`
}

const notText = (value: unknown) => `json: cannot unmarshal ${goJsonKind(value)} into Go value of type string`

function usernameOf({ username }: OidcIssuer, claims: JwtClaims): string {
  const name = textOf(claims, username.claim, "username")
  // An address that nobody has proved to own is nobody's name.
  if (username.claim === "email" && Object.hasOwn(claims, "email_verified")) {
    const verified = claims["email_verified"]
    if (typeof verified !== "boolean") throw new Error(`oidc: parse 'email_verified' claim: not a boolean`)
    if (!verified) throw new Error("oidc: email not verified")
  }
  return username.prefix + name
}

function textOf(claims: JwtClaims, claim: string, what: string): string {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined
  if (value === undefined) throw new Error(`oidc: parse ${what} claims ${JSON.stringify(claim)}: claim not present`)
  if (typeof value !== "string")
    throw new Error(`oidc: parse ${what} claims ${JSON.stringify(claim)}: ${notText(value)}`)
  return value
}

function groupsOf({ groups }: OidcIssuer, claims: JwtClaims): string[] {
  const value = groups !== undefined && Object.hasOwn(claims, groups.claim) ? claims[groups.claim] : null
  if (groups === undefined || value === null) return []
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (!list.every((group) => typeof group === "string")) {
    throw new Error(`oidc: parse groups claim ${JSON.stringify(groups.claim)}: ${notText(value)}`)
  }
  return (list as string[]).map((group) => groups.prefix + group)
}

function checkRequired({ requiredClaims }: OidcIssuer, claims: JwtClaims): void {
  for (const [claim, want] of Object.entries(requiredClaims)) {
    if (!Object.hasOwn(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`)
    const found = claims[claim]
    if (typeof found !== "string") throw new Error(`oidc: parse claim ${claim}: ${notText(found)}`)
    if (found !== want)
      throw new Error(`oidc: required claim ${claim} value does not match. Got = ${found}, want = ${want}`)
  }
}
