// Which webhooks a request concerns, and in which version each is asked. Source: k8s.io/apiserver
// admission/plugin/webhook/generic/webhook.go.
import { forbidden } from "#apimachinery/status-error.ts"
import type { AdmissionRequest } from "#apiserver/admission/admission.ts"
import { variablesFor } from "#apiserver/admission/expressions/activation.ts"
import { meetsConditions } from "#apiserver/admission/expressions/match-conditions.ts"
import { inVersion } from "#apiserver/admission/form.ts"
import { matchRequest, type MatchingDeps } from "#apiserver/admission/matching.ts"
import type { Authorizer } from "#apiserver/request.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { Webhook } from "./webhook.ts"

/** A webhook that is to be asked. */
export type Invocation = {
  readonly webhook: Webhook
  /** The version that its rules name. */
  readonly info: ResourceInfo
}

export type InvocationDeps = MatchingDeps & { readonly authorizer: Authorizer }

const CONFIGURATION_KINDS = new Set([
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
])

/** Webhooks are not asked about what configures them: a broken one could never be repaired. */
export const isExempt = ({ resource }: AdmissionRequest) =>
  resource.group === "admissionregistration.k8s.io" && CONFIGURATION_KINDS.has(resource.kind)

/** @throws StatusError when the request must be refused before the webhook is asked */
export async function invocationOf(
  deps: InvocationDeps,
  webhook: Webhook,
  request: AdmissionRequest,
): Promise<Invocation | undefined> {
  const info = matchRequest(deps, webhook.criteria, request)
  if (info === undefined) return undefined
  if (webhook.matchConditions.length > 0) {
    const object = await inVersion(request, info, request.object)
    const oldObject = await inVersion(request, info, request.before)
    const { authorizer } = deps
    const subject = { request, info, toldAsRequested: true, object, oldObject, authorizer }
    const met = meetsConditions(webhook.matchConditions, variablesFor(subject))
    if (met === false) return undefined
    if (met !== true) {
      if (webhook.isFailureIgnored) return undefined
      throw forbidden(request.resource, request.name, met.error)
    }
  }
  return { webhook, info }
}
