import { jwkOf, jwtKey, jwtSigner } from "#lib/jwt.ts"
import type { JwtClaims } from "#lib/jwt.ts"
import type { Random } from "#lib/random.ts"
import { parsePrivateKey } from "#lib/x509/keys.ts"
import { LEGACY_ISSUER } from "./legacy-service-account-token.ts"

/** What issues the tokens of service accounts. */
export type ServiceAccountIssuer = {
  /** `iss` of its tokens. */
  readonly issuer: string
  /** Whom tokens are meant for unless someone asks for another audience. */
  readonly audiences: readonly string[]
  /** Signs claims; `iss` is added. */
  sign(claims: JwtClaims): string
  /** Signs the claims of a token that lies in a Secret and does not end. */
  signLegacy(claims: JwtClaims): string
  /** Answer to /openid/v1/jwks: the keys that its tokens can be verified with. */
  readonly jwks: object
  /** Answer to /.well-known/openid-configuration. @param serverUrl  what others reach this server at */
  openidConfiguration(serverUrl: string): object
}

/**
 * @param options.keyPem  EC P-256 or RSA private key; the first of several signs, all of them verify
 * @throws Error when a key cannot be read
 */
export function newServiceAccountIssuer(options: {
  readonly keyPem: string | readonly string[]
  readonly issuer: string
  readonly audiences?: readonly string[]
  /** A repeatable one makes signatures that repeat, too. */
  readonly random?: Random
}): ServiceAccountIssuer {
  const { issuer, audiences = [issuer] } = options
  const keys = [options.keyPem].flat().map((pem) => parsePrivateKey(pem))
  const [signingKey] = keys
  if (signingKey === undefined) throw new Error("Cannot issue service account tokens: no key, want at least one")
  const sign = jwtSigner(signingKey, options.random)
  const verifying = keys.map(jwtKey)
  return {
    issuer,
    audiences,
    // In the order of their names, as kube-apiserver writes them.
    sign: (claims) => sign(Object.fromEntries(Object.entries({ ...claims, iss: issuer }).sort())),
    signLegacy: (claims) => sign({ ...claims, iss: LEGACY_ISSUER }),
    jwks: { keys: verifying.map(jwkOf) },
    openidConfiguration: (serverUrl) => ({
      issuer,
      jwks_uri: `${serverUrl.replace(/\/$/, "")}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [...new Set(verifying.map(({ algorithm }) => algorithm))].sort(),
    }),
  }
}
