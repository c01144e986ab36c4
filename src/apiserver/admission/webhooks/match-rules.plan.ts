// Whether a webhook's rules name a request. Source: k8s.io/apiserver admission/plugin/webhook/predicates/rules.

/** admissionregistration.k8s.io/v1 RuleWithOperations. */
export type WebhookRule = {
  readonly operations?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  /** `pods`, `pods/*`, `*` (no subresources), `*` + `/scale`, … */
  readonly resources?: readonly string[]
  /** `Cluster`, `Namespaced` or `*`. */
  readonly scope?: string
}

/** What rules look at. */
export type RuleSubject = {
  readonly operation: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  /** A namespace itself is cluster-scoped. */
  readonly isNamespaced: boolean
}

export function rulesMatch(rules: readonly WebhookRule[], subject: RuleSubject): boolean {
  return rules.some((rule) => ruleMatches(rule, subject))
}

export function ruleMatches(rule: WebhookRule, subject: RuleSubject): boolean {
  return (
    scopeMatches(rule.scope, subject.isNamespaced) &&
    names(rule.operations, subject.operation) &&
    names(rule.apiGroups, subject.group) &&
    names(rule.apiVersions, subject.version) &&
    (rule.resources ?? []).some((text) => resourceMatches(text, subject))
  )
}

function scopeMatches(scope: string | undefined, isNamespaced: boolean): boolean {
  if (scope === undefined || scope === "*") return true
  return isNamespaced ? scope === "Namespaced" : scope === "Cluster"
}

const names = (items: readonly string[] | undefined, wanted: string) =>
  items?.some((item) => item === "*" || item === wanted) === true

function resourceMatches(text: string, { resource, subresource }: RuleSubject): boolean {
  const slash = text.indexOf("/")
  const [wanted, wantedSub] = slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash + 1)]
  return (wanted === "*" || wanted === resource) && (wantedSub === "*" || wantedSub === subresource)
}
