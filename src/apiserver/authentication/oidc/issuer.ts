/** An issuer of ID tokens that is trusted, and what its claims say of a user. Source: apiserver.config.k8s.io/v1 JWTAuthenticator. */
export type OidcIssuer = {
  /** As in `iss`: an https URL. */
  readonly url: string
  /** Where its discovery document is, when not under its URL. */
  readonly discoveryUrl?: string
  /** PEM of the authorities of its certificate; the system's when absent. */
  readonly certificateAuthority?: string
  /** A token must be meant for one of them. */
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly username: ClaimMapping
  readonly groups?: ClaimMapping
  readonly uidClaim?: string
  /** Claims that a token must have, with these values. */
  readonly requiredClaims: Readonly<Record<string, string>>
}

export type ClaimMapping = { readonly claim: string; readonly prefix: string }

/** Reads a JSON document. @throws Error */
export type FetchJson = (url: string, certificateAuthority: string | undefined) => Promise<unknown>
