import { createHash } from "node:crypto"
import type { HttpResponse } from "#lib/http.ts"
import type { RemoteServices } from "#apiserver/aggregation/api-services.ts"
import type { RemoteDiscovery } from "#apiserver/aggregation/remote-discovery.ts"
import { readGeneratedBytes } from "#apiserver/builtin/generated-data.ts"
import { acceptClauses, taggedAnswer } from "#apiserver/discovery/answers.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import { builtinDocument, builtinDocuments } from "./builtin-documents.ts"
import { newCustomDocuments } from "./custom-documents.ts"
import { swaggerDocument } from "./swagger.ts"

const V3_PREFIX = "/openapi/v3/"
const SWAGGER_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
const SWAGGER_PROTOBUF_ANSWER = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
const JSON_TYPES = new Set(["application/json", "application/*", "*/*"])

/** Answers `/openapi/v2`, `/openapi/v3` and the documents below it. @param path  without query and without slash at its end */
export function newOpenApiHandler(
  resources: ResourceTable,
  remote?: { readonly services: RemoteServices; readonly discovery: RemoteDiscovery },
): (request: ServerRequest, path: string) => HttpResponse {
  const custom = newCustomDocuments(resources)
  return (request, path) => {
    if (path === "/openapi/v2") return swaggerAnswer(request, resources)
    if (path === "/openapi/v3") return indexAnswer(custom(), remoteUrls(remote))
    const name = path.slice(V3_PREFIX.length)
    const found = custom().get(name)
    const hash = found?.hash ?? builtinDocuments()[name]?.hash
    if (hash === undefined) return { status: 404, headers: {}, body: new Uint8Array() }
    if (!acceptClauses(request).some((clause) => JSON_TYPES.has(clause))) return notAcceptable()
    const body = () => found?.body ?? builtinDocument(name)!
    return documentAnswer(request, name, hash, body)
  }
}

const notAcceptable = (): HttpResponse => ({ status: 406, headers: { vary: "Accept" }, body: new Uint8Array() })

/** Where documents of other servers are: here, under the same address. */
function remoteUrls(remote: Parameters<typeof newOpenApiHandler>[1]): ReadonlyMap<string, string> {
  const named = (remote?.services.all() ?? []).flatMap(({ group, version }) => {
    const url = remote?.discovery.get(group, version)?.openApi
    return url === undefined ? [] : [[`apis/${group}/${version}`, url] as const]
  })
  return new Map(named)
}

/** The list of documents. Each address holds a name of the content, so that clients may keep that for ever. */
function indexAnswer(
  custom: ReadonlyMap<string, { readonly hash: string }>,
  remote: ReadonlyMap<string, string>,
): HttpResponse {
  const hashes = new Map([
    ...Object.entries(builtinDocuments()).map(([name, { hash }]) => [name, hash] as const),
    ...[...custom].map(([name, { hash }]) => [name, hash] as const),
  ])
  const urls = new Map([
    ...Array.from(hashes, ([name, hash]) => [name, `${V3_PREFIX}${name}?hash=${hash}`] as const),
    ...remote,
  ])
  const paths = Object.fromEntries([...urls.keys()].sort().map((name) => [name, { serverRelativeURL: urls.get(name) }]))
  const headers = { "content-type": "text/plain; charset=utf-8" }
  return { status: 200, headers, body: Buffer.from(JSON.stringify({ paths })) }
}

function documentAnswer(request: ServerRequest, name: string, hash: string, body: () => Uint8Array): HttpResponse {
  const wanted = new URLSearchParams(request.path.split("?")[1] ?? "").get("hash")
  const etag = `"${hash}"`
  const headers = { "content-type": "application/json", vary: "Accept" }
  if (wanted !== null && wanted !== hash) {
    // Relative, so that it holds behind a prefix of this server as well.
    const location = `${name.slice(name.lastIndexOf("/") + 1)}?hash=${hash}`
    return { status: 301, headers: { ...headers, etag, location }, body: new Uint8Array() }
  }
  const cache = wanted === null ? {} : { "cache-control": "public, immutable" }
  return taggedAnswer(request, { body: body(), etag, headers: { ...headers, ...cache } })
}

function swaggerAnswer(request: ServerRequest, resources: ResourceTable): HttpResponse {
  const clauses = acceptClauses(request)
  const best = clauses.find((clause) => clause === SWAGGER_PROTOBUF || JSON_TYPES.has(clause))
  if (best === undefined) return notAcceptable()
  const isProtobuf = best === SWAGGER_PROTOBUF
  const body = isProtobuf
    ? readGeneratedBytes("swagger.pb")
    : swaggerDocument(resources.all().filter((info) => info.custom))
  const etag = `"${createHash("sha512").update(body).digest("hex").toUpperCase()}"`
  const contentType = isProtobuf ? SWAGGER_PROTOBUF_ANSWER : "application/json"
  return taggedAnswer(request, { body, etag, headers: { "content-type": contentType, vary: "Accept" } })
}
