import type { UnknownObject } from "#apimachinery/meta.ts"
import type { AuthorizationAttributes } from "#apiserver/request.ts"

/** rbac.authorization.k8s.io PolicyRule with every list there. */
export type PolicyRule = {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
  readonly nonResourceURLs: readonly string[]
}

const ALL = "*"

const readByRole = new WeakMap<UnknownObject, readonly PolicyRule[]>()

/** The rules of a Role or ClusterRole. Read once for each version of the object. */
export function rulesOf(role: UnknownObject): readonly PolicyRule[] {
  const known = readByRole.get(role)
  if (known !== undefined) return known
  const rules = listOf(role["rules"]).map(readRule)
  readByRole.set(role, rules)
  return rules
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function readRule(value: unknown): PolicyRule {
  const rule = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>
  const texts = (field: string) => listOf(rule[field]).filter((text) => typeof text === "string")
  return {
    verbs: texts("verbs"),
    apiGroups: texts("apiGroups"),
    resources: texts("resources"),
    resourceNames: texts("resourceNames"),
    nonResourceURLs: texts("nonResourceURLs"),
  }
}

const hasOrAll = (set: readonly string[], wanted: string): boolean => set.includes(ALL) || set.includes(wanted)

export function ruleAllows(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  if (!hasOrAll(rule.verbs, attributes.verb)) return false
  if (!attributes.resourceRequest) return rule.nonResourceURLs.some((url) => urlCovers(url, attributes.path))
  const { group, resource, subresource, name } = attributes
  return (
    hasOrAll(rule.apiGroups, group) &&
    resourcesCover(rule.resources, resource, subresource) &&
    // A request without a name (list, create) is in no rule that is about names.
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  )
}

/** `pods`, `pods/log`, any resource's `log` as `*`+`/log`, or everything. */
function resourcesCover(resources: readonly string[], resource: string, subresource: string): boolean {
  if (resources.includes(ALL)) return true
  if (subresource === "") return resources.includes(resource)
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`)
}

/** `/healthz` itself, and everything below what ends with `*`. */
function urlCovers(rule: string, path: string): boolean {
  return rule === path || (rule.endsWith(ALL) && path.startsWith(rule.replace(/\*+$/, "")))
}

/** The parts of `wanted` that none of `held` covers, as rules for one verb on one resource (and name) each. */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(atomsOf).filter((atom) => !held.some((rule) => covers(rule, atom)))
}

const RULE: PolicyRule = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] }

function atomsOf(rule: PolicyRule): PolicyRule[] {
  const atoms: PolicyRule[] = []
  for (const group of rule.apiGroups) {
    for (const resource of rule.resources) {
      for (const verb of rule.verbs) {
        const atom = { ...RULE, apiGroups: [group], resources: [resource], verbs: [verb] }
        if (rule.resourceNames.length === 0) atoms.push(atom)
        for (const name of rule.resourceNames) atoms.push({ ...atom, resourceNames: [name] })
      }
    }
  }
  for (const url of rule.nonResourceURLs) {
    for (const verb of rule.verbs) atoms.push({ ...RULE, nonResourceURLs: [url], verbs: [verb] })
  }
  return atoms
}

/** @param atom  of {@link atomsOf}: one value in each list at most */
function covers(rule: PolicyRule, atom: PolicyRule): boolean {
  if (!hasOrAll(rule.verbs, atom.verbs[0]!)) return false
  const [url] = atom.nonResourceURLs
  if (url !== undefined) return rule.nonResourceURLs.some((own) => urlCovers(own, url))
  // The resource may itself be a pattern (`*`, `*/log`): it is then covered by the same or a wider one.
  const [resource = "", subresource = ""] = splitOnce(atom.resources[0]!, "/")
  const [name] = atom.resourceNames
  return (
    hasOrAll(rule.apiGroups, atom.apiGroups[0]!) &&
    resourcesCover(rule.resources, resource, subresource) &&
    (rule.resourceNames.length === 0 || (name !== undefined && rule.resourceNames.includes(name)))
  )
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** Rules of one verb each put together where they differ in nothing else. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const byTarget = new Map<string, PolicyRule>()
  const others: PolicyRule[] = []
  for (const rule of rules) {
    if (rule.nonResourceURLs.length > 0) {
      others.push(rule)
      continue
    }
    const target = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames])
    const known = byTarget.get(target)
    byTarget.set(target, known === undefined ? rule : { ...known, verbs: [...known.verbs, ...rule.verbs] })
  }
  return [...others, ...byTarget.values()]
}

/** As upstream prints a rule in its refusals: `{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`. */
export function describeRule(rule: PolicyRule): string {
  const parts: string[] = []
  const add = (label: string, values: readonly string[]) => {
    if (values.length > 0) parts.push(`${label}:${quoteList(values)}`)
  }
  add("APIGroups", rule.apiGroups)
  add("Resources", rule.resources)
  add("NonResourceURLs", rule.nonResourceURLs)
  add("ResourceNames", rule.resourceNames)
  add("Verbs", rule.verbs)
  return `{${parts.join(", ")}}`
}

/** Go's `%q` of a list: `["a" "b"]`. */
export function quoteList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`
}
