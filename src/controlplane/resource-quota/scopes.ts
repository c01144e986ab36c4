// Which pods a quota with scopes is about. Source: k8s.io/kubernetes pkg/quota/v1/evaluator/core/pods.go.
import type { Pod, ResourceQuota, ScopeRequirement } from "#api/kubernetes/core.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { Counted } from "./usage.ts"

/** @returns whether the object is within all scopes of the quota; only pods have scopes */
export function isInScopes(quota: ResourceQuota, counted: Counted, object: UnknownObject): boolean {
  const scopes = scopesOf(quota)
  if (scopes.length === 0) return true
  if (counted.group !== "" || counted.resource !== "pods") return false
  return scopes.every((scope) => isInScope(scope, object as Pod))
}

function scopesOf({ spec }: ResourceQuota): ScopeRequirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" }))
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])]
}

function isInScope({ scopeName, operator, values }: ScopeRequirement, pod: Pod): boolean {
  switch (scopeName) {
    case "Terminating":
      return hasDeadline(pod)
    case "NotTerminating":
      return !hasDeadline(pod)
    case "BestEffort":
      return pod.status?.qosClass === "BestEffort"
    case "NotBestEffort":
      return pod.status?.qosClass !== "BestEffort"
    case "CrossNamespacePodAffinity":
      return reachesOtherNamespaces(pod)
    case "PriorityClass":
      return isOneOf((pod.spec as { priorityClassName?: string }).priorityClassName ?? "", operator, values ?? [])
    default:
      return false
  }
}

const hasDeadline = (pod: Pod) => {
  const { activeDeadlineSeconds } = pod.spec as { activeDeadlineSeconds?: number | null }
  return typeof activeDeadlineSeconds === "number" && activeDeadlineSeconds >= 0
}

function isOneOf(name: string, operator: string, values: readonly string[]): boolean {
  if (operator === "Exists") return name !== ""
  if (operator === "DoesNotExist") return name === ""
  if (operator === "In") return name !== "" && values.includes(name)
  return operator === "NotIn" && !values.includes(name)
}

type Term = { namespaces?: string[]; namespaceSelector?: object | null }
type Affinity = {
  requiredDuringSchedulingIgnoredDuringExecution?: Term[]
  preferredDuringSchedulingIgnoredDuringExecution?: { podAffinityTerm?: Term }[]
}

function reachesOtherNamespaces(pod: Pod): boolean {
  const { affinity } = pod.spec as { affinity?: { podAffinity?: Affinity; podAntiAffinity?: Affinity } }
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some((part) => {
    const preferred = part?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const terms = [
      ...(part?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...preferred.map((weighted) => weighted.podAffinityTerm ?? {}),
    ]
    return terms.some((term) => (term.namespaces ?? []).length > 0 || (term.namespaceSelector ?? null) !== null)
  })
}
