// Source: apiserver pkg/cel/library/urls.go over net/url.
import { goQuote } from "#apimachinery/go-text.ts"
import { BOOL, listType, mapType, STRING, structType, type Type } from "#cel/types/type.ts"
import { ArrayList, CelError, EntryMap, OpaqueValue, type Value } from "#cel/values/value.ts"
import { declare, member, overload, type FunctionDeclaration } from "./declare.ts"

export const URL_TYPE = structType("kubernetes.URL")

type Parts = { readonly scheme: string; readonly host: string; readonly path: string; readonly query: string }

class UrlValue extends OpaqueValue {
  override readonly type: Type = URL_TYPE
  readonly text: string
  readonly parts: Parts

  constructor(text: string, parts: Parts) {
    super()
    this.text = text
    this.parts = parts
  }

  override equals(other: OpaqueValue): boolean {
    return other instanceof UrlValue && other.text === this.text
  }
}

/** An absolute URI or an absolute path; otherwise why it is none. Source: url.ParseRequestURI. */
export function parseRequestUri(text: string): Parts | string {
  const fail = (why: string) => `parse ${goQuote(text)}: ${why}`
  // oxlint-disable-next-line no-control-regex -- control characters are what is not allowed
  if (/[\x00-\x1f\x7f]/.test(text)) return fail("net/url: invalid control character in URL")
  if (text === "") return fail("empty url")
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text)
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)
  if (scheme === null && text.startsWith(":")) return fail("missing protocol scheme")
  if (scheme === null && !text.startsWith("/")) return fail("invalid URI for request")
  if (escape !== null) return fail(`invalid URL escape ${goQuote(escape[0])}`)
  const rest = scheme === null ? text : text.slice(scheme[0].length)
  const [beforeQuery = "", ...query] = rest.split("?")
  // What follows the scheme without a slash is opaque, as in `mailto:a@b`.
  if (!beforeQuery.startsWith("/"))
    return { scheme: scheme![1]!.toLowerCase(), host: "", path: "", query: query.join("?") }
  const authority = scheme !== null && beforeQuery.startsWith("//") ? /^\/\/([^/]*)/.exec(beforeQuery)![1]! : ""
  const host = authority.slice(authority.lastIndexOf("@") + 1)
  if (/[\s<>"]/.test(host)) return fail(`invalid character ${goQuote(/[\s<>"]/.exec(host)![0])} in host name`)
  const port = /^(?:\[[^\]]*\]|[^:]*)(:.*)?$/.exec(host)?.[1] ?? ""
  if (!/^(:\d*)?$/.test(port)) return fail(`invalid port ${goQuote(port)} after host`)
  const path =
    authority === ""
      ? beforeQuery.replace(scheme === null ? /^$/ : /^\/\//, "")
      : beforeQuery.slice(2 + authority.length)
  return { scheme: scheme?.[1]!.toLowerCase() ?? "", host, path, query: query.join("?") }
}

function parse(text: string): Value {
  const parts = parseRequestUri(text)
  if (typeof parts === "string") return new CelError(`URL parse error during conversion from string: ${parts}`)
  // Only here is a fragment told from the rest.
  const cut = (part: string) => part.split("#")[0]!
  const plain = { ...parts, host: cut(parts.host), path: cut(parts.path), query: cut(parts.query) }
  return new UrlValue(text, plain)
}

const hostname = (host: string) =>
  /^(?:\[([^\]]*)\]|([^:]*))/
    .exec(host)!
    .slice(1)
    .find((part) => part !== undefined) ?? ""
const port = (host: string) => /:(\d*)$/.exec(host.replace(/^\[[^\]]*\]/, ""))?.[1] ?? ""

function queryOf(query: string): Value {
  const values = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(query)) values.set(key, [...(values.get(key) ?? []), value])
  return new EntryMap([...values].map(([key, texts]) => [key, new ArrayList(texts)] as const))
}

/** What a URL's path is when it is sent: characters that may not be are escaped. */
const escapedPath = (path: string) =>
  path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu, (char) => encodeURIComponent(char))

const part = (name: string, id: string, read: (parts: Parts) => Value, type: Type = STRING): FunctionDeclaration =>
  declare(
    name,
    member(id, [URL_TYPE], type, (url) => read((url as UrlValue).parts)),
  )

export const URLS_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "url",
    overload("string_to_url", [STRING], URL_TYPE, (text) => parse(text as string)),
  ),
  part("getScheme", "url_get_scheme", ({ scheme }) => scheme),
  part("getHost", "url_get_host", ({ host }) => host),
  part("getHostname", "url_get_hostname", ({ host }) => hostname(host)),
  part("getPort", "url_get_port", ({ host }) => port(host)),
  part("getEscapedPath", "url_get_escaped_path", ({ path }) => escapedPath(path)),
  part("getQuery", "url_get_query", ({ query }) => queryOf(query), mapType(STRING, listType(STRING))),
  declare(
    "isURL",
    overload("is_url_string", [STRING], BOOL, (text) => typeof parseRequestUri(text as string) !== "string"),
  ),
]
