// What expressions may ask of the authorizer: `authorizer.group('apps').resource('deployments').check('create').allowed()`.
// Source: k8s.io/apiserver pkg/cel/library/authz.go.
import { isDns1123Label, isDns1123Subdomain } from "#apimachinery/names.ts"
import { serviceAccountGroups, serviceAccountUser } from "#apiserver/authentication/service-account.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import type { Authorizer, Decision } from "#apiserver/request.ts"
import { declare, member, type Call, type FunctionDeclaration } from "#cel/libraries/declare.ts"
import { BOOL, STRING, structType, type Type } from "#cel/types/type.ts"
import { CelError, noSuchOverload, OpaqueValue, type Value } from "#cel/values/value.ts"

export const AUTHORIZER = structType("kubernetes.authorization.Authorizer")
export const RESOURCE_CHECK = structType("kubernetes.authorization.ResourceCheck")
const PATH_CHECK = structType("kubernetes.authorization.PathCheck")
const GROUP_CHECK = structType("kubernetes.authorization.GroupCheck")
const DECISION = structType("kubernetes.authorization.Decision")

/** A value that only its own functions can look inside. */
abstract class Receiver extends OpaqueValue {
  override equals(other: OpaqueValue): boolean {
    return this === other
  }
}

/** Whom to ask, and about whom. */
export class AuthorizerValue extends Receiver {
  override readonly type: Type = AUTHORIZER
  readonly authorizer: Authorizer
  readonly user: UserInfo

  constructor(authorizer: Authorizer, user: UserInfo) {
    super()
    this.authorizer = authorizer
    this.user = user
  }
}

type Resource = {
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

export class ResourceCheckValue extends Receiver {
  override readonly type: Type = RESOURCE_CHECK
  readonly of: AuthorizerValue
  readonly resource: Resource

  constructor(of: AuthorizerValue, resource: Resource) {
    super()
    this.of = of
    this.resource = resource
  }

  with(changed: Partial<Resource>): ResourceCheckValue {
    return new ResourceCheckValue(this.of, { ...this.resource, ...changed })
  }

  check(verb: string): DecisionValue {
    const { authorizer, user } = this.of
    return new DecisionValue(
      authorizer.authorize(user, { resourceRequest: true, verb, version: "*", ...this.resource }),
    )
  }
}

class GroupCheckValue extends Receiver {
  override readonly type: Type = GROUP_CHECK
  readonly of: AuthorizerValue
  readonly group: string

  constructor(of: AuthorizerValue, group: string) {
    super()
    this.of = of
    this.group = group
  }
}

class PathCheckValue extends Receiver {
  override readonly type: Type = PATH_CHECK
  readonly of: AuthorizerValue
  readonly path: string

  constructor(of: AuthorizerValue, path: string) {
    super()
    this.of = of
    this.path = path
  }
}

class DecisionValue extends Receiver {
  override readonly type: Type = DECISION
  readonly decision: Decision

  constructor(decision: Decision) {
    super()
    this.decision = decision
  }
}

/** Source: k8s.io/apimachinery pkg/api/validation: names of service accounts are subdomains, of namespaces labels. */
function serviceAccount(of: AuthorizerValue, namespace: string, name: string): Value {
  if (isDns1123Subdomain(name).length > 0) return new CelError("Invalid service account name")
  if (isDns1123Label(namespace).length > 0) return new CelError("Invalid service account namespace")
  const user = { name: serviceAccountUser(namespace, name), groups: serviceAccountGroups(namespace) }
  return new AuthorizerValue(of.authorizer, user)
}

/** A function of a receiver and one text. */
function onText<T extends Value>(
  kind: abstract new (...args: never[]) => T,
  call: (target: T, text: string) => Value,
): Call {
  return (target, text) =>
    target instanceof kind && typeof text === "string" ? call(target, text) : noSuchOverload(target)
}

function ofDecision(call: (decision: Decision) => Value): Call {
  return (target) => (target instanceof DecisionValue ? call(target.decision) : noSuchOverload(target))
}

const isBlank = (text: string) => text.trim() === ""

function resourceMember(name: string, id: string, change: (text: string) => Partial<Resource>): FunctionDeclaration {
  const call = onText(ResourceCheckValue, (check, text) => check.with(change(text)))
  return declare(name, member(id, [RESOURCE_CHECK, STRING], RESOURCE_CHECK, call))
}

export const AUTHORIZER_FUNCTIONS: readonly FunctionDeclaration[] = [
  declare(
    "path",
    member(
      "authorizer_path",
      [AUTHORIZER, STRING],
      PATH_CHECK,
      onText(AuthorizerValue, (of, path) =>
        isBlank(path) ? new CelError("path must not be empty") : new PathCheckValue(of, path),
      ),
    ),
  ),
  declare(
    "group",
    member(
      "authorizer_group",
      [AUTHORIZER, STRING],
      GROUP_CHECK,
      onText(AuthorizerValue, (of, group) => new GroupCheckValue(of, group)),
    ),
  ),
  declare(
    "serviceAccount",
    member("authorizer_serviceaccount", [AUTHORIZER, STRING, STRING], AUTHORIZER, (of, namespace, name) =>
      of instanceof AuthorizerValue && typeof namespace === "string" && typeof name === "string"
        ? serviceAccount(of, namespace, name)
        : noSuchOverload(of),
    ),
  ),
  declare(
    "resource",
    member(
      "groupcheck_resource",
      [GROUP_CHECK, STRING],
      RESOURCE_CHECK,
      onText(GroupCheckValue, ({ of, group }, resource) =>
        isBlank(resource)
          ? new CelError("resource must not be empty")
          : new ResourceCheckValue(of, { group, resource, subresource: "", namespace: "", name: "" }),
      ),
    ),
  ),
  resourceMember("subresource", "resourcecheck_subresource", (subresource) => ({ subresource })),
  resourceMember("namespace", "resourcecheck_namespace", (namespace) => ({ namespace })),
  resourceMember("name", "resourcecheck_name", (name) => ({ name })),
  // RBAC does not look at selectors: a check with one is the check without.
  resourceMember("fieldSelector", "authorizer_fieldselector", () => ({})),
  resourceMember("labelSelector", "authorizer_labelselector", () => ({})),
  declare(
    "check",
    member(
      "pathcheck_check",
      [PATH_CHECK, STRING],
      DECISION,
      onText(PathCheckValue, ({ of, path }, verb) => {
        return new DecisionValue(of.authorizer.authorize(of.user, { resourceRequest: false, verb, path }))
      }),
    ),
    member(
      "resourcecheck_check",
      [RESOURCE_CHECK, STRING],
      DECISION,
      onText(ResourceCheckValue, (check, verb) => check.check(verb)),
    ),
  ),
  // The authorizer of this server decides at once and without errors.
  declare(
    "errored",
    member(
      "decision_errored",
      [DECISION],
      BOOL,
      ofDecision(() => false),
    ),
  ),
  declare(
    "error",
    member(
      "decision_error",
      [DECISION],
      STRING,
      ofDecision(() => ""),
    ),
  ),
  declare(
    "allowed",
    member(
      "decision_allowed",
      [DECISION],
      BOOL,
      ofDecision(({ allowed }) => allowed),
    ),
  ),
  declare(
    "reason",
    member(
      "decision_reason",
      [DECISION],
      STRING,
      ofDecision(({ reason }) => reason),
    ),
  ),
]
