import type { UnknownObject } from "#apimachinery/meta.ts"
import { badRequest, invalid } from "#apimachinery/status-error.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import { describeProblems } from "#apiserver/authorization/rbac-authorizer.ts"
import type { RbacAuthorizer } from "#apiserver/authorization/rbac-authorizer.ts"
import { findObject, itemsIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { AuthorizationAttributes, Authorizer } from "#apiserver/request.ts"
import type { VirtualRequest, VirtualResource } from "#apiserver/virtual.ts"
import { answer, extraIn, nonEmpty, textsIn } from "./answer.ts"

const GROUP = "authorization.k8s.io"

/** The reviews with which people and programs ask what someone may do. Source: authorization.k8s.io/v1. */
export function accessReviews(authorizer: RbacAuthorizer): VirtualResource[] {
  const review = (kind: string, userOf: (spec: Json, request: VirtualRequest) => UserInfo): VirtualResource => ({
    group: GROUP,
    resource: kind.toLowerCase() + "s",
    create: (request) => reviewAccess(authorizer, kind, request, (spec) => userOf(spec, request)),
  })
  return [
    review("SubjectAccessReview", userIn),
    review("LocalSubjectAccessReview", userIn),
    review("SelfSubjectAccessReview", (_spec, { user }) => user),
    { group: GROUP, resource: "selfsubjectrulesreviews", create: (request) => reviewRules(authorizer, request) },
  ]
}

function reviewAccess(
  authorizer: Authorizer,
  kind: string,
  request: VirtualRequest,
  userOf: (spec: Json) => UserInfo,
): UnknownObject {
  const { object, namespace } = request
  const spec = objectIn(object, "spec")
  const errors = validateAccessReview(kind, spec, namespace)
  if (errors.length > 0) throw invalid({ group: GROUP, kind: "" }, "", errors) // upstream leaves the kind out here
  const { allowed, reason } = authorizer.authorize(userOf(spec), attributesIn(spec))
  const status = { allowed, ...(reason === "" ? {} : { reason }) }
  return answer(GROUP, kind, kind.startsWith("Local") ? { namespace } : {}, { spec, status })
}

function validateAccessReview(kind: string, spec: Json, namespace: string): FieldError[] {
  const errors: FieldError[] = []
  const add = (field: string, value: unknown, detail: string) =>
    errors.push({ field, reason: "FieldValueInvalid", body: `Invalid value: ${JSON.stringify(value)}: ${detail}` })
  const resource = findObject(spec, "resourceAttributes")
  const nonResource = findObject(spec, "nonResourceAttributes")
  if (resource !== undefined && nonResource !== undefined) {
    add(
      "spec.nonResourceAttributes",
      goAttributes(nonResource),
      "cannot be specified in combination with resourceAttributes",
    )
  }
  if (resource === undefined && nonResource === undefined) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
    add("spec.resourceAttributes", null, detail)
  }
  if (!kind.startsWith("Self") && textIn(spec, "user") === "" && textsIn(spec, "groups").length === 0) {
    add("spec.user", "", "at least one of user or group must be specified")
  }
  for (const selector of ["fieldSelector", "labelSelector"]) {
    errors.push(...validateSelector(findObject(resource, selector), `spec.resourceAttributes.${selector}`))
  }
  if (!kind.startsWith("Local")) return errors
  const asked = textIn(resource, "namespace")
  if (resource !== undefined && asked !== namespace) {
    add("spec.resourceAttributes.namespace", asked, "must match metadata.namespace")
  }
  if (nonResource !== undefined)
    add("spec.nonResourceAttributes", goAttributes(nonResource), "disallowed on this kind of request")
  return errors
}

/** As the internal type, which has no JSON names, is written out. */
const goAttributes = (attributes: Json) => ({ Path: textIn(attributes, "path"), Verb: textIn(attributes, "verb") })

/** RBAC does not look at selectors, but what is malformed is refused all the same. */
function validateSelector(selector: Json | undefined, field: string): FieldError[] {
  if (selector === undefined) return []
  const raw = textIn(selector, "rawSelector")
  const requirements = itemsIn(selector, "requirements")
  if (raw !== "" && requirements.length > 0) {
    const body = `Invalid value: ${JSON.stringify(raw)}: may not specified at the same time as requirements`
    return [{ field: `${field}.rawSelector`, reason: "FieldValueInvalid", body }]
  }
  if (raw !== "" || requirements.length > 0) return []
  const body = `Required value: when ${field} is specified, requirements or rawSelector is required`
  return [{ field: `${field}.requirements`, reason: "FieldValueRequired", body }]
}

function userIn(spec: Json): UserInfo {
  const uid = textIn(spec, "uid")
  const extra = extraIn(spec)
  return {
    name: textIn(spec, "user"),
    groups: textsIn(spec, "groups"),
    ...(uid === "" ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  }
}

function attributesIn(spec: Json): AuthorizationAttributes {
  const resource = findObject(spec, "resourceAttributes")
  if (resource === undefined) {
    const nonResource = objectIn(spec, "nonResourceAttributes")
    return { resourceRequest: false, path: textIn(nonResource, "path"), verb: textIn(nonResource, "verb") }
  }
  return {
    resourceRequest: true,
    verb: textIn(resource, "verb"),
    group: textIn(resource, "group"),
    version: textIn(resource, "version") || "*",
    resource: textIn(resource, "resource"),
    subresource: textIn(resource, "subresource"),
    namespace: textIn(resource, "namespace"),
    name: textIn(resource, "name"),
  }
}

function reviewRules(authorizer: RbacAuthorizer, { object, user }: VirtualRequest): UnknownObject {
  const namespace = textIn(object["spec"], "namespace")
  if (namespace === "") throw badRequest("no namespace on request")
  const { rules, problems } = authorizer.rulesFor(user, namespace)
  const resourceRules = rules
    .filter(({ resources }) => resources.length > 0)
    .map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs,
      ...nonEmpty({ apiGroups, resources, resourceNames }),
    }))
  const nonResourceRules = rules
    .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
    .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }))
  const status = {
    resourceRules,
    nonResourceRules,
    incomplete: false,
    ...(problems.length === 0 ? {} : { evaluationError: describeProblems(problems) }),
  }
  return answer(GROUP, "SelfSubjectRulesReview", {}, { spec: {}, status })
}
