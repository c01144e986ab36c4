// Requests for group versions that other servers answer. Source: k8s.io/kube-aggregator pkg/apiserver/handler_proxy.go.
import type { HttpRequest, HttpResponse } from "#lib/http.ts"
import type { Endpoint, Outbound, OutboundRequest } from "#lib/outbound.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import { serviceHost, type ServiceResolver } from "#apiserver/outbound/service-resolver.ts"
import type { RemoteService, RemoteServices } from "./api-services.ts"
import { answerHeaders, requestHeaders } from "./proxied-headers.plan.ts"

/** What the aggregator proves itself with to other servers. */
export type ProxyClient = { readonly certificate: string; readonly key: string }

export type AggregationDeps = {
  readonly services: RemoteServices
  readonly outbound: Outbound
  readonly resolveService: ServiceResolver
  /** Without one, other servers have no reason to believe whom a request is for. */
  readonly proxyClient?: ProxyClient | undefined
}

const OPEN_API = "/openapi/v3"

/** @returns where a service's server is to be asked. @throws Error when there is none */
export function endpointOf(
  { resolveService, proxyClient }: AggregationDeps,
  { service, authorities, insecure }: RemoteService,
): Endpoint {
  return {
    ...resolveService(service),
    serverName: serviceHost(service),
    ...(authorities === undefined ? {} : { authorities }),
    ...(insecure ? { insecure } : {}),
    ...(proxyClient === undefined ? {} : { client: proxyClient }),
  }
}

/** Passes requests on to the servers of their group versions. @returns undefined for those that are this server's own */
export function newAggregationProxy(deps: AggregationDeps): (call: Call) => Promise<HttpResponse> | undefined {
  return (call) => {
    const service = serviceOf(deps.services, call.request.path)
    return service && passOn(deps, service, call)
  }
}

/** `/apis/GROUP/VERSION` and everything below, and its OpenAPI document. */
function serviceOf(services: RemoteServices, path: string): RemoteService | undefined {
  const own = path.startsWith(OPEN_API) ? path.slice(OPEN_API.length) : path
  if (!own.startsWith("/apis/") || services.all().length === 0) return undefined
  const [, , group = "", version = ""] = own.split("?", 1)[0]!.split("/", 4)
  return services.find(group, version)
}

async function passOn(deps: AggregationDeps, service: RemoteService, call: Call): Promise<HttpResponse> {
  if (!service.available) return plainAnswer(503, "service unavailable")
  let endpoint: Endpoint
  try {
    endpoint = endpointOf(deps, service)
  } catch {
    return plainAnswer(503, "service unavailable")
  }
  const { request, user } = call
  const isUpgrade = /\bupgrade\b/i.test(request.headers["connection"] ?? "")
  try {
    const answer = await deps.outbound.transport(endpoint)(
      proxiedRequest(request, user, call.request.peer.address, isUpgrade),
    )
    // Another server that sends clients elsewhere could send their credentials along.
    if (answer.status >= 300 && answer.status < 400 && answer.headers["location"] !== undefined)
      return plainAnswer(502, "the backend attempted to redirect this request, which is not permitted")
    return { ...answer, headers: answerHeaders(answer.headers, answer.upgrade !== undefined) }
  } catch (error) {
    if (request.signal?.aborted) throw error
    return plainAnswer(503, `error trying to reach service: ${(error as Error).message}`)
  }
}

export function proxiedRequest(
  request: HttpRequest,
  user: UserInfo,
  address: string,
  isUpgrade: boolean,
): OutboundRequest {
  const host = request.headers["host"] ?? request.headers[":authority"] ?? ""
  const headers = requestHeaders(request.headers, user, { address, host, isUpgrade })
  const { method, path, body, signal } = request
  return {
    method,
    path,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  }
}

/** As Go's http.Error writes it. */
function plainAnswer(status: number, text: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    body: Buffer.from(`${text}\n`),
  }
}
