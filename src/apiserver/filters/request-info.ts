import { badRequest } from "#apimachinery/status-error.ts"
import type { RequestInfo } from "#apiserver/request.ts"

/**
 * What a path, query and method mean. Source: k8s.io/apiserver request.RequestInfoFactory.
 *
 * @throws StatusError BadRequest for a path or query that cannot be decoded
 */
export function parseRequestInfo(method: string, target: string): RequestInfo {
  const at = target.indexOf("?")
  const path = at < 0 ? target : target.slice(0, at)
  const query = parseQuery(at < 0 ? "" : target.slice(at + 1))
  const segments = decodeSegments(path)
  const plain: RequestInfo = {
    isResource: false,
    verb: method.toLowerCase(),
    path,
    query,
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    parts: [],
  }
  const root = segments[0]
  if (root !== "api" && root !== "apis") return plain
  const [group, version, rest] =
    root === "api" ? ["", segments[1], segments.slice(2)] : [segments[1], segments[2], segments.slice(3)]
  if (group === undefined || version === undefined) return plain
  if (rest.length === 0) return { ...plain, group, version }
  return { ...plain, group, version, isResource: true, ...parseResource(method, rest, query) }
}

/** As Go does since a semicolon no longer separates: what has one counts for nothing. */
function parseQuery(text: string): URLSearchParams {
  if (!text.includes(";")) return new URLSearchParams(text)
  const pairs = text.split("&").filter((pair) => !pair.includes(";"))
  return new URLSearchParams(pairs.join("&"))
}

type ResourcePart = Pick<RequestInfo, "verb" | "namespace" | "resource" | "subresource" | "name" | "parts">

function parseResource(method: string, segments: readonly string[], query: URLSearchParams): ResourcePart {
  let rest = segments
  let verb = VERB_OF.get(method) ?? method.toLowerCase()
  // Deprecated forms: /api/v1/watch/pods, /api/v1/proxy/…
  if (rest[0] === "watch" && rest.length > 1) {
    verb = "watch"
    rest = rest.slice(1)
  }
  let namespace = ""
  if (rest[0] === "namespaces") {
    if (rest.length > 1) namespace = rest[1]!
    // `namespaces/NAME/status` and `/finalize` are the namespace's own; anything longer names what is in it.
    if (rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2]!)) rest = rest.slice(2)
  }
  const [resource = "", name = "", subresource = "", ...parts] = rest
  if (verb === "get" && name === "") verb = isWatch(query) ? "watch" : "list"
  else if (verb === "delete" && name === "") verb = "deletecollection"
  return { verb, namespace, resource, subresource, name, parts }
}

const VERB_OF: ReadonlyMap<string, string> = new Map([
  ["GET", "get"],
  ["HEAD", "get"],
  ["POST", "create"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
])

const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"])

/** `watch` counts unless it says false or 0: even `watch=nope` is a watch there. */
function isWatch(query: URLSearchParams): boolean {
  const watch = query.get("watch")
  return watch !== null && watch !== "false" && watch !== "0"
}

function decodeSegments(path: string): string[] {
  const segments = path.split("/").filter((segment) => segment !== "")
  if (!path.includes("%")) return segments
  try {
    return segments.map(decodeURIComponent)
  } catch (error) {
    throw badRequest(`invalid path ${JSON.stringify(path)}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
