import type { UserInfo } from "./user.ts"

/** Whom a token stands for, and which of the audiences that were asked for it is meant for. */
export type TokenIdentity = { readonly user: UserInfo; readonly audiences: readonly string[] }

/**
 * Judges one kind of bearer token.
 * @returns undefined when the token is of another kind, or is not known
 * @throws Error that says why a token of this kind does not count
 */
export type TokenAuthenticator = (
  token: string,
  context: { readonly nowMs: number; readonly audiences: readonly string[] },
) => TokenIdentity | undefined

/** Where a user's `extra` says which credential was used. Source: k8s.io/apiserver authentication/user. */
export const EXTRA_CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
