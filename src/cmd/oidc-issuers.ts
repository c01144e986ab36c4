// The issuers of ID tokens that flags or a file name.
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { JWT_ALGORITHMS } from "#lib/jwt.ts"
import { parseAuthenticationConfig } from "#apiserver/authentication/oidc/authentication-config.ts"
import type { OidcIssuer } from "#apiserver/authentication/oidc/issuer.ts"
import type { AuthenticationFlags } from "#cli/roots.ts"
import { CommandError } from "#cli/terminal.ts"

/** @param cwd  what files are relative to. @throws CommandError */
export async function readOidcIssuers(cwd: string, flags: AuthenticationFlags): Promise<readonly OidcIssuer[]> {
  const { authenticationConfig: file, oidcIssuerUrl: url } = flags
  if (file !== undefined) {
    if (url !== undefined || flags.oidcClientId !== undefined)
      throw new CommandError("Cannot use --authentication-config together with --oidc flags", {
        next: "name one of them",
      })
    return readFrom(resolve(cwd, file), parseAuthenticationConfig)
  }
  if (url === undefined && flags.oidcClientId === undefined) return []
  return [await issuerOf(cwd, flags)]
}

async function issuerOf(cwd: string, flags: AuthenticationFlags): Promise<OidcIssuer> {
  const { oidcIssuerUrl: url, oidcClientId: clientId, oidcGroupsClaim: groupsClaim, oidcCaFile: caFile } = flags
  if (url === undefined || clientId === undefined)
    throw new CommandError("Cannot use ID tokens: --oidc-issuer-url and --oidc-client-id must be specified together")
  if (URL.parse(url)?.protocol !== "https:")
    throw new CommandError(`Cannot use issuer ${JSON.stringify(url)}: want an https URL`)
  const unknown = flags.oidcSigningAlgs.find((algorithm) => !JWT_ALGORITHMS.includes(algorithm))
  if (unknown !== undefined)
    throw new CommandError(`Cannot use --oidc-signing-algs ${unknown}: want some of ${JWT_ALGORITHMS.join(", ")}`)
  const { oidcUsernameClaim: claim, oidcUsernamePrefix: prefix } = flags
  const byDefault = claim === "email" ? "" : `${url}#`
  return {
    url,
    ...(caFile === undefined ? {} : { certificateAuthority: await readFrom(resolve(cwd, caFile), (text) => text) }),
    audiences: [clientId],
    algorithms: flags.oidcSigningAlgs,
    username: { claim, prefix: prefix === undefined ? byDefault : prefix === "-" ? "" : prefix },
    ...(groupsClaim === undefined ? {} : { groups: { claim: groupsClaim, prefix: flags.oidcGroupsPrefix } }),
    requiredClaims: Object.fromEntries(flags.oidcRequiredClaim.map(requiredClaim)),
  }
}

function requiredClaim(text: string): [string, string] {
  const at = text.indexOf("=")
  if (at < 1) throw new CommandError(`Cannot use --oidc-required-claim ${JSON.stringify(text)}: want claim=value`)
  return [text.slice(0, at), text.slice(at + 1)]
}

async function readFrom<T>(file: string, parse: (text: string) => T): Promise<T> {
  try {
    return parse(await readFile(file, "utf8"))
  } catch (error) {
    throw new CommandError(`Cannot use ${file}`, { cause: error })
  }
}
