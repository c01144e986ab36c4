import { forbiddenField } from "#apimachinery/field-errors.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { invalid } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin } from "#apiserver/admission/admission.ts"
import type { MatchingDeps } from "#apiserver/admission/matching.ts"
import { GROUP_MASTERS, type UserInfo } from "#apiserver/authentication/user.ts"
import type { Authorizer } from "#apiserver/request.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import type { ParamKind, ParamRef } from "./policy.ts"

const GROUP = "admissionregistration.k8s.io"

type Deps = MatchingDeps & { readonly authorizer: Authorizer }

/**
 * Nobody may have a policy read for them what they may not read themselves: parameters show in messages.
 * Source: k8s.io/kubernetes pkg/registry/admissionregistration/{validatingadmissionpolicy,validatingadmissionpolicybinding}/authz.go.
 */
export function paramAccess(deps: Deps): AdmissionPlugin {
  return {
    name: "ParamAccess",
    validate({ operation, resource, subresource, object, before, user }) {
      if (resource.group !== GROUP || subresource !== "") return
      if (object === undefined || operation === "DELETE" || user.groups.includes(GROUP_MASTERS)) return
      const check = CHECKS.get(resource.resource)
      const problem = check?.(deps, user, object, before)
      if (problem === undefined) return
      throw invalid(resource, object.metadata.name ?? "", [forbiddenField(problem.field, problem.why)])
    },
  }
}

type Problem = { readonly field: string; readonly why: string }
type Check = (
  deps: Deps,
  user: UserInfo,
  object: UnknownObject,
  before: UnknownObject | undefined,
) => Problem | undefined

const CHECKS: ReadonlyMap<string, Check> = new Map([
  ["validatingadmissionpolicies", checkPolicy],
  ["validatingadmissionpolicybindings", checkBinding],
])

type Spec = { readonly paramKind?: ParamKind; readonly paramRef?: ParamRef; readonly policyName?: string }
const specOf = (object: UnknownObject | undefined) => (object?.["spec"] ?? {}) as Spec

function checkPolicy(deps: Deps, user: UserInfo, object: UnknownObject, before: UnknownObject | undefined) {
  const { paramKind } = specOf(object)
  if (paramKind === undefined || deepEqual(paramKind, specOf(before).paramKind)) return undefined
  if (mayRead(deps, user, paramKind, "get", "*", "*")) return undefined
  const of = `(kind=${paramKind.kind}, apiVersion=${paramKind.apiVersion})`
  const why = `user ${describe(user)} must have "get" permission on all objects of the referenced paramKind ${of}`
  return { field: "spec.paramKind", why }
}

function checkBinding(deps: Deps, user: UserInfo, object: UnknownObject): Problem | undefined {
  const { paramRef, policyName = "" } = specOf(object)
  if (paramRef === undefined) return undefined
  const policy = deps.reader.get({ group: GROUP, resource: "validatingadmissionpolicies" }, "", policyName)
  const { paramKind } = specOf(policy)
  const { name = "", namespace = "" } = paramRef
  const verb = name === "" ? "list" : "get"
  if (mayRead(deps, user, paramKind, verb, namespace, name)) return undefined
  return { field: "spec.paramRef", why: refusal(deps, describe(user), verb, policyName, policy, paramKind) }
}

function refusal(
  { resources }: Deps,
  user: string,
  verb: string,
  policyName: string,
  policy: UnknownObject | undefined,
  paramKind: ParamKind | undefined,
): string {
  const everything = `and user ${user} does not have "${verb}" permission for all groups, versions and resources`
  if (policy === undefined)
    return `unable to get policy ${policyName} to determine minimum required permissions ${everything}`
  if (paramKind !== undefined && infoOf(resources, paramKind) === undefined) {
    const kind = `&{${paramKind.apiVersion} ${paramKind.kind}}`
    return `unable to resolve paramKind ${kind} to determine minimum required permissions ${everything}`
  }
  return `user ${user} does not have "${verb}" permission on the object referenced by paramRef`
}

function infoOf(resources: ResourceTable, { apiVersion, kind }: ParamKind) {
  const { group, version } = parseApiVersion(apiVersion)
  return resources.findKind(group, version, kind)
}

/** Of what is not known, everything must be readable. */
function mayRead(
  { authorizer, resources }: Deps,
  user: UserInfo,
  paramKind: ParamKind | undefined,
  verb: string,
  namespace: string,
  name: string,
): boolean {
  const { group, version } =
    paramKind === undefined ? { group: "*", version: "*" } : parseApiVersion(paramKind.apiVersion)
  const resource = (paramKind && infoOf(resources, paramKind)?.resource) ?? "*"
  const attributes = {
    resourceRequest: true,
    verb,
    group,
    version,
    resource,
    subresource: "",
    namespace,
    name,
  } as const
  return authorizer.authorize(user, attributes).allowed
}

/** As Go prints a user. */
function describe({ name, uid = "", groups, extra = {} }: UserInfo): string {
  const extras = Object.entries(extra).map(([key, values]) => `${key}:[${values.join(" ")}]`)
  return `&{${name} ${uid} [${groups.join(" ")}] map[${extras.join(" ")}]}`
}
