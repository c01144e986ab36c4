// Whether a pod may be evicted now. Source: k8s.io/kubernetes pkg/registry/core/pod/storage/eviction.go.
import type { Pod } from "#api/kubernetes/core.ts"
import type { PodDisruptionBudget } from "#api/kubernetes/policy.ts"
import { forbidden, newStatusError, type StatusError } from "#apimachinery/status-error.ts"
import { formatTime } from "#lib/clock.ts"
import { isReady } from "#controlplane/workloads/pods.ts"
import { allowedCondition, withStatus } from "./disruption.plan.ts"

const VIOLATED = "Cannot evict pod as it would violate the pod's disruption budget."
const DISRUPTED_MAX = 2000

export type EvictionVerdict =
  | { readonly refused: StatusError }
  | {
      /** The budget's new status, to be written before the pod goes. */
      readonly charged?: PodDisruptionBudget
      /** What was decided holds for this very state of the pod only. */
      readonly asSeen?: boolean
    }

/** @param budgets  those that select the pod */
export function judgeEviction(pod: Pod, budgets: readonly PodDisruptionBudget[], nowMs: number): EvictionVerdict {
  const phase = pod.status?.phase ?? "Pending"
  if (phase !== "Running" || pod.metadata.deletionTimestamp !== undefined)
    return phase === "Pending" ? { asSeen: true } : {}
  const [budget, other] = budgets
  if (budget === undefined) return {}
  if (other !== undefined) {
    const why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    return { refused: newStatusError("", why, undefined, 500) }
  }
  return isGuarded(pod, budget) ? charge(pod, budget, nowMs) : { asSeen: true }
}

/** A pod that is not ready serves nobody: it may go when enough others do. */
function isGuarded(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isReady(pod)) return true
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return false
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return !(currentHealthy >= desiredHealthy && desiredHealthy > 0)
}

function charge(pod: Pod, budget: PodDisruptionBudget, nowMs: number): EvictionVerdict {
  const { status, metadata } = budget
  const { name = "" } = metadata
  const refuse = (message: string, retryAfterSeconds: number) => ({ refused: tooMany(message, retryAfterSeconds) })
  if (status === undefined || (status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    return refuse(`The disruption budget ${name} is still being processed by the server.`, 10)
  const forbid = (why: string) => ({
    refused: forbidden({ group: "policy", resource: "poddisruptionbudget" }, name, why),
  })
  if (status.disruptionsAllowed < 0) return forbid("pdb disruptions allowed is negative")
  const disrupted = status.disruptedPods ?? {}
  if (Object.keys(disrupted).length > DISRUPTED_MAX)
    return forbid("DisruptedPods map too big - too many evictions not confirmed by PDB controller")
  if (status.disruptionsAllowed === 0) return refuse(exhausted(budget), 0)
  const disruptionsAllowed = status.disruptionsAllowed - 1
  const charged = withStatus(budget, {
    ...status,
    disruptionsAllowed,
    disruptedPods: { ...disrupted, [pod.metadata.name ?? ""]: formatTime(nowMs) },
    ...(disruptionsAllowed === 0
      ? { conditions: allowedCondition(status.conditions ?? [], 0, status.observedGeneration ?? 0, nowMs) }
      : {}),
  })
  return { charged }
}

function exhausted({ metadata, status }: PodDisruptionBudget): string {
  const condition = (status?.conditions ?? []).find(({ type }) => type === "DisruptionAllowed")
  const isRefusal = condition?.status === "False" && (condition.message ?? "") !== ""
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  const budget = `The disruption budget ${metadata.name}`
  if (isRefusal && condition.reason === "SyncFailed")
    return `${budget} does not allow evicting pods currently because it failed sync: ${condition.message}`
  if (currentHealthy <= desiredHealthy)
    return `${budget} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
  if (isRefusal) return `${budget} does not allow evicting pods currently (${condition.reason}): ${condition.message}`
  return `${budget} does not allow evicting pods currently`
}

const tooMany = (message: string, retryAfterSeconds: number) =>
  newStatusError("TooManyRequests", VIOLATED, {
    causes: [{ reason: "DisruptionBudget", message }],
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
  })
