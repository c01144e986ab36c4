// Policies of audit.k8s.io/v1. Source: k8s.io/apiserver audit/policy, apis/audit/validation.
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import { isDns1123Subdomain } from "#apimachinery/names.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"

export const LEVELS = ["None", "Metadata", "Request", "RequestResponse"] as const
export type Level = (typeof LEVELS)[number]

export const STAGES = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const
export type Stage = (typeof STAGES)[number]

export type GroupResources = {
  readonly group?: string
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

export type AuditRule = {
  readonly level: Level
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly GroupResources[]
  readonly namespaces?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly Stage[]
  readonly omitManagedFields?: boolean
}

export type AuditPolicy = {
  readonly rules: readonly AuditRule[]
  readonly omitStages: readonly Stage[]
  readonly omitManagedFields: boolean
}

/** @param text  YAML or JSON. @throws Error that names every field that is wrong */
export function parseAuditPolicy(text: string): AuditPolicy {
  const policy = parseYamlDocuments(text)[0]
  if (!isJsonObject(policy) || policy["apiVersion"] !== "audit.k8s.io/v1" || policy["kind"] !== "Policy")
    throw new Error("Cannot read audit policy: want apiVersion audit.k8s.io/v1 and kind Policy")
  const rules = policy["rules"]
  if (!Array.isArray(rules) || rules.length === 0) throw new Error("Cannot read audit policy: it has no rules")
  const problems = [...stageProblems(policy["omitStages"], "omitStages")]
  for (const [i, rule] of rules.entries()) problems.push(...ruleProblems(rule, `rules[${i}]`))
  if (problems.length > 0) throw new Error(`Cannot read audit policy: ${problems.join(", ")}`)
  return {
    rules: rules as AuditRule[],
    omitStages: (policy["omitStages"] ?? []) as Stage[],
    omitManagedFields: policy["omitManagedFields"] === true,
  }
}

const quoted = (values: readonly string[]) => values.map((value) => JSON.stringify(value)).join(", ")

function* ruleProblems(rule: unknown, path: string): Generator<string> {
  if (!isJsonObject(rule)) return yield `${path}: Invalid value: want an object`
  const { level } = rule
  if (level === undefined || level === "") yield `${path}.level: Required value`
  else if (!LEVELS.includes(level as Level))
    yield `${path}.level: Unsupported value: ${JSON.stringify(level)}: supported values: ${quoted(LEVELS)}`
  for (const field of ["users", "userGroups", "verbs", "namespaces", "nonResourceURLs"]) {
    if (!isTextList(rule[field])) yield `${path}.${field}: Invalid value: want a list of strings`
  }
  yield* urlProblems(rule["nonResourceURLs"], `${path}.nonResourceURLs`)
  yield* resourceProblems(rule["resources"], `${path}.resources`)
  yield* stageProblems(rule["omitStages"], `${path}.omitStages`)
  const has = (field: string) => Array.isArray(rule[field]) && rule[field].length > 0
  if (has("nonResourceURLs") && (has("resources") || has("namespaces")))
    yield `${path}.nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs`
}

function isTextList(value: unknown): value is readonly string[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every((item) => typeof item === "string"))
}

function* urlProblems(urls: unknown, path: string): Generator<string> {
  if (!Array.isArray(urls)) return
  for (const [i, url] of urls.entries()) {
    if (typeof url !== "string" || url === "*") continue
    const at = `${path}[${i}]: Invalid value: ${JSON.stringify(url)}`
    if (!url.startsWith("/")) yield `${at}: non-resource URL rules must begin with a '/' character`
    if (url.slice(0, -1).includes("*"))
      yield `${at}: non-resource URL wildcards '*' must be the final character of the rule`
  }
}

function* resourceProblems(resources: unknown, path: string): Generator<string> {
  if (resources === undefined) return
  if (!Array.isArray(resources) || !resources.every(isJsonObject))
    return yield `${path}: Invalid value: want a list of objects`
  for (const item of resources as JsonObject[]) {
    const { group = "" } = item
    if (typeof group !== "string" || (group !== "" && isDns1123Subdomain(group).length > 0))
      yield `${path}.group: Invalid value: ${JSON.stringify(group)}: want a DNS subdomain`
    if (!isTextList(item["resources"]) || !isTextList(item["resourceNames"]))
      yield `${path}: Invalid value: want lists of strings`
    else if ((item["resourceNames"]?.length ?? 0) > 0 && (item["resources"]?.length ?? 0) === 0)
      yield `${path}.resourceNames: Invalid value: using resourceNames requires at least one resource`
  }
}

function* stageProblems(stages: unknown, path: string): Generator<string> {
  if (stages === undefined) return
  if (!Array.isArray(stages)) return yield `${path}: Invalid value: want a list of stages`
  for (const [i, stage] of stages.entries()) {
    if (!STAGES.includes(stage as Stage))
      yield `${path}[${i}]: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${STAGES.join(",")}`
  }
}
