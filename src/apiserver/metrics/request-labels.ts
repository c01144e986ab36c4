import type { Labels } from "#lib/metrics.ts"
import type { RequestInfo } from "#apiserver/request.ts"
import type { ResourceTable } from "#apiserver/resource.ts"

const VERBS: ReadonlyMap<string, string> = new Map([
  ["get", "GET"],
  ["list", "LIST"],
  ["watch", "WATCH"],
  ["create", "POST"],
  ["update", "PUT"],
  ["patch", "PATCH"],
  ["delete", "DELETE"],
  ["deletecollection", "DELETE"],
  ["post", "POST"],
  ["put", "PUT"],
  ["head", "GET"],
])

/** Paths that are told of by their own name; all others share one, as anybody can make up more. */
const PATHS: ReadonlySet<string> = new Set(
  "/api /apis /healthz /livez /readyz /metrics /version /openapi/v2 /openapi/v3 /openid/v1/jwks".split(" "),
)

/**
 * What requests are counted by. Source: k8s.io/apiserver endpoints/metrics. Names that a client can make up are never
 * among them: what is not served has no resource.
 */
export function requestLabels(info: RequestInfo, resources: ResourceTable, contentType?: string): Labels {
  const verb = contentType?.startsWith("application/apply-patch") ? "APPLY" : (VERBS.get(info.verb) ?? "OTHER")
  const served = info.isResource ? resources.find(info.group, info.version, info.resource) : undefined
  if (served === undefined) {
    const path = PATHS.has(info.path) ? info.path : ""
    return { component: "", dry_run: "", group: "", resource: "", scope: "", subresource: path, verb, version: "" }
  }
  const { group, version, resource } = info
  const isKnown = served.subresources.some(({ name }) => name === info.subresource)
  return {
    component: "apiserver",
    dry_run: info.query.get("dryRun") === "All" ? "All" : "",
    group,
    resource,
    scope: info.name !== "" || info.verb === "create" ? "resource" : info.namespace !== "" ? "namespace" : "cluster",
    subresource: isKnown ? info.subresource : "",
    verb,
    version,
  }
}
