// One hostile request: of the right form in most of its parts, so that it comes as far as possible.
import type { GeneratorValue } from "fast-check"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import { encodeProtobufObject, hasProtobufForm } from "#apiserver/protobuf/encode.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { goodObjects } from "./good-objects.ts"
import { mangled, mutated, nastyText, nastyValue, oneIn, pick, schemaValue, upTo } from "./values.ts"

type G = GeneratorValue
export type HostileRequest = Omit<ServerRequest, "peer">

/** Few names, so that requests meet. */
const NAMES = ["a", "b", "c"]
const METHODS = ["GET", "GET", "POST", "POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE"]
const PATCH_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/apply-patch+cbor",
]
const PARAMETERS = [
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "resourceVersion",
  "resourceVersionMatch",
  "watch",
  "timeoutSeconds",
  "timeout",
  "sendInitialEvents",
  "allowWatchBookmarks",
  "dryRun",
  "fieldManager",
  "force",
  "fieldValidation",
  "pretty",
  "includeObject",
  "gracePeriodSeconds",
  "propagationPolicy",
  "orphanDependents",
  "ignoreStoreReadErrorWithClusterBreakingPotential",
  "exclude",
  "verbose",
  "__proto__",
  "as",
]
const SELECTORS = [
  "a=b",
  "a==b",
  "a!=b",
  "a",
  "!a",
  "a in (b,c)",
  "a notin (b)",
  "a in ()",
  "a>1",
  "a<9223372036854775808",
  "metadata.name=a",
  "metadata.name!=a,metadata.namespace=n",
  "status.phase=Running",
  "spec.color=red",
  "a=b,,c",
  "a in (b",
]
const ACCEPTS = [
  "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor", "*/*", "text/html",
  "application/json;as=Table;g=meta.k8s.io;v=v1",
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
  "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  ";;;,,,q=", "application/json;q=1e999", "application/json;stream=watch", "a/b;as=__proto__", "constructor",
] // prettier-ignore
const BODY_TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor", "text/plain", "application/json;charset=\"", "__proto__"] // prettier-ignore
const TOKENS = ["eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiJhXHUwMDAwIn0", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vLi4vYSJ9", "bnVsbA", "W10", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MWUzMDgsInN0YXJ0IjoiYSJ9"] // prettier-ignore
const PLAIN_PATHS = ["/", "/api", "/apis", "/version", "/healthz", "/readyz/ping", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1", "/openid/v1/jwks", "/.well-known/openid-configuration", "/api/v1", "/apis/apps", "/apis/apps/v1", "/hawser/v1/backup", "/favicon.ico", "//", "/apis/apps/v1/watch", "/api/v1/watch/namespaces/n/pods/a", "/api/v1/proxy/nodes/a", "*"] // prettier-ignore
const ODD_METHODS = ["HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND", "__proto__", "constructor"]

export function hostileRequest(g: G, infos: readonly ResourceInfo[]): HostileRequest {
  if (oneIn(g, 50)) return plainRequest(g)
  const info = pick(g, infos)
  const subresource = oneIn(g, 200) && info.subresources.length > 0 ? pick(g, info.subresources) : undefined
  const method = oneIn(g, 20) ? pick(g, ODD_METHODS) : methodFor(g, (subresource ?? info).verbs)
  const isCollection = method === "POST" || ((method === "GET" || method === "DELETE") && oneIn(g, 300))
  const named = subresource !== undefined || !isCollection
  const name = oneIn(g, 60) ? escaped(g, nastyText(g)) : pick(g, NAMES)
  const path = pathOf(g, info, named ? name : "", subresource?.name)
  const headers: Record<string, string> = {}
  let body: Uint8Array | undefined
  if (method === "PATCH") body = patchBody(g, info, headers)
  else if (method === "POST" || method === "PUT")
    body = objectBody(g, info, named ? decodeURIComponent(safe(name)) : pick(g, NAMES), headers, subresource)
  else if (method === "DELETE" && oneIn(g, 500)) body = deleteBody(g, headers)
  addHeaders(g, headers)
  return { method, path: path + queryOf(g, method), headers, ...(body === undefined ? {} : { body }) }
}

/** Mostly one that the resource knows. */
function methodFor(g: G, verbs: readonly string[]): string {
  const known = METHODS.filter((method) => verbs.includes(VERB_OF[method]!))
  return pick(g, known.length === 0 || oneIn(g, 30) ? METHODS : known)
}

const VERB_OF: Readonly<Record<string, string>> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
}

const safe = (name: string) => name.replace(/%(?![0-9a-fA-F]{2})/g, "").replace(/%[89a-fA-F][0-9a-fA-F]/g, "")

function plainRequest(g: G): HostileRequest {
  const headers: Record<string, string> = {}
  addHeaders(g, headers)
  const path = pick(g, PLAIN_PATHS) + (oneIn(g, 200) ? `/${escaped(g, nastyText(g))}` : "")
  return { method: pick(g, METHODS), path: path + queryOf(g, "GET"), headers }
}

