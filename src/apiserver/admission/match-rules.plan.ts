// Whether the rules of a webhook or a policy name a request. Source: k8s.io/apiserver admission/plugin/webhook/predicates/rules.

/** admissionregistration.k8s.io/v1 RuleWithOperations, or a policy's NamedRuleWithOperations. */
export type MatchRule = {
  readonly operations?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  /** `pods`, `pods/*`, `*` (no subresources), `*` + `/scale`, … */
  readonly resources?: readonly string[]
  /** `Cluster`, `Namespaced` or `*`. */
  readonly scope?: string
  /** Only objects of these names; all when it is empty. */
  readonly resourceNames?: readonly string[]
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
  readonly name: string
}

export function rulesMatch(rules: readonly MatchRule[], subject: RuleSubject): boolean {
  return rules.some((rule) => ruleMatches(rule, subject))
}

export function ruleMatches(rule: MatchRule, subject: RuleSubject): boolean {
  return (
    scopeMatches(rule.scope, subject.isNamespaced) &&
    names(rule.operations, subject.operation) &&
    names(rule.apiGroups, subject.group) &&
    names(rule.apiVersions, subject.version) &&
    (rule.resources ?? []).some((text) => resourceMatches(text, subject)) &&
    namesObject(rule.resourceNames ?? [], subject.name)
  )
}

function scopeMatches(scope: string | undefined, isNamespaced: boolean): boolean {
  if (scope === undefined || scope === "*") return true
  return isNamespaced ? scope === "Namespaced" : scope === "Cluster"
}

const names = (items: readonly string[] | undefined, wanted: string) =>
  items?.some((item) => item === "*" || item === wanted) === true

const namesObject = (all: readonly string[], name: string) => all.length === 0 || all.includes(name)

function resourceMatches(text: string, { resource, subresource }: RuleSubject): boolean {
  const slash = text.indexOf("/")
  const [wanted, wantedSub] = slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash + 1)]
  return (wanted === "*" || wanted === resource) && (wantedSub === "*" || wantedSub === subresource)
}
