import { createHash } from "node:crypto"
import type { HttpResponse } from "#lib/http.ts"
import { newStatusError, StatusError } from "#apimachinery/status-error.ts"
import { refusalForm } from "#apiserver/handlers/negotiation.ts"
import { errorResponse } from "#apiserver/handlers/responses.ts"
import type { RemoteServices } from "#apiserver/aggregation/api-services.ts"
import { mergedGroups } from "#apiserver/aggregation/merged-groups.ts"
import type { RemoteDiscovery } from "#apiserver/aggregation/remote-discovery.ts"
import { newOpenApiHandler } from "#apiserver/openapi/handler.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import { acceptClauses, objectAnswer, taggedAnswer, unknownResource } from "./answers.ts"
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from "./documents.ts"
import { groupsOf } from "./groups.ts"
import type { Group } from "./groups.ts"

export type DiscoveryOptions = {
  readonly resources: ResourceTable
  /** Whose tokens this server issues, for those who want to verify them. */
  readonly issuer?: {
    readonly jwks: object
    openidConfiguration(serverUrl: string): object
  }
  /** What other servers answer. */
  readonly remote?: { readonly services: RemoteServices; readonly discovery: RemoteDiscovery }
}

type Answer = (request: ServerRequest) => HttpResponse | undefined

/**
 * Answers what clients ask before they ask for objects: `/`, `/api`, `/apis` and below, `/openapi`, and the keys of
 * service account tokens.
 *
 * @returns a function that returns undefined for paths and methods that are not its own
 */
export function newDiscoveryHandler(options: DiscoveryOptions): Answer {
  const { resources, issuer, remote } = options
  const groups = newGroups(resources, remote)
  const discovery = newGroupAnswers(groups)
  const openApi = newOpenApiHandler(resources, remote)
  return (request) => {
    const path = request.path.split("?", 1)[0]!.replace(/(?<=.)\/$/, "")
    try {
      if (path === "/") return objectAnswer(request, { paths: rootPaths(groups().all, issuer !== undefined) })
      if (path === "/openapi/v2" || path === "/openapi/v3" || path.startsWith("/openapi/v3/"))
        return openApi(request, path)
      if (issuer !== undefined && path === "/.well-known/openid-configuration") {
        return keysAnswer("application/json", issuer.openidConfiguration(`https://${hostOf(request)}`))
      }
      if (issuer !== undefined && path === "/openid/v1/jwks") return keysAnswer("application/jwk-set+json", issuer.jwks)
      const found = discovery(request, path)
      return found === undefined || mayAsk(request.method, path) ? found : notAllowed()
    } catch (error) {
      if (error instanceof StatusError) return errorResponse(error, refusalForm(request.headers, undefined))
      throw error
    }
  }
}

/** The lists of groups and of a group's versions answer whatever the method is; the other documents are routes for GET. */
function mayAsk(method: string, path: string): boolean {
  return method === "GET" || method === "HEAD" || /^\/apis(\/[^/]+)?$/.test(path)
}

const notAllowed = () =>
  errorResponse(
    newStatusError("MethodNotAllowed", "the server does not allow this method on the requested resource", {}),
  )

const hostOf = (request: ServerRequest) => request.headers["host"] ?? ""

function keysAnswer(contentType: string, object: object): HttpResponse {
  const headers = { "content-type": contentType, "cache-control": "public, max-age=3600" }
  return { status: 200, headers, body: Buffer.from(JSON.stringify(object)) }
}

const OTHER_PATHS = [
  "/healthz",
  "/livez",
  "/metrics",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/",
  "/readyz",
  "/version",
]

function rootPaths(groups: readonly Group[], hasIssuer: boolean): string[] {
  const paths = groups.flatMap(({ name, versions }) => {
    const root = name === "" ? "/api" : `/apis/${name}`
    return [root, ...versions.map(({ version }) => `${root}/${version}`)]
  })
  const keys = hasIssuer ? ["/.well-known/openid-configuration", "/openid/v1/jwks"] : []
  return [...paths, ...OTHER_PATHS, ...keys, "/apis", "/apis/"].sort()
}

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=apigroupdiscoverylist"
const AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
const PLAIN_TYPES = new Set(["application/json", "application/yaml", "application/*", "*/*"])

/** Whether the best clause that can be served is the one for all resources at once. */
function wantsAggregated(request: ServerRequest): boolean {
  return acceptClauses(request).find((clause) => clause === AGGREGATED || PLAIN_TYPES.has(clause)) === AGGREGATED
}

type Tagged = { readonly body: Uint8Array; readonly etag: string; readonly headers: HttpResponse["headers"] }

/** All groups; another object whenever they are others. */
type Groups = { readonly all: readonly Group[] }

function newGroups(resources: ResourceTable, remote: DiscoveryOptions["remote"]): () => Groups {
  let generation = ""
  let groups: Groups = { all: [] }
  return () => {
    const now = `${resources.generation} ${remote?.services.version} ${remote?.discovery.generation}`
    if (generation === now) return groups
    generation = now
    const local = groupsOf(resources)
    groups = { all: remote === undefined ? local : mergedGroups(local, remote.services.all(), remote.discovery) }
    return groups
  }
}

function newGroupAnswers(groupsNow: () => Groups): (request: ServerRequest, path: string) => HttpResponse | undefined {
  let known: Groups | undefined
  /** By path; what is served changes seldom and every client asks for all of it. */
  let aggregated = new Map<string, Tagged>()
  return (request, path) => {
    const [, root, name, version, ...rest] = path.split("/")
    if ((root !== "api" && root !== "apis") || rest.length > 0) return undefined
    if (root === "apis" && name === "" && version !== undefined) return undefined
    const now = groupsNow()
    if (known !== now) aggregated = new Map()
    known = now
    const groups = now.all
    if (name === undefined) {
      if (!wantsAggregated(request)) {
        return objectAnswer(request, root === "api" ? apiVersions(hostOf(request)) : apiGroupList(groups))
      }
      const document =
        aggregated.get(path) ?? tag(aggregatedDiscovery(groups.filter((g) => (g.name === "") === (root === "api"))))
      aggregated.set(path, document)
      return taggedAnswer(request, document)
    }
    const group = groups.find((g) => g.name === (root === "api" ? "" : name))
    if (group === undefined || (root === "api" && version !== undefined)) return undefined
    const wanted = root === "api" ? name : version
    if (wanted === undefined) return objectAnswer(request, apiGroup(group))
    const found = group.versions.find((v) => v.version === wanted)
    return found === undefined ? unknownResource() : objectAnswer(request, apiResourceList(group.name, found), "object")
  }
}

function tag(document: object): Tagged {
  const body = Buffer.from(JSON.stringify(document) + "\n")
  const etag = `"${createHash("sha512").update(body).digest("hex").toUpperCase()}"`
  return { body, etag, headers: { "content-type": AGGREGATED_TYPE, "cache-control": "public", vary: "Accept" } }
}
