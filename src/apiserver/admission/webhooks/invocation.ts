// Which webhooks a request concerns, and in which version each is asked. Source: k8s.io/apiserver
// admission/plugin/webhook/generic/webhook.go, predicates/{namespace,object}.
import { forbidden, notFound } from "#apimachinery/status-error.ts"
import type { AdmissionRequest } from "#apiserver/admission/admission.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import type { Kind } from "./admission-review.ts"
import { ruleMatches, rulesMatch, type RuleSubject } from "./match-rules.plan.ts"
import type { MatchCondition, Webhook } from "./webhook.ts"

/** A webhook that is to be asked. */
export type Invocation = {
  readonly webhook: Webhook
  /** The version that its rules name. */
  readonly info: ResourceInfo
}

/**
 * Evaluates a webhook's match conditions.
 *
 * @returns whether all of them are true
 * @throws Error for one that cannot be evaluated while none is false; the failure policy decides then
 */
export type MatchConditions = (
  conditions: readonly MatchCondition[],
  request: AdmissionRequest,
) => boolean | Promise<boolean>

export type InvocationDeps = {
  readonly reader: ObjectReader
  readonly resources: ResourceTable
  /** Absent: conditions count as true, so that a webhook is asked too often rather than too seldom. */
  readonly matchConditions?: MatchConditions
}

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
  const inNamespace = namespaceSelected(deps, webhook, request)
  if (inNamespace === false || !objectSelected(webhook, request)) return undefined
  const info = matchedInfo(deps.resources, webhook, request)
  if (info === undefined) return undefined
  if (inNamespace === "no such namespace") throw notFound({ group: "", resource: "namespaces" }, namespaceOf(request))
  if (webhook.matchConditions.length > 0 && deps.matchConditions !== undefined) {
    try {
      if (!(await deps.matchConditions(webhook.matchConditions, request))) return undefined
    } catch (error) {
      if (webhook.isFailureIgnored) return undefined
      throw forbidden(request.resource, request.name, error instanceof Error ? error.message : String(error))
    }
  }
  return { webhook, info }
}

const isNamespaces = ({ group, resource }: ResourceInfo) => group === "" && resource === "namespaces"

/** The namespace that a request is about: of a Namespace its own name. */
export const namespaceOf = (request: AdmissionRequest) =>
  isNamespaces(request.resource) ? request.name : request.namespace

function namespaceSelected(
  { reader }: InvocationDeps,
  { namespaceSelector }: Webhook,
  request: AdmissionRequest,
): boolean | "no such namespace" {
  const namespace = namespaceOf(request)
  const isOfNamespaces = request.resource.resource === "namespaces"
  if ((namespace === "" && !isOfNamespaces) || namespaceSelector.empty) return true
  // What is stored of a namespace that is being written is not what will be true of it.
  if (isOfNamespaces && request.subresource === "" && request.object !== undefined)
    return namespaceSelector.matches(request.object.metadata.labels)
  const found = reader.get({ group: "", resource: "namespaces" }, "", namespace)
  return found === undefined ? "no such namespace" : namespaceSelector.matches(found.metadata.labels)
}

function objectSelected({ objectSelector }: Webhook, { object, before }: AdmissionRequest): boolean {
  if (objectSelector.empty) return true
  return [object, before].some((o) => o !== undefined && objectSelector.matches(o.metadata?.labels))
}

function subjectOf(request: AdmissionRequest, { group, version, resource }: ResourceInfo): RuleSubject {
  const { operation, subresource } = request
  const isNamespaced = request.namespace !== "" && !isNamespaces(request.resource)
  return { operation, group, version, resource, subresource, isNamespaced }
}

/** The request's own version if the rules name it; else, if the webhook takes equivalents, the first that they name. */
function matchedInfo(resources: ResourceTable, webhook: Webhook, request: AdmissionRequest): ResourceInfo | undefined {
  const own = request.resource
  if (rulesMatch(webhook.rules, subjectOf(request, own))) return own
  if (!webhook.isEquivalent) return undefined
  const others = equivalents(resources, own, request.subresource)
  for (const rule of webhook.rules) {
    const found = others.find((info) => ruleMatches(rule, subjectOf(request, info)))
    if (found !== undefined) return found
  }
  return undefined
}

function equivalents(resources: ResourceTable, own: ResourceInfo, subresource: string): readonly ResourceInfo[] {
  const { group, resource } = own.storage
  return resources
    .all()
    .filter(
      (info) =>
        info !== own &&
        info.storage.group === group &&
        info.storage.resource === resource &&
        (subresource === "" || info.subresources.some((s) => s.name === subresource)),
    )
}

/** The kind that a resource, or one of its subresources, takes. */
export function kindOf(info: ResourceInfo, subresource: string): Kind {
  const found = subresource === "" ? undefined : info.subresources.find((s) => s.name === subresource)
  return {
    group: found?.group ?? info.group,
    version: found?.version ?? info.version,
    kind: found?.kind ?? info.kind,
  }
}
