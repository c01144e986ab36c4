import type { UnknownObject } from "#apimachinery/meta.ts"
import { forbidden, StatusError } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin, AdmissionRequest } from "#apiserver/admission/admission.ts"
import { inVersion, validatedRequest } from "#apiserver/admission/form.ts"
import { matchRequest, namespaceOf, type MatchCriteria, type MatchingDeps } from "#apiserver/admission/matching.ts"
import type { Authorizer } from "#apiserver/request.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { judge, type Judgement } from "./judge.ts"
import { collectParams, ConfigurationError, paramInfoOf } from "./params.ts"
import { newPolicySource, type Binding, type BoundPolicy, type Policy } from "./policy.ts"

export type PolicyDeps = MatchingDeps & { readonly authorizer: Authorizer }

const VALIDATION_FAILURE = "validation.policy.admission.k8s.io/validation_failure"
const ANNOTATION_LENGTH_MAX = 10 * 1024

/** Reviews are asked by the server's own parts: who could refuse them could stop the cluster. */
const EXCLUDED = new Set(
  ["selfsubjectreviews.authentication", "tokenreviews.authentication"].concat(
    ["localsubjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"].map(
      (resource) => `${resource}.authorization`,
    ),
  ),
)

type Denial = {
  readonly policy: Policy
  readonly binding: Binding | undefined
  readonly message: string
  readonly reason: string
}

/**
 * Evaluates all ValidatingAdmissionPolicies that somebody has bound and that a request concerns.
 * Source: k8s.io/apiserver admission/plugin/policy/validating/dispatcher.go.
 */
export function validatingPolicies(deps: PolicyDeps): AdmissionPlugin {
  const policies = newPolicySource(deps.reader)
  return {
    name: "ValidatingAdmissionPolicy",
    // The objects that a server starts with are its own: a policy about them must not keep it from starting.
    isRemote: true,
    validate(request) {
      const bound = policies()
      const { group, resource } = request.resource
      if (bound.length === 0 || EXCLUDED.has(`${resource}.${group.replace(".k8s.io", "")}`)) return undefined
      return validate(deps, bound, validatedRequest(request))
    },
  }
}

async function validate(deps: PolicyDeps, policies: readonly BoundPolicy[], request: AdmissionRequest): Promise<void> {
  const denials: Denial[] = []
  for (const bound of policies) await applyPolicy(deps, bound, request, denials)
  const [first] = denials
  // Which of several denials is told is chance upstream. Here it is the first by the policy's name.
  if (first !== undefined) throw refusal(request, first)
}

async function applyPolicy(
  deps: PolicyDeps,
  { policy, bindings }: BoundPolicy,
  request: AdmissionRequest,
  denials: Denial[],
): Promise<void> {
  const misconfigured = (error: unknown, binding?: Binding) => {
    if (!(error instanceof ConfigurationError || error instanceof StatusError)) throw error
    if (policy.isFailureIgnored) return
    const what = binding === undefined ? "policy" : "binding"
    denials.push({ policy, binding, message: `failed to configure ${what}: ${error.message}`, reason: "" })
  }
  let info: ResourceInfo | undefined
  let paramInfo: ResourceInfo | undefined
  try {
    info = matchRequest(deps, policy.criteria, request)
    if (info === undefined) return
    paramInfo = policy.paramKind && paramInfoOf(deps.resources, policy.paramKind)
  } catch (error) {
    return misconfigured(error)
  }
  const annotations = new Map<string, Set<string>>()
  for (const binding of bindings) {
    try {
      if (!concerns(deps, binding.criteria, request)) continue
      const params = await collectParams(deps.reader, paramInfo, binding.paramRef, namespaceOf(request))
      for (const judgement of await judgeAll(deps, policy, info, request, params))
        carryOut(policy, binding, judgement, request, denials, annotations)
    } catch (error) {
      misconfigured(error, binding)
    }
  }
  for (const [key, values] of annotations) request.annotate?.(`${policy.name}/${key}`, [...values].join(", "))
}

const concerns = (deps: PolicyDeps, criteria: MatchCriteria | undefined, request: AdmissionRequest) =>
  criteria === undefined || matchRequest(deps, criteria, request) !== undefined

async function judgeAll(
  deps: PolicyDeps,
  policy: Policy,
  info: ResourceInfo,
  request: AdmissionRequest,
  params: readonly (UnknownObject | undefined)[],
): Promise<readonly Judgement[]> {
  if (params.length === 0) return []
  const object = await inVersion(request, info, request.object)
  const oldObject = await inVersion(request, info, request.before)
  const { group, kind } = request.resource
  // A Namespace is in none.
  const namespace =
    (group === "" && kind === "Namespace") || request.namespace === ""
      ? undefined
      : deps.reader.get({ group: "", resource: "namespaces" }, "", request.namespace)
  const { authorizer } = deps
  return params.map((param) =>
    judge(policy, { request, info, object, oldObject, namespace, params: param, authorizer }),
  )
}

function carryOut(
  policy: Policy,
  binding: Binding,
  { decisions, annotations }: Judgement,
  request: AdmissionRequest,
  denials: Denial[],
  collected: Map<string, Set<string>>,
): void {
  for (const [expressionIndex, decision] of decisions.entries()) {
    if (!decision.denied) continue
    const { message, reason } = decision
    for (const action of binding.actions) {
      if (action === "Deny") denials.push({ policy, binding, message, reason })
      else if (action === "Warn")
        request.warn(
          `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${message}`,
        )
      else if (action === "Audit") {
        const failure = {
          message,
          policy: policy.name,
          binding: binding.name,
          expressionIndex,
          validationActions: binding.actions,
        }
        request.annotate?.(VALIDATION_FAILURE, JSON.stringify([failure]))
      }
    }
  }
  for (const annotation of annotations) {
    if ("error" in annotation) {
      denials.push({ policy, binding, message: annotation.error, reason: "" })
      continue
    }
    const { key, value } = annotation
    const values = collected.get(key) ?? new Set()
    collected.set(key, values.add(value.slice(0, ANNOTATION_LENGTH_MAX)))
  }
}

const CODES: { readonly [reason: string]: number } = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
}

function refusal(request: AdmissionRequest, { policy, binding, message, reason }: Denial): StatusError {
  const bound = binding === undefined ? "" : ` with binding '${binding.name}'`
  const why = `ValidatingAdmissionPolicy '${policy.name}'${bound} denied request: ${message}`
  const { status } = forbidden(request.resource, request.name, why)
  return new StatusError({
    ...status,
    reason: (reason || "Invalid") as typeof status.reason & string,
    details: { ...status.details, causes: [{ message: why }] },
    code: CODES[reason] ?? 422,
  })
}
