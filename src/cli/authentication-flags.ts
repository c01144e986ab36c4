import type { Command } from "commander"
import { list } from "./arguments.ts"
import type { AuthenticationFlags } from "./roots.ts"

export function withAuthenticationFlags(command: Command): Command {
  return command
    .option("--authentication-config <file>", "AuthenticationConfiguration with issuers of ID tokens (without CEL)")
    .option("--oidc-issuer-url <url>", "issuer of ID tokens that count; https")
    .option("--oidc-client-id <id>", "audience that ID tokens must be meant for")
    .option("--oidc-username-claim <claim>", "claim of the user's name", "sub")
    .option("--oidc-username-prefix <text>", "before the user's name; - for none (default: ISSUER#, but for email)")
    .option("--oidc-groups-claim <claim>", "claim of the user's groups")
    .option("--oidc-groups-prefix <text>", "before each group", "")
    .option("--oidc-ca-file <file>", "authorities of the issuer's certificate (default: the system's)")
    .option("--oidc-signing-algs <algs>", "how ID tokens may be signed", list, ["RS256"])
    .option("--oidc-required-claim <claim=value>", "claim that ID tokens must have; may be repeated", list, [])
    .option(
      "--requestheader-client-ca-file <file>",
      "authorities of front proxies, which say whom they send requests for",
    )
    .option("--requestheader-allowed-names <names>", "common names of front proxies (default: any)", list, [])
    .option("--requestheader-username-headers <names>", "headers of the user's name", "x-remote-user")
    .option("--requestheader-uid-headers <names>", "headers of the user's uid", "x-remote-uid")
    .option("--requestheader-group-headers <names>", "headers of the user's groups", "x-remote-group")
    .option(
      "--requestheader-extra-headers-prefix <prefixes>",
      "prefixes of headers of the user's extra",
      "x-remote-extra-",
    )
}

/** The part about authentication of parsed options. */
export function authenticationFlags(parsed: AuthenticationFlags): AuthenticationFlags {
  const { oidcUsernameClaim, oidcGroupsPrefix, oidcRequiredClaim, oidcSigningAlgs } = parsed
  const given = (
    [
      "authenticationConfig",
      "oidcIssuerUrl",
      "oidcClientId",
      "oidcUsernamePrefix",
      "oidcGroupsClaim",
      "oidcCaFile",
      "requestheaderClientCaFile",
    ] as const
  ).filter((name) => parsed[name] !== undefined)
  return {
    ...Object.fromEntries(given.map((name) => [name, parsed[name]])),
    oidcUsernameClaim,
    oidcGroupsPrefix,
    oidcSigningAlgs: oidcSigningAlgs.length > 1 ? oidcSigningAlgs.slice(1) : oidcSigningAlgs,
    oidcRequiredClaim,
    requestheaderAllowedNames: parsed.requestheaderAllowedNames,
    requestheaderUsernameHeaders: parsed.requestheaderUsernameHeaders,
    requestheaderUidHeaders: parsed.requestheaderUidHeaders,
    requestheaderGroupHeaders: parsed.requestheaderGroupHeaders,
    requestheaderExtraHeadersPrefix: parsed.requestheaderExtraHeadersPrefix,
  }
}
