// Which HTTP proxy leads to a server. As Go decides it (golang.org/x/net/http/httpproxy), so that what is set for other
// clients of Kubernetes holds here too.
import { BlockList, isIP } from "node:net"

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * @returns the proxy's URL from HTTPS_PROXY, unless NO_PROXY names the server; undefined where there is none
 * @throws Error when HTTPS_PROXY is no URL of a proxy
 */
export function proxyFromEnvironment(server: string, env: Environment): string | undefined {
  const url = new URL(server)
  const proxy = env["HTTPS_PROXY"] || env["https_proxy"]
  if (!proxy || url.protocol !== "https:") return undefined
  const host = bare(url.hostname).toLowerCase()
  if (isLoopback(host) || isExempt(host, url.port || "443", env["NO_PROXY"] || env["no_proxy"] || "")) return undefined
  return checkProxyUrl(proxy.includes("://") ? proxy : `http://${proxy}`, "HTTPS_PROXY")
}

/** @param source  what names it, for the message. @throws Error for what is no URL, or of a kind that is not supported */
export function checkProxyUrl(proxy: string, source: string): string {
  const protocol = URL.canParse(proxy) ? new URL(proxy).protocol : ""
  if (protocol === "http:" || protocol === "https:") return proxy
  // Whole URLs may hold a password.
  throw new Error(`Cannot use the proxy of ${source}: want a URL that begins with http:// or https://`)
}

const bare = (host: string) => host.replace(/^\[|\]$/g, "")

const isLoopback = (host: string) =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))

function isExempt(host: string, port: string, noProxy: string): boolean {
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, host, port))
}

/** `*`, an address, a range of addresses, a domain and all below it, `.domain` for those below it alone; with a port or not. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true
  if (entry.includes("/")) return isInRange(entry, host)
  const [, name = entry, only] = /^(.*?):(\d+)$/.exec(isIP(entry) === 6 ? "" : entry) ?? []
  if (only !== undefined && only !== port) return false
  const domain = bare(name)
  if (isIP(domain) !== 0 || isIP(host) !== 0) return domain === host
  const below = domain.replace(/^\*?\./, ".")
  return below.startsWith(".") ? host.endsWith(below) : host === below || host.endsWith(`.${below}`)
}

function isInRange(range: string, host: string): boolean {
  const [network = "", prefix = ""] = range.split("/", 2)
  const [family, other] = [isIP(network), isIP(host)]
  if (family === 0 || family !== other || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128))
    return false
  const list = new BlockList()
  const kind = family === 4 ? "ipv4" : "ipv6"
  list.addSubnet(network, Number(prefix), kind)
  return list.check(host, kind)
}
