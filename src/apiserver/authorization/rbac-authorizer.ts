import { notFound } from "#apimachinery/status-error.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { Authorizer, Decision } from "#apiserver/request.ts"
import { GROUP_MASTERS } from "#apiserver/authentication/user.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import { newBindingIndex } from "./binding-index.ts"
import type { Grant, RoleRef } from "./binding-index.ts"
import { ruleAllows, rulesOf } from "./policy-rule.ts"
import type { PolicyRule } from "./policy-rule.ts"

const RBAC = "rbac.authorization.k8s.io"
const ROLES = { group: RBAC, resource: "roles" }
const CLUSTER_ROLES = { group: RBAC, resource: "clusterroles" }

/** A role that is bound and does not exist, or is none. */
export type RoleProblem = { readonly roleName: string; readonly error: Error }

export interface RbacAuthorizer extends Authorizer {
  /**
   * Every rule that applies to the user, cluster-wide and in the namespace.
   * @returns also `problems`: roles that are bound and cannot be used
   */
  rulesFor(user: UserInfo, namespace: string): { rules: PolicyRule[]; problems: RoleProblem[] }
  /**
   * The rules of a role that a binding names.
   * @param namespace  of the binding, "" for a ClusterRoleBinding
   * @throws StatusError NotFound; Error for a kind that is no role
   */
  roleRules(ref: RoleRef, namespace: string): readonly PolicyRule[]
}

/** Allows what a role says that the user or one of its groups is bound to; members of system:masters may do everything. */
export function newRbacAuthorizer(reader: ObjectReader): RbacAuthorizer {
  const bindings = newBindingIndex(reader)

  const roleRules = (ref: RoleRef, namespace: string): readonly PolicyRule[] => {
    if (ref.kind !== "Role" && ref.kind !== "ClusterRole") {
      throw new Error(`unsupported role reference kind: ${JSON.stringify(ref.kind)}`)
    }
    const resource = ref.kind === "Role" ? ROLES : CLUSTER_ROLES
    const role = reader.get(resource, ref.kind === "Role" ? namespace : "", ref.name)
    // Upstream's listers name the resource in the singular here.
    if (role === undefined) throw notFound({ group: RBAC, resource: ref.kind.toLowerCase() }, ref.name)
    return rulesOf(role)
  }

  /** Calls `visit` for each grant and its rules until it returns true. */
  const visitGrants = (
    user: UserInfo,
    namespace: string,
    visit: (rules: readonly PolicyRule[], grant: Grant) => boolean,
  ): RoleProblem[] => {
    const problems: RoleProblem[] = []
    for (const scope of namespace === "" ? [""] : ["", namespace]) {
      for (const grant of bindings.grantsFor(user, scope)) {
        try {
          if (visit(roleRules(grant.roleRef, scope), grant)) return []
        } catch (error) {
          problems.push({ roleName: grant.roleRef.name, error: error as Error })
        }
      }
    }
    return problems
  }

  return {
    roleRules,
    authorize(user, attributes): Decision {
      if (user.groups.includes(GROUP_MASTERS)) return ALLOWED
      let decision: Decision | undefined
      const namespace = attributes.resourceRequest ? attributes.namespace : ""
      const problems = visitGrants(user, namespace, (rules, grant) => {
        if (!rules.some((rule) => ruleAllows(rule, attributes))) return false
        decision = { allowed: true, reason: `RBAC: allowed by ${describeGrant(grant)}` }
        return true
      })
      if (decision !== undefined) return decision
      return problems.length === 0 ? REFUSED : { allowed: false, reason: `RBAC: ${describeProblems(problems)}` }
    },
    rulesFor(user, namespace) {
      const rules: PolicyRule[] = []
      const seen = new Set<unknown>()
      const problems = visitGrants(user, namespace, (more, { binding }) => {
        // A binding that names the user and one of its groups still gives its rules once.
        if (!seen.has(binding)) rules.push(...more)
        seen.add(binding)
        return false
      })
      return { rules, problems }
    },
  }
}

const ALLOWED: Decision = { allowed: true, reason: "" }
const REFUSED: Decision = { allowed: false, reason: "" }

/** One problem as it is, several in brackets, each once: how upstream prints errors that belong together. */
export function describeProblems(problems: readonly RoleProblem[]): string {
  const texts = [...new Set(problems.map(({ error }) => error.message))]
  return texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`
}

/** Source of the words: k8s.io/kubernetes pkg/registry/rbac/validation; the name stands before the namespace there. */
function describeGrant({ binding, roleRef, subject }: Grant): string {
  const { name, namespace } = binding.metadata
  const kind = namespace === undefined ? "ClusterRoleBinding" : "RoleBinding"
  const bindingName = namespace === undefined ? name : `${name}/${namespace}`
  const subjectName =
    subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || (namespace ?? "")}` : subject.name
  return `${kind} "${bindingName}" of ${roleRef.kind} "${roleRef.name}" to ${subject.kind} "${subjectName}"`
}
