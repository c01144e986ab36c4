// The built-in kind of policy.
import type { Condition } from "#apimachinery/conditions.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { LabelSelector } from "./core.ts"

export type PodDisruptionBudget = KubeObject & {
  spec?: {
    /** A count, or a share in percent. */
    minAvailable?: number | string
    maxUnavailable?: number | string
    selector?: LabelSelector
    unhealthyPodEvictionPolicy?: string
  }
  status?: {
    observedGeneration?: number
    /** Pods that are about to go, by name, and since when. */
    disruptedPods?: Record<string, string>
    disruptionsAllowed: number
    currentHealthy: number
    desiredHealthy: number
    expectedPods: number
    conditions?: Condition[]
  }
}

export const POD_DISRUPTION_BUDGETS: ResourceType<PodDisruptionBudget> = {
  group: "policy",
  version: "v1",
  resource: "poddisruptionbudgets",
  kind: "PodDisruptionBudget",
  namespaced: true,
}
