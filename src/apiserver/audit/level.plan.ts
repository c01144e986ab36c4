// How much of a request is recorded: what the first rule that fits says. Source: k8s.io/apiserver audit/policy/checker.go.
import type { AuditPolicy, AuditRule, GroupResources, Level, Stage } from "./policy.ts"

export type AuditAttributes = {
  /** Absent where nobody could be found out. */
  readonly user?: { readonly name: string; readonly groups: readonly string[] }
  readonly isResource: boolean
  readonly verb: string
  readonly path: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

export type AuditConfig = {
  readonly level: Level
  readonly omitStages: ReadonlySet<Stage>
  readonly omitManagedFields: boolean
}

export function auditConfigFor(policy: AuditPolicy, attributes: AuditAttributes): AuditConfig {
  const rule = policy.rules.find((candidate) => matches(candidate, attributes))
  return {
    level: rule?.level ?? "None",
    omitStages: new Set([...policy.omitStages, ...(rule?.omitStages ?? [])]),
    omitManagedFields: rule?.omitManagedFields ?? policy.omitManagedFields,
  }
}

const some = (list: readonly unknown[] | undefined) => list !== undefined && list.length > 0

function matches(rule: AuditRule, { user, ...asked }: AuditAttributes): boolean {
  if (some(rule.users) && (user === undefined || !rule.users!.includes(user.name))) return false
  if (some(rule.userGroups) && !(user?.groups ?? []).some((group) => rule.userGroups!.includes(group))) return false
  if (some(rule.verbs) && !rule.verbs!.includes(asked.verb)) return false
  if (some(rule.namespaces) || some(rule.resources)) return matchesResource(rule, asked)
  if (some(rule.nonResourceURLs))
    return !asked.isResource && rule.nonResourceURLs!.some((url) => matchesPath(url, asked.path))
  return true
}

const matchesPath = (url: string, path: string) =>
  url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.replace(/\*+$/, "")))

function matchesResource(rule: AuditRule, asked: AuditAttributes): boolean {
  if (!asked.isResource) return false
  if (some(rule.namespaces) && !rule.namespaces!.includes(asked.namespace)) return false
  return !some(rule.resources) || rule.resources!.some((resources) => isAmong(resources, asked))
}

function isAmong({ group = "", resources, resourceNames }: GroupResources, asked: AuditAttributes): boolean {
  if (group !== asked.group) return false
  if (!some(resources)) return true
  if (some(resourceNames) && !resourceNames!.includes(asked.name)) return false
  const { resource, subresource } = asked
  const combined = subresource === "" ? resource : `${resource}/${subresource}`
  return resources!.some(
    (wanted) =>
      wanted === "*" ||
      wanted === combined ||
      wanted === `${resource}/*` ||
      (subresource !== "" && wanted === `*/${subresource}`),
  )
}
