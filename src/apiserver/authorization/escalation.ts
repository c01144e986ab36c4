import { isDeepStrictEqual } from "node:util"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { forbidden, hasReason, notFound } from "#apimachinery/status-error.ts"
import type { StatusError } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin } from "#apiserver/admission/admission.ts"
import { GROUP_MASTERS } from "#apiserver/authentication/user.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import type { RoleRef } from "./binding-index.ts"
import { compactRules, describeRule, quoteList, rulesOf, uncoveredRules } from "./policy-rule.ts"
import type { PolicyRule } from "./policy-rule.ts"
import type { RbacAuthorizer } from "./rbac-authorizer.ts"

const RBAC = "rbac.authorization.k8s.io"

/** A write to one of the four kinds of RBAC. */
export type RbacWrite = {
  readonly user: UserInfo
  /** roles, clusterroles, rolebindings, clusterrolebindings */
  readonly resource: string
  /** "" for a cluster-scoped object. */
  readonly namespace: string
  readonly object: UnknownObject
  /** Absent when it is created. */
  readonly before?: UnknownObject | undefined
}

/**
 * Nobody may write into a role what they may not do themselves, unless they may `escalate` roles.
 * @returns the refusal
 */
export function checkRoleEscalation(authorizer: RbacAuthorizer, write: RbacWrite): StatusError | undefined {
  const { user, resource, namespace, object, before } = write
  if (user.groups.includes(GROUP_MASTERS) || changesOnlyOwnership(object, before)) return undefined
  // A role that does not exist yet has no name for an `escalate` rule with names.
  const name = before?.metadata.name ?? ""
  if (isAllowed(authorizer, user, "escalate", resource, namespace, name)) return undefined
  const group = { group: RBAC, resource }
  const objectName = object.metadata.name ?? ""
  const missing = missingRules(authorizer, write, rulesOf(object))
  if (missing !== undefined) return forbidden(group, objectName, missing)
  if (!hasAggregation(object) && !hasAggregation(before)) return undefined
  // An aggregated role can come to hold anything.
  if (missingRules(authorizer, write, EVERYTHING) === undefined) return undefined
  return forbidden(group, objectName, "must have cluster-admin privileges to use the aggregationRule")
}

/**
 * Nobody may bind someone to a role that allows more than they may do themselves, unless they may `bind` that role.
 * @returns the refusal; NotFound when the role does not exist
 */
export function checkBindingEscalation(authorizer: RbacAuthorizer, write: RbacWrite): StatusError | undefined {
  const { user, resource, namespace, object, before } = write
  if (user.groups.includes(GROUP_MASTERS) || changesOnlyOwnership(object, before)) return undefined
  const ref = object["roleRef"] as RoleRef | undefined
  if (ref === undefined) return undefined // validation names what is missing
  const roleResource = ref.kind === "Role" ? "roles" : "clusterroles"
  if (isAllowed(authorizer, user, "bind", roleResource, namespace, ref.name)) return undefined
  let rules: readonly PolicyRule[]
  try {
    rules = authorizer.roleRules(ref, namespace)
  } catch (error) {
    if (!hasReason(error, "NotFound")) return undefined // validation names what is wrong with the reference
    // Upstream names the resource of the request here, not that of the role.
    return notFound({ group: RBAC, resource }, ref.name)
  }
  const missing = missingRules(authorizer, write, rules)
  return missing === undefined ? undefined : forbidden({ group: RBAC, resource }, object.metadata.name ?? "", missing)
}

/** Both checks as admission. */
export function rbacEscalation(authorizer: RbacAuthorizer): AdmissionPlugin {
  return {
    name: "RBACEscalation",
    validate({ operation, resource, subresource, namespace, object, before, user }) {
      if (resource.group !== RBAC || subresource !== "" || operation === "DELETE" || object === undefined) return
      const isRole = resource.resource === "roles" || resource.resource === "clusterroles"
      const check = isRole ? checkRoleEscalation : checkBindingEscalation
      const refusal = check(authorizer, { user, resource: resource.resource, namespace, object, before })
      if (refusal !== undefined) throw refusal
    },
  }
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"], resourceNames: [], nonResourceURLs: [] },
  { verbs: ["*"], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ["*"] },
]

function isAllowed(
  authorizer: RbacAuthorizer,
  user: UserInfo,
  verb: string,
  resource: string,
  namespace: string,
  name: string,
): boolean {
  const attributes = {
    resourceRequest: true,
    verb,
    group: RBAC,
    version: "*",
    resource,
    subresource: "",
    namespace,
    name,
  } as const
  return authorizer.authorize(user, attributes).allowed
}

/** @returns why the user may not hand out `wanted`, undefined when it may */
function missingRules(
  authorizer: RbacAuthorizer,
  { user, resource, namespace }: RbacWrite,
  wanted: readonly PolicyRule[],
): string | undefined {
  const { rules, problems } = authorizer.rulesFor(user, namespace)
  const missing = uncoveredRules(rules, wanted)
  if (missing.length === 0) return undefined
  const texts = [...new Set(compactRules(missing).map(describeRule))].sort()
  const unresolved = [...new Set(problems.map((p) => notFound({ group: RBAC, resource }, p.roleName).message))]
  return (
    `user ${JSON.stringify(user.name)} (groups=${quoteList(user.groups)}) ` +
    `is attempting to grant RBAC permissions not currently held:\n${texts.join("\n")}` +
    (unresolved.length === 0 ? "" : `; resolution errors: [${unresolved.join(", ")}]`)
  )
}

function hasAggregation(role: UnknownObject | undefined): boolean {
  const rule = role?.["aggregationRule"] as { clusterRoleSelectors?: unknown[] } | undefined
  return (rule?.clusterRoleSelectors?.length ?? 0) > 0
}

/** The garbage collector takes owners and finalizers away from objects whose rules it could not grant. */
function changesOnlyOwnership(object: UnknownObject, before: UnknownObject | undefined): boolean {
  return before !== undefined && isDeepStrictEqual(withoutOwnership(object), withoutOwnership(before))
}

function withoutOwnership(object: UnknownObject): unknown {
  const { ownerReferences: _o, finalizers: _f, managedFields: _m, resourceVersion: _r, ...metadata } = object.metadata
  return { ...object, metadata }
}
