// Source: k8s.io/kubernetes pkg/controller/disruption.
import type { Pod } from "#api/kubernetes/core.ts"
import { POD_DISRUPTION_BUDGETS, type PodDisruptionBudget } from "#api/kubernetes/policy.ts"
import { setCondition, type Condition } from "#apimachinery/conditions.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { OwnerReference } from "#apimachinery/meta.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { Plan } from "#runtime/plan.ts"
import { isReady, resolveCount } from "#controlplane/workloads/pods.ts"

/** An evicted pod that is still there after this counts again. */
const EVICTED_WITHIN_MS = 2 * 60_000

type Status = NonNullable<PodDisruptionBudget["status"]>

/**
 * Brings the status to how many of the pods may go.
 *
 * @param pods  those that the budget selects
 * @param scaleOf  how many pods a controller wants; undefined for one that is not known
 */
export function planDisruption(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  scaleOf: (controller: OwnerReference) => number | undefined,
  nowMs: number,
): Plan {
  const dueMs = (time: string) => (parseTimeMs(time) ?? 0) + EVICTED_WITHIN_MS
  const disrupted = Object.entries(budget.status?.disruptedPods ?? {}).filter(([name, time]) =>
    pods.some(
      ({ metadata }) => metadata.name === name && metadata.deletionTimestamp === undefined && dueMs(time) >= nowMs,
    ),
  )
  const leaving = new Set(disrupted.map(([name]) => name))
  const expected = expectedPods(budget, pods, scaleOf)
  const status =
    typeof expected === "string"
      ? failedStatus(budget, expected, nowMs)
      : countedStatus(budget, nowMs, {
          currentHealthy: pods.filter((pod) => isReady(pod) && !leaving.has(pod.metadata.name ?? "")).length,
          ...expected,
          ...(disrupted.length === 0 ? {} : { disruptedPods: Object.fromEntries(disrupted) }),
        })
  const nextMs = Math.min(...disrupted.map(([, time]) => dueMs(time)))
  return {
    actions: deepEqual(status, budget.status)
      ? []
      : [
          {
            do: "update",
            type: POD_DISRUPTION_BUDGETS as never,
            object: withStatus(budget, status),
            subresource: "status",
          },
        ],
    ...(disrupted.length === 0 ? {} : { requeueAfterMs: Math.max(nextMs - nowMs, 1) }),
  }
}

export const withStatus = (budget: PodDisruptionBudget, status: Status): PodDisruptionBudget => ({ ...budget, status })

/** @returns why it cannot be told, when a pod's controller is of no kind that says how many it wants */
function expectedPods(
  { spec = {} }: PodDisruptionBudget,
  pods: readonly Pod[],
  scaleOf: (controller: OwnerReference) => number | undefined,
): { expectedPods: number; desiredHealthy: number } | string {
  const { minAvailable, maxUnavailable } = spec
  if (maxUnavailable === undefined && typeof minAvailable === "number")
    return { expectedPods: pods.length, desiredHealthy: minAvailable }
  if (maxUnavailable === undefined && minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 }
  const scales = new Map<string, number>()
  for (const pod of pods) {
    const controller = (pod.metadata.ownerReferences ?? []).find((reference) => reference.controller === true)
    if (controller === undefined || scales.has(controller.uid)) continue
    const scale = scaleOf(controller)
    if (scale === undefined) return `found no controllers for pod ${JSON.stringify(pod.metadata.name)}`
    scales.set(controller.uid, scale)
  }
  const total = [...scales.values()].reduce((sum, scale) => sum + scale, 0)
  if (maxUnavailable !== undefined) {
    const desiredHealthy = Math.max(0, total - resolveCount(maxUnavailable, 0, total, Math.ceil))
    return { expectedPods: total, desiredHealthy }
  }
  return { expectedPods: total, desiredHealthy: resolveCount(minAvailable, 0, total, Math.ceil) }
}

function countedStatus(
  { metadata, status }: PodDisruptionBudget,
  nowMs: number,
  counts: Pick<Status, "currentHealthy" | "desiredHealthy" | "expectedPods" | "disruptedPods">,
): Status {
  const spare = counts.currentHealthy - counts.desiredHealthy
  const disruptionsAllowed = counts.expectedPods <= 0 || spare <= 0 ? 0 : spare
  const observedGeneration = metadata.generation ?? 0
  const conditions = allowedCondition(status?.conditions ?? [], disruptionsAllowed, observedGeneration, nowMs)
  return { ...counts, disruptionsAllowed, observedGeneration, conditions }
}

function failedStatus({ metadata, status }: PodDisruptionBudget, message: string, nowMs: number): Status {
  const condition = { type: "DisruptionAllowed", status: "False" as const, reason: "SyncFailed", message }
  const { observedGeneration = metadata.generation ?? 0 } = status ?? {}
  return {
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
    ...status,
    disruptionsAllowed: 0,
    observedGeneration,
    conditions: setCondition(status?.conditions ?? [], { ...condition, observedGeneration }, nowMs),
  }
}

export function allowedCondition(
  conditions: readonly Condition[],
  disruptionsAllowed: number,
  observedGeneration: number,
  nowMs: number,
): Condition[] {
  const condition: Omit<Condition, "lastTransitionTime"> = {
    type: "DisruptionAllowed",
    ...(disruptionsAllowed > 0
      ? { status: "True", reason: "SufficientPods" }
      : { status: "False", reason: "InsufficientPods" }),
    message: "",
    observedGeneration,
  }
  return setCondition(conditions, condition, nowMs)
}
