import type { Clock } from "#lib/clock.ts"
import { keyIdOf, peekJwtClaims, verifyPublished, type JwtClaims } from "#lib/jwt.ts"
import type { Log } from "#lib/log.ts"
import { EXTRA_CREDENTIAL_ID, type TokenAuthenticator } from "#apiserver/authentication/token.ts"
import type { FetchJson, OidcIssuer } from "./issuer.ts"
import { PublishedKeys } from "./published-keys.ts"
import { planOidcUser } from "./user.plan.ts"

export type OidcAuthenticator = {
  readonly authenticate: TokenAuthenticator
  /** Fetches the keys that judging a token takes. @returns undefined when there is nothing to wait for */
  ready(token: string): Promise<void> | undefined
}

/**
 * ID tokens of OpenID Connect, from any of several issuers.
 *
 * @param options.signal  ends the attempts to reach issuers
 */
export function newOidcAuthenticator(options: {
  readonly issuers: readonly OidcIssuer[]
  readonly fetchJson: FetchJson
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}): OidcAuthenticator {
  const trusted = new Map(
    options.issuers.map((issuer) => [issuer.url, { issuer, published: new PublishedKeys(issuer, options) }]),
  )
  for (const { published } of trusted.values()) published.start(options.signal)
  const findIssuer = (token: string) => {
    const iss = peekJwtClaims(token)?.["iss"]
    return typeof iss === "string" ? trusted.get(iss) : undefined
  }

  return {
    ready(token) {
      const published = findIssuer(token)?.published
      return published === undefined || published.verified.get(token) !== undefined
        ? undefined
        : published.ready(keyIdOf(token))
    },
    authenticate(token, { nowMs, audiences }) {
      const found = findIssuer(token)
      if (found === undefined) return undefined
      const { issuer, published } = found
      const claims = published.verified.getOrMake(token, () => verify(token, issuer, published))
      const { name, uid, groups, tokenId } = planOidcUser(issuer, claims, nowMs)
      const user = {
        name,
        ...(uid === undefined ? {} : { uid }),
        groups,
        ...(tokenId === undefined ? {} : { extra: { [EXTRA_CREDENTIAL_ID]: [`JTI=${tokenId}`] } }),
      }
      return { user, audiences }
    },
  }
}

function verify(token: string, { url, algorithms }: OidcIssuer, { keys }: PublishedKeys): JwtClaims {
  if (keys === undefined) throw new Error(`oidc: authenticator for issuer ${JSON.stringify(url)} is not initialized`)
  try {
    return verifyPublished(token, keys, algorithms)
  } catch (error) {
    throw new Error(`oidc: verify token: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
