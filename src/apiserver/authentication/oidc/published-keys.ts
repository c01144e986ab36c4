import type { Clock } from "#lib/clock.ts"
import { BoundedMap } from "#lib/bounded-map.ts"
import { parseJwks, type JwtClaims, type PublishedKey } from "#lib/jwt.ts"
import type { Log } from "#lib/log.ts"
import type { FetchJson, OidcIssuer } from "./issuer.ts"

/** A token that names an unknown key makes the keys be fetched again, and so does a failure: no sooner than this. */
const FETCH_AGAIN_MS = 10_000

/** Tokens whose signature has been verified; about 3 KB each. */
const VERIFIED_MAX = 5_000

const newVerified = () => new BoundedMap<string, JwtClaims>(VERIFIED_MAX)

/** The keys of one issuer, as it publishes them. */
export class PublishedKeys {
  /** undefined until they have been fetched once. */
  keys: readonly PublishedKey[] | undefined
  /** Claims of tokens that were verified with these keys. */
  verified = newVerified()
  readonly #issuer: OidcIssuer
  readonly #deps: { readonly clock: Clock; readonly log: Log; readonly fetchJson: FetchJson }
  #fetching: Promise<void> | undefined
  #fetchedAtMs = -Infinity
  #jwksUrl: string | undefined

  constructor(issuer: OidcIssuer, deps: { readonly clock: Clock; readonly log: Log; readonly fetchJson: FetchJson }) {
    this.#issuer = issuer
    this.#deps = deps
  }

  /**
   * Fetches keys when `keyId` is not among those that are known, unless that was tried a moment ago.
   * @returns when there is nothing more to wait for; undefined when there is nothing to wait for
   */
  ready(keyId: string): Promise<void> | undefined {
    if (this.keys?.some((key) => keyId === "" || key.keyId === keyId || key.keyId === "")) return undefined
    if (this.#fetching !== undefined) return this.#fetching
    if (this.#deps.clock.nowMs() - this.#fetchedAtMs < FETCH_AGAIN_MS) return undefined
    return this.#fetch()
  }

  /** Fetches them for the first time, and tries again until they are there. */
  start(signal: AbortSignal): void {
    const tryAgain = () => {
      if (signal.aborted || this.keys !== undefined) return
      const again = () => void this.#deps.clock.setTimer(FETCH_AGAIN_MS, tryAgain)
      void (this.#fetching ?? this.#fetch()).then(again)
    }
    tryAgain()
  }

  #fetch(): Promise<void> {
    const { clock, log } = this.#deps
    const { url } = this.#issuer
    this.#fetchedAtMs = clock.nowMs()
    this.#fetching = this.#read()
      .catch((error: unknown) => {
        this.#jwksUrl = undefined
        log.warn("Cannot fetch keys of issuer", { error, issuer: url })
      })
      .finally(() => (this.#fetching = undefined))
    return this.#fetching
  }

  async #read(): Promise<void> {
    const { fetchJson } = this.#deps
    const { certificateAuthority } = this.#issuer
    this.#jwksUrl ??= await this.#discover()
    this.keys = parseJwks(await fetchJson(this.#jwksUrl, certificateAuthority))
    this.verified = newVerified()
  }

  /** Source: OpenID Connect Discovery 1.0. */
  async #discover(): Promise<string> {
    const { url, discoveryUrl, certificateAuthority } = this.#issuer
    const from = discoveryUrl ?? `${url.replace(/\/$/, "")}/.well-known/openid-configuration`
    const document = await this.#deps.fetchJson(from, certificateAuthority)
    const { issuer, jwks_uri: jwksUri } = (document ?? {}) as { issuer?: unknown; jwks_uri?: unknown }
    if (issuer !== url) {
      throw new Error(
        `oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(url)} got ${JSON.stringify(issuer)}`,
      )
    }
    if (typeof jwksUri !== "string" || !jwksUri.startsWith("https://")) {
      throw new Error(`Cannot use jwks_uri ${JSON.stringify(jwksUri)}: want an https URL`)
    }
    return jwksUri
  }
}
