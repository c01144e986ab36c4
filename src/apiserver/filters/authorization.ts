import { exactFieldValue, parseFieldSelector } from "#apimachinery/field-selectors.ts"
import { forbiddenError } from "#apiserver/authorization/forbidden.ts"
import { resolveImpersonation } from "#apiserver/authorization/impersonation.ts"
import type { AuthorizationAttributes, Authorizer, RequestInfo } from "#apiserver/request.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import type { Filter } from "./filter.ts"

/** Paths that tell only whether the server works. Source: kube-apiserver --authorization-always-allow-paths. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/healthz", "/livez", "/readyz"])

/** What refusals of these two filters say besides, as upstream. */
const SNIFF_OPTIONS = "x-content-type-options"
const NO_SNIFF = "nosniff"

/** Lets a user act as another who asks for it and may. */
export function withImpersonation(authorizer: Authorizer): Filter {
  return (next) => (call) => {
    const impersonated = impersonatedUser(call, authorizer)
    if (impersonated !== undefined) {
      call.audit?.impersonates(impersonated)
      call.user = impersonated
    }
    return next(call)
  }
}

function impersonatedUser(call: Call, authorizer: Authorizer): UserInfo | undefined {
  try {
    return resolveImpersonation(call.request.headers, call.user, authorizer, call.request.valuesOf)
  } catch (error) {
    call.headers[SNIFF_OPTIONS] = NO_SNIFF
    throw error
  }
}

/** Refuses with 403 what the user may not. */
export function withAuthorization(authorizer: Authorizer): Filter {
  return (next) => (call) => {
    if (OPEN_PATHS.has(call.info.path)) return next(call)
    const attributes = attributesOf(call.info)
    const { allowed, reason } = authorizer.authorize(call.user, attributes)
    call.audit?.annotate({
      "authorization.k8s.io/decision": allowed ? "allow" : "forbid",
      "authorization.k8s.io/reason": reason,
    })
    if (!allowed) {
      call.headers[SNIFF_OPTIONS] = NO_SNIFF
      throw forbiddenError(call.user, attributes, reason)
    }
    return next(call)
  }
}

function attributesOf(info: RequestInfo): AuthorizationAttributes {
  const { isResource, verb, path, group, version, resource, subresource, namespace, name } = info
  if (!isResource) return { resourceRequest: false, verb, path }
  const asked = name === "" && (verb === "list" || verb === "watch") ? selectedName(info) : name
  return { resourceRequest: true, verb, group, version, resource, subresource, namespace, name: asked }
}

/**
 * The one name that a list or watch is limited to by its field selector: who may see that object only may list and
 * watch it so. Source: k8s.io/apiserver request.RequestInfoFactory.
 */
function selectedName({ query }: RequestInfo): string {
  const selector = query.get("fieldSelector")
  if (selector === null || !selector.includes("metadata.name")) return ""
  try {
    const name = exactFieldValue(parseFieldSelector(selector), "metadata.name") ?? ""
    return /^(?!\.{1,2}$)[^/%]+$/.test(name) ? name : ""
  } catch {
    return "" // whoever reads the selector for the list refuses it
  }
}
