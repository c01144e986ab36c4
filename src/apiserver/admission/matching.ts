// Which requests webhooks and policies concern, and in which version. Source: k8s.io/apiserver
// admission/plugin/webhook/{generic,predicates}, admission/plugin/policy/matching.
import { EVERYTHING, labelSelectorOf, type LabelSelector, type LabelSelectorObject } from "#apimachinery/selectors.ts"
import { notFound } from "#apimachinery/status-error.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import type { AdmissionRequest } from "./admission.ts"
import { ruleMatches, rulesMatch, type MatchRule, type RuleSubject } from "./match-rules.plan.ts"

export type MatchingDeps = { readonly reader: ObjectReader; readonly resources: ResourceTable }

/** What requests are asked about. */
export type MatchCriteria = {
  readonly namespaceSelector: LabelSelector
  readonly objectSelector: LabelSelector
  /** Undefined: every request. */
  readonly rules: readonly MatchRule[] | undefined
  /** What they name is not concerned. */
  readonly excluded?: readonly MatchRule[]
  /** A request in a version that the rules do not name counts as one in a version that they do. */
  readonly isEquivalent: boolean
}

export type Kind = { readonly group: string; readonly version: string; readonly kind: string }

/**
 * @returns the version of the resource that the rules name, the request's own first; undefined when they do not concern it
 * @throws StatusError NotFound when it would matter what labels a namespace has that there is not
 */
export function matchRequest(
  { reader, resources }: MatchingDeps,
  criteria: MatchCriteria,
  request: AdmissionRequest,
): ResourceInfo | undefined {
  const inNamespace = namespaceSelected(reader, criteria.namespaceSelector, request)
  if (inNamespace === false || !objectSelected(criteria.objectSelector, request)) return undefined
  const { excluded = [], rules, isEquivalent } = criteria
  if (excluded.length > 0 && ruledInfo(resources, excluded, isEquivalent, request) !== undefined) return undefined
  const info = rules === undefined ? request.resource : ruledInfo(resources, rules, isEquivalent, request)
  if (info === undefined) return undefined
  if (inNamespace === "no such namespace") throw notFound({ group: "", resource: "namespaces" }, namespaceOf(request))
  return info
}

const isNamespaces = ({ group, resource }: ResourceInfo) => group === "" && resource === "namespaces"

/** The namespace that a request is about: of a Namespace its own name. */
export const namespaceOf = (request: AdmissionRequest) =>
  isNamespaces(request.resource) ? request.name : request.namespace

function namespaceSelected(
  reader: ObjectReader,
  selector: LabelSelector,
  request: AdmissionRequest,
): boolean | "no such namespace" {
  const namespace = namespaceOf(request)
  const isOfNamespaces = request.resource.resource === "namespaces"
  if ((namespace === "" && !isOfNamespaces) || selector.empty) return true
  // What is stored of a namespace that is being written is not what will be true of it.
  if (isOfNamespaces && request.subresource === "" && request.object !== undefined)
    return selector.matches(request.object.metadata.labels)
  const found = reader.get({ group: "", resource: "namespaces" }, "", namespace)
  return found === undefined ? "no such namespace" : selector.matches(found.metadata.labels)
}

function objectSelected(selector: LabelSelector, { object, before }: AdmissionRequest): boolean {
  if (selector.empty) return true
  return [object, before].some((o) => o !== undefined && selector.matches(o.metadata?.labels))
}

function subjectOf(request: AdmissionRequest, { group, version, resource }: ResourceInfo): RuleSubject {
  const { operation, subresource, name } = request
  const isNamespaced = request.namespace !== "" && !isNamespaces(request.resource)
  return { operation, group, version, resource, subresource, isNamespaced, name }
}

/** The request's own version if the rules name it; else, where equivalents count, the first that they name. */
function ruledInfo(
  resources: ResourceTable,
  rules: readonly MatchRule[],
  isEquivalent: boolean,
  request: AdmissionRequest,
): ResourceInfo | undefined {
  const own = request.resource
  if (rulesMatch(rules, subjectOf(request, own))) return own
  if (!isEquivalent) return undefined
  const others = equivalents(resources, own, request.subresource)
  for (const rule of rules) {
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

/** A selector that is left out selects everything. */
export const selectorOf = (selector: LabelSelectorObject | undefined): LabelSelector =>
  selector === undefined ? EVERYTHING : labelSelectorOf(selector)
