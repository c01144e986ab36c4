import { certificateChainOf, distrustReason, issuersAmong, parseCertificate } from "#lib/x509/certificate.ts"
import type { Certificate } from "#lib/x509/certificate.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import type { UserInfo } from "./user.ts"

/** Proxies that say for whom they send a request. Source: kube-apiserver --requestheader-*. */
export type FrontProxyOptions = {
  /** PEM of the authorities of proxies' certificates. */
  readonly clientCa: string
  /** Common names of proxies; any when empty. */
  readonly allowedNames: readonly string[]
  /** In lower case, as the others; the first that is there counts. */
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraHeaderPrefixes: readonly string[]
}

/**
 * Users by the headers of a proxy that shows a certificate of its authority.
 *
 * @returns undefined for what comes from no such proxy, or names nobody. Throws an Error for a proxy that is not allowed.
 */
export function newFrontProxyAuthenticator(
  options: FrontProxyOptions,
): (request: ServerRequest, nowMs: number) => UserInfo | undefined {
  const authorities = certificateChainOf(options.clientCa)
  // A connection shows the same bytes with each of its requests.
  const shown = new WeakMap<Uint8Array, { certificate: Certificate; issuers: readonly Certificate[] }>()
  const read = (der: Uint8Array) => {
    const certificate = parseCertificate(der)
    const found = { certificate, issuers: issuersAmong(authorities, certificate) }
    shown.set(der, found)
    return found
  }
  return (request, nowMs) => {
    const { certificate: der } = request.peer
    if (der === undefined) return undefined
    const { certificate, issuers } = shown.get(der) ?? read(der)
    // Of other authorities are the certificates of those who speak for themselves.
    if (issuers.length === 0) return undefined
    const reason = distrustReason(certificate, { issuers, nowMs, usage: "clientAuth" })
    if (reason !== undefined)
      throw new Error(`Cannot accept certificate of front proxy ${certificate.serial}: ${reason}`)
    const { commonName } = certificate.subject
    if (options.allowedNames.length > 0 && !options.allowedNames.includes(commonName)) {
      throw new Error(`x509: subject with cn=${commonName} is not in the allowed list`)
    }
    return userOf(request, options)
  }
}

function userOf(request: ServerRequest, options: FrontProxyOptions): UserInfo | undefined {
  const valuesOf = (name: string) => headerValues(request, name)
  const first = (names: readonly string[]) => names.map((name) => valuesOf(name)[0] ?? "").find((value) => value !== "")
  const name = first(options.usernameHeaders)
  if (name === undefined) return undefined
  const uid = first(options.uidHeaders)
  const extra: Record<string, string[]> = {}
  for (const header of Object.keys(request.headers)) {
    for (const prefix of options.extraHeaderPrefixes) {
      if (!header.startsWith(prefix)) continue
      const key = unescapeKey(header.slice(prefix.length))
      Object.defineProperty(extra, key, {
        value: valuesOf(header),
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
  }
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: options.groupHeaders.flatMap(valuesOf),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

/** A group may have a comma in its name: where several headers of a name were joined is known to the listener only. */
function headerValues({ headers, valuesOf }: ServerRequest, name: string): readonly string[] {
  if (headers[name] === undefined) return []
  return valuesOf?.(name) ?? [headers[name]]
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
