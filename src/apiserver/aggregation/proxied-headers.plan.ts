// What headers a request and its answer have on their way through. Sources: k8s.io/apimachinery util/net, client-go
// transport/round_trippers.go, k8s.io/apiserver util/proxy.

/** Who the request is for. */
export type ProxiedUser = {
  readonly name: string
  readonly uid?: string | undefined
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined
}

type Headers = Readonly<Record<string, string | readonly string[]>>

/** Of one connection: they end here. RFC 9110 section 7.6.1. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
])

/** What only this server may say of the user, and what it alone is told to know the user by. */
const isOwn = (name: string) =>
  name === "authorization" ||
  name === "content-length" ||
  name === "host" ||
  name.startsWith("x-remote-") ||
  name.startsWith("impersonate-")

/**
 * @param address  of the client
 * @param host  what the request named, for the other server's own links
 * @param isUpgrade  the connection is to go on with another protocol
 */
export function requestHeaders(
  headers: Readonly<Record<string, string>>,
  user: ProxiedUser,
  { address, host, isUpgrade }: { readonly address: string; readonly host: string; readonly isUpgrade: boolean },
): Record<string, string | readonly string[]> {
  const sent: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (!name.startsWith(":") && !HOP_BY_HOP.has(name) && !isOwn(name)) sent[name] = value
  if (isUpgrade) {
    sent["connection"] = "Upgrade"
    sent["upgrade"] = headers["upgrade"] ?? ""
  }
  const before = headers["x-forwarded-for"]
  sent["x-forwarded-for"] = before === undefined ? address : `${before}, ${address}`
  sent["x-forwarded-proto"] = "https"
  if (host !== "") sent["x-forwarded-host"] = host
  sent["x-remote-user"] = user.name
  if (user.uid !== undefined && user.uid !== "") sent["x-remote-uid"] = user.uid
  if (user.groups.length > 0) sent["x-remote-group"] = user.groups
  for (const [key, values] of Object.entries(user.extra ?? {}))
    if (values.length > 0) sent[`x-remote-extra-${escapeKey(key)}`] = values
  return sent
}

/** A key as a part of a header's name: what such names cannot have is percent-encoded. */
function escapeKey(key: string): string {
  return Buffer.from(key)
    .reduce((text, byte) => {
      const char = String.fromCharCode(byte)
      const isPlain = /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(char)
      return text + (isPlain ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    }, "")
    .toLowerCase()
}

/** The answer's own length stays: what is passed on is as long. */
export function answerHeaders(headers: Headers, isUpgrade: boolean): Record<string, string | readonly string[]> {
  const kept = Object.entries(headers).filter(
    ([name]) => !HOP_BY_HOP.has(name) || (isUpgrade && (name === "connection" || name === "upgrade")),
  )
  return Object.fromEntries(kept)
}