/** As a path may carry it: most are encoded as they should be. */
function escaped(g: G, text: string): string {
  const wellFormed = text.toWellFormed()
  if (!oneIn(g, 100)) return encodeURIComponent(wellFormed)
  return [...wellFormed].filter((c) => c > " " && c < "\u007f" && c !== "#").join("")
}

function pathOf(
  g: G,
  { group, version, resource, namespaced }: ResourceInfo,
  name: string,
  subresource?: string,
): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${oneIn(g, 10) ? escaped(g, nastyText(g)) : version}`
  const namespace =
    namespaced !== oneIn(g, 20)
      ? `/namespaces/${oneIn(g, 20) ? escaped(g, nastyText(g)) : pick(g, ["n", "n", "default", "other"])}`
      : ""
  const tail = [name, subresource ?? "", ...(oneIn(g, 10) ? [escaped(g, nastyText(g))] : [])].filter(
    (part) => part !== "",
  )
  return [`${root}${oneIn(g, 10) ? "/watch" : ""}${namespace}/${resource}`, ...tail].join("/")
}

function queryOf(g: G, method: string): string {
  const parts: string[] = []
  for (let i = upTo(g, oneIn(g, 300) ? 4 : 1); i > 0; i--) {
    const name = pick(g, PARAMETERS)
    parts.push(`${name}=${escaped(g, oneIn(g, 500) ? goodParameter(g, name) : nastyText(g))}`)
  }
  if (method === "PATCH" && oneIn(g, 700)) parts.push("fieldManager=m", ...(oneIn(g, 300) ? ["force=true"] : []))
  if (oneIn(g, 300)) parts.push("fieldValidation=" + pick(g, ["Strict", "Ignore", "Warn"]))
  return parts.length === 0 ? "" : `?${parts.join("&")}`
}

function goodParameter(g: G, name: string): string {
  if (name.endsWith("Selector")) return pick(g, SELECTORS)
  if (name === "continue") return pick(g, TOKENS)
  if (name === "resourceVersionMatch") return pick(g, ["Exact", "NotOlderThan"])
  if (name === "propagationPolicy") return pick(g, ["Orphan", "Foreground", "Background"])
  return pick(g, ["1", "0", "true", "false", "5", "100", "All"])
}

function addHeaders(g: G, headers: Record<string, string>): void {
  if (oneIn(g, 300)) headers["accept"] = pick(g, ACCEPTS)
  if (!oneIn(g, 100)) return
  const name = pick(g, ["accept", "user-agent", "audit-id", "impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-a%2f%", "x-forwarded-for", "x-remote-user", "if-none-match", "accept-encoding", "content-encoding", "authorization", "host", "content-type", "connection", "upgrade", "sec-websocket-protocol"]) // prettier-ignore
  headers[name] = headerText(g)
}

/** What a header can carry at all. */
const headerText = (g: G) =>
  [...nastyText(g)].filter((c) => c === "\t" || (c >= " " && c <= "ÿ" && c !== "\u007f")).join("").slice(0, 8000) // prettier-ignore

function bodyObject(g: G, info: ResourceInfo, name: string, wrong: number): Record<string, unknown> {
  const good = goodObjects(info)
  if (good.length > 0 && oneIn(g, 600)) {
    const object = structuredClone(pick(g, good)) as Record<string, unknown> & { metadata: Record<string, unknown> }
    object.metadata = { ...object.metadata, name }
    delete object.metadata["namespace"]
    for (let i = Math.min(upTo(g, 3), wrong); i > 0; i--) mutated(g, object)
    return object
  }
  const schema = info.schema()
  const made = schema === undefined ? nastyValue(g) : schemaValue(g, schema.schema, schema.resolve, wrong)
  const object = (typeof made === "object" && made !== null && !Array.isArray(made) ? made : { made }) as Record<
    string,
    unknown
  >
  if (!oneIn(g, 50)) object["kind"] = info.kind
  if (!oneIn(g, 50)) object["apiVersion"] = apiVersionOf(info)
  const metadata =
    oneIn(g, 200) && typeof object["metadata"] === "object" && object["metadata"] !== null ? object["metadata"] : {}
  if (!oneIn(g, 30)) object["metadata"] = { ...metadata, name }
  return object
}

function objectBody(
  g: G,
  info: ResourceInfo,
  name: string,
  headers: Record<string, string>,
  subresource?: { readonly kind: string },
): Uint8Array {
  const object = bodyObject(g, info, name, pick(g, [0, 5, 20, 100]))
  if (subresource !== undefined && oneIn(g, 800)) object["kind"] = subresource.kind
  const type = oneIn(g, 300) ? pick(g, BODY_TYPES) : "application/json"
  headers["content-type"] = type
  const bytes = encoded(object, type)
  return oneIn(g, 60) ? mangled(g, bytes) : bytes
}

function encoded(object: Record<string, unknown>, type: string): Uint8Array {
  const typed = object as { apiVersion: string; kind: string }
  if (type.endsWith("protobuf")) {
    try {
      if (hasProtobufForm(typed.apiVersion, typed.kind)) return encodeProtobufObject(typed)
    } catch {
      // Wrong values have no protobuf form; the text is then no protobuf at all.
    }
  }
  return Buffer.from(JSON.stringify(object))
}

function patchBody(g: G, info: ResourceInfo, headers: Record<string, string>): Uint8Array {
  const type = oneIn(g, 20) ? nastyHeader(g) : pick(g, PATCH_TYPES)
  headers["content-type"] = type
  const isJson = type === PATCH_TYPES[0]
  const patch = oneIn(g, 100) ? nastyValue(g) : isJson ? jsonPatch(g, info) : mergeOf(g, info, type)
  const bytes = Buffer.from(JSON.stringify(patch) ?? "null")
  return oneIn(g, 60) ? mangled(g, bytes) : bytes
}

const nastyHeader = (g: G) => headerText(g)

/** A part of an object, with the directives of strategic merges here and there. */
function mergeOf(g: G, info: ResourceInfo, type: string): unknown {
  const object = bodyObject(g, info, pick(g, NAMES), pick(g, [0, 20, 100]))
  if (type === "application/apply-patch+yaml") return object
  if (oneIn(g, 700)) delete object["metadata"]
  if (type === "application/strategic-merge-patch+json") sprinkle(g, object, 0)
  return object
}

function sprinkle(g: G, value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null || depth > 8) return
  for (const inner of Object.values(value)) sprinkle(g, inner, depth + 1)
  if (Array.isArray(value)) {
    if (oneIn(g, 50))
      value.push(
        pick<unknown>(g, [
          { $patch: "replace" },
          { $patch: "delete", name: "x" },
          { $patch: "merge" },
          { $patch: 1 },
          null,
          "x",
        ]),
      )
    return
  }
  if (!oneIn(g, 100)) return
  const directive = pick(g, ["$patch", "$retainKeys", "$setElementOrder/x", "$deleteFromPrimitiveList/x", ...Object.keys(value).slice(0, 3).map((key) => `$setElementOrder/${key}`)]) // prettier-ignore
  ;(value as Record<string, unknown>)[directive] = oneIn(g, 300)
    ? nastyValue(g, 3)
    : pick<unknown>(g, ["delete", "replace", "merge", ["x"], [{ name: "x" }], [], {}, null])
}

const POINTERS = ["", "/", "/metadata", "/metadata/name", "/metadata/labels/a", "/metadata/labels", "/metadata/finalizers/-", "/metadata/finalizers/0", "/metadata/managedFields", "/spec", "/spec/x/0/y", "/status", "/data/a", "/kind", "/apiVersion", "/a~2b", "/~", "/__proto__/a", "/constructor/prototype/a", "/metadata/annotations/a~1b", "no-slash", "/spec/containers/01", "/spec/containers/1e0", "/metadata/resourceVersion", "/metadata/deletionTimestamp"] // prettier-ignore

function jsonPatch(g: G, info: ResourceInfo): unknown {
  const schema = info.schema()
  return Array.from({ length: upTo(g, 5) }, () => ({
    op: oneIn(g, 50) ? nastyText(g) : pick(g, ["add", "remove", "replace", "move", "copy", "test"]),
    path: oneIn(g, 100) ? nastyValue(g) : pick(g, POINTERS),
    ...(oneIn(g, 500) ? { from: pick(g, POINTERS) } : {}),
    ...(oneIn(g, 700) ? { value: oneIn(g, 300) && schema !== undefined ? schemaPart(g, schema) : nastyValue(g) } : {}),
  }))
}

function schemaPart(g: G, { schema, resolve }: KindSchema): unknown {
  const parts = Object.values(schema.properties ?? {})
  return parts.length === 0 ? nastyValue(g) : schemaValue(g, pick<JsonSchema>(g, parts), resolve, 20, 1)
}

function deleteBody(g: G, headers: Record<string, string>): Uint8Array {
  headers["content-type"] = oneIn(g, 100) ? pick(g, BODY_TYPES) : "application/json"
  const options = {
    kind: "DeleteOptions",
    apiVersion: "v1",
    [pick(g, ["gracePeriodSeconds", "preconditions", "orphanDependents", "propagationPolicy", "dryRun", "kind"])]:
      nastyValue(g),
  }
  const bytes = Buffer.from(JSON.stringify(oneIn(g, 100) ? nastyValue(g) : options) ?? "")
  return oneIn(g, 60) ? mangled(g, bytes) : bytes
}
