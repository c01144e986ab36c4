import { hash } from "node:crypto"
import type { Clock } from "#lib/clock.ts"
import { jwtKey } from "#lib/jwt.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { Authenticator, ServerRequest } from "#apiserver/request.ts"
import { newBootstrapTokenAuthenticator } from "./bootstrap-token.ts"
import { newClientCertificateAuthenticator } from "./client-certificate.ts"
import { newLegacyTokenAuthenticator } from "./legacy-service-account-token.ts"
import { newServiceAccountTokenAuthenticator } from "./service-account-token.ts"
import { newFrontProxyAuthenticator, type FrontProxyOptions } from "./front-proxy.ts"
import type { OidcAuthenticator } from "./oidc/oidc-authenticator.ts"
import type { TokenAuthenticator, TokenIdentity } from "./token.ts"
import { withAuthenticatedGroup } from "./user.ts"
import type { UserInfo } from "./user.ts"

export type AuthenticatorOptions = {
  readonly reader: ObjectReader
  readonly clock: Clock
  /** PEM bundle of the authorities whose client certificates are accepted. */
  readonly clientCas: string
  /** `iss` of service account tokens. */
  readonly serviceAccountIssuer: string
  /** PEM of the keys that such tokens may be signed with: public ones, or private ones for their public half. */
  readonly serviceAccountKeys: readonly string[]
  /** Whom tokens for this server are meant for. Default: the issuer. */
  readonly audiences?: readonly string[]
  /** Proxies that are believed whom they send requests for. */
  readonly frontProxy?: FrontProxyOptions
  /** ID tokens of issuers elsewhere. */
  readonly oidc?: OidcAuthenticator
  readonly staticTokens?: readonly { readonly token: string; readonly user: UserInfo }[]
}

/** {@link Authenticator} that also judges a token by itself, for TokenReview. */
export type TokenReviewer = {
  readonly audiences: readonly string[]
  /**
   * @param audiences  whom the token must be meant for; this server's when absent or empty
   * @returns undefined for a token that nothing is known of. @throws Error that says why a token does not count
   */
  authenticateToken(token: string, audiences?: readonly string[]): TokenIdentity | undefined
  /** Fetches what judging the token takes. @returns undefined when there is nothing to wait for */
  tokenReady?(token: string): Promise<void> | undefined
}

/**
 * Who sends a request, by client certificate or else by bearer token. A bad credential is refused, even where no
 * credential at all would make the sender anonymous.
 */
export function newAuthenticator(options: AuthenticatorOptions): Authenticator & TokenReviewer {
  const { clock, reader, serviceAccountIssuer: issuer } = options
  const apiAudiences = options.audiences ?? [issuer]
  const authenticateCertificate = newClientCertificateAuthenticator(options.clientCas)
  const accountKeys = options.serviceAccountKeys.map(jwtKey)
  const authenticateProxied = options.frontProxy && newFrontProxyAuthenticator(options.frontProxy)
  const tokenAuthenticators: TokenAuthenticator[] = [
    forAudiences(apiAudiences, newStaticTokenAuthenticator(options.staticTokens ?? [])),
    newServiceAccountTokenAuthenticator({ reader, issuer, keys: accountKeys }),
    forAudiences(apiAudiences, newLegacyTokenAuthenticator({ reader, keys: accountKeys })),
    forAudiences(apiAudiences, newBootstrapTokenAuthenticator(reader)),
    ...(options.oidc === undefined ? [] : [forAudiences(apiAudiences, options.oidc.authenticate)]),
  ]

  const authenticateToken = (token: string, audiences: readonly string[] = []): TokenIdentity | undefined => {
    const context = { nowMs: clock.nowMs(), audiences: audiences.length === 0 ? apiAudiences : audiences }
    for (const authenticate of tokenAuthenticators) {
      const identity = authenticate(token, context)
      if (identity !== undefined) return { ...identity, user: withAuthenticatedGroup(identity.user) }
    }
    return undefined
  }

  return {
    audiences: apiAudiences,
    authenticateToken,
    tokenReady: (token) => options.oidc?.ready(token),
    ready(request) {
      if (options.oidc === undefined || request.peer.user !== undefined) return undefined
      const token = bearerToken(request)
      return token === undefined ? undefined : options.oidc.ready(token)
    },
    authenticate(request) {
      const { user, certificate } = request.peer
      if (user !== undefined) return user
      let problem: unknown
      try {
        const proxied = authenticateProxied?.(request, clock.nowMs())
        if (proxied !== undefined) return withAuthenticatedGroup(proxied)
      } catch (error) {
        problem = error
      }
      if (certificate !== undefined) {
        try {
          const found = authenticateCertificate(certificate, clock.nowMs())
          if (found !== undefined) return found
        } catch (error) {
          problem = error
        }
      }
      const token = bearerToken(request)
      if (token !== undefined) {
        try {
          const identity = authenticateToken(token)
          if (identity !== undefined) return identity.user
          problem ??= new Error("invalid bearer token")
        } catch (error) {
          problem = error
        }
      }
      if (problem !== undefined) throw unauthorized(problem)
      return undefined
    },
  }
}

/** The sender is not told why; the cause is for the log. */
function unauthorized(cause: unknown): Error {
  const error = newStatusError("Unauthorized", "Unauthorized")
  error.cause = cause
  return error
}

function bearerToken(request: ServerRequest): string | undefined {
  const [scheme = "", token = ""] = (request.headers["authorization"] ?? "").trim().split(" ", 2)
  return scheme.toLowerCase() === "bearer" && token !== "" ? token : undefined
}

/** Tokens that name no audience are for this server only: they must not pass for tokens of someone else's. */
function forAudiences(apiAudiences: readonly string[], authenticate: TokenAuthenticator): TokenAuthenticator {
  return (token, { nowMs, audiences }) => {
    const shared = audiences.filter((audience) => apiAudiences.includes(audience))
    return shared.length === 0 ? undefined : authenticate(token, { nowMs, audiences: shared })
  }
}

/** Looked up by hash: how long that takes says nothing of the tokens themselves. */
function newStaticTokenAuthenticator(
  tokens: readonly { readonly token: string; readonly user: UserInfo }[],
): TokenAuthenticator {
  const userByHash = new Map(tokens.map(({ token, user }) => [hash("sha256", token), user]))
  return (token, { audiences }) => {
    const user = userByHash.get(hash("sha256", token))
    return user === undefined ? undefined : { user, audiences }
  }
}
