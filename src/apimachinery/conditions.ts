import { formatTime } from "#lib/clock.ts"

/** metav1.Condition: one aspect of an object's state. At most one per `type`. */
export type Condition = {
  type: string
  status: "True" | "False" | "Unknown"
  /** RFC 3339, when `status` last changed. */
  lastTransitionTime: string
  /** CamelCase, for programs. */
  reason: string
  /** For people. */
  message: string
  /** The `metadata.generation` that this was computed from. */
  observedGeneration?: number
}

/** A condition to set: without its time, which {@link setCondition} knows. */
export type NewCondition = Omit<Condition, "lastTransitionTime" | "message"> & {
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** @returns the condition of that type */
export function findCondition(
  conditions: readonly Condition[] | null | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

export function isConditionTrue(conditions: readonly Condition[] | null | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True"
}

export function isConditionFalse(conditions: readonly Condition[] | null | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "False"
}

/**
 * Conditions with one added or replaced. The place of an existing one is kept, and its `lastTransitionTime` too unless
 * `status` changes. Source: meta.SetStatusCondition.
 *
 * @param nowMs  the transition time of a new or changed status, unless `condition` brings one
 * @returns `conditions` itself when nothing changes, so that a caller can tell by identity
 */
export function setCondition(
  conditions: readonly Condition[] | null | undefined,
  condition: NewCondition,
  nowMs: number,
): Condition[] {
  const all = (conditions ?? []) as Condition[]
  const index = all.findIndex((candidate) => candidate.type === condition.type)
  const before = all[index]
  const keepsTime = before !== undefined && before.status === condition.status
  const next: Condition = {
    type: condition.type,
    status: condition.status,
    ...(condition.observedGeneration === undefined ? {} : { observedGeneration: condition.observedGeneration }),
    lastTransitionTime: keepsTime ? before.lastTransitionTime : (condition.lastTransitionTime ?? formatTime(nowMs)),
    reason: condition.reason,
    message: condition.message ?? "",
  }
  if (before === undefined) return [...all, next]
  const unchanged =
    keepsTime &&
    before.reason === next.reason &&
    before.message === next.message &&
    (before.observedGeneration ?? 0) === (next.observedGeneration ?? 0)
  return unchanged ? all : all.with(index, next)
}

/** Conditions without those of `type`; `conditions` itself when there is none. */
export function removeCondition(conditions: readonly Condition[] | null | undefined, type: string): Condition[] {
  const all = (conditions ?? []) as Condition[]
  return findCondition(all, type) === undefined ? all : all.filter((condition) => condition.type !== type)
}
