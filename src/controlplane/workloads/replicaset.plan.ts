import { REPLICA_SETS, type ReplicaSet } from "#api/kubernetes/apps.ts"
import { PODS, REPLICATION_CONTROLLERS, type Pod, type ReplicationController } from "#api/kubernetes/core.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { labelSelectorOf, labelSelectorOfSet, type LabelSelector } from "#apimachinery/selectors.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import {
  bySparability,
  controllerOf,
  controllerReference,
  isActive,
  isReady,
  podCreation,
  podDeletion,
  statusWrite,
} from "./pods.ts"

/** Kinds that want a number of pods and nothing else of them. */
export type Replicated = ReplicaSet | ReplicationController

const FAILURE = "ReplicaFailure"

export const planReplicaSet = (set: ReplicaSet, pods: readonly Pod[]): Plan => planReplicas(REPLICA_SETS, set, pods)

/** The older kind of the same, with a selector of labels only. */
export const planReplicationController = (controller: ReplicationController, pods: readonly Pod[]): Plan =>
  planReplicas(REPLICATION_CONTROLLERS, controller, pods)

/** The pods that are a set's, if they are nobody else's. */
export function selectorOf(set: Replicated): LabelSelector {
  const selector = set.spec?.selector
  return set.kind === "ReplicaSet"
    ? labelSelectorOf(selector as ReplicaSet["spec"]["selector"])
    : labelSelectorOfSet((selector ?? {}) as Record<string, string>)
}

/**
 * As many pods as are wanted; those that are not ready go first when there are too many. Pods that fit and belong to nobody
 * are taken in, and those that fit no more are let go.
 *
 * @param pods  the set's own, and those of its namespace that belong to nobody
 */
function planReplicas<T extends Replicated>(type: ResourceType<T>, set: T, pods: readonly Pod[]): Plan {
  const selector = selectorOf(set)
  const isOurs = (pod: Pod) => controllerOf(pod)[0] === set.metadata.uid
  const fits = (pod: Pod) => !selector.empty && selector.matches(pod.metadata.labels)
  const isLeaving = set.metadata.deletionTimestamp !== undefined
  const mine = pods.filter(isOurs)
  const strays = isLeaving ? [] : pods.filter((pod) => !isOurs(pod) && isActive(pod) && fits(pod))
  const lost = isLeaving ? [] : mine.filter((pod) => isActive(pod) && !fits(pod))
  const active = [...mine.filter((pod) => isActive(pod) && !lost.includes(pod)), ...strays]
  const moves = [...lost.map((pod) => release(pod, set)), ...strays.map((pod) => adoption(pod, set))]
  const writes = isLeaving ? [] : podWrites(set, active)
  return {
    actions: [
      ...(moves.length === 0 ? [] : [{ do: "together" as const, actions: moves }]),
      ...(writes.length === 0 ? [] : [{ do: "together" as const, actions: writes }]),
      ...statusWrite(type, set, statusOf(set, active)),
    ],
  }
}

function podWrites(set: Replicated, active: readonly Pod[]): Action[] {
  const template = set.spec?.template
  const missing = (set.spec?.replicas ?? 1) - active.length
  if (missing < 0) return active.toSorted(bySparability).slice(0, -missing).map(podDeletion)
  return template === undefined ? [] : Array.from({ length: missing }, () => podCreation(set, template))
}

function ownersPatch({ metadata }: Pod, ownerReferences: readonly object[]): Action {
  const { name = "", namespace = "", uid } = metadata
  const patch = { metadata: { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences } }
  return { do: "patch", type: PODS as never, key: { namespace, name }, patch, ...(uid === undefined ? {} : { uid }) }
}

const adoption = (pod: Pod, set: Replicated) =>
  ownersPatch(pod, [...(pod.metadata.ownerReferences ?? []), controllerReference(set)])

const release = (pod: Pod, set: Replicated) =>
  ownersPatch(
    pod,
    (pod.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== set.metadata.uid),
  )

/** A failure is forgotten once nothing is missing. */
function statusOf(set: Replicated, active: readonly Pod[]): NonNullable<ReplicaSet["status"]> {
  const labels = Object.entries(set.spec?.template?.metadata?.labels ?? {})
  const ready = active.filter(isReady).length
  const conditions = (set.status?.conditions ?? []).filter(({ type }) => type !== FAILURE)
  const isMissing = active.length < (set.spec?.replicas ?? 1)
  const isForgotten = !isMissing && conditions.length < (set.status?.conditions ?? []).length
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
      .length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: set.metadata.generation ?? 0,
    ...(isForgotten ? { conditions } : {}),
  }
}

/** Says on the set why its pods cannot be made, and how many there are. @param now  RFC 3339 */
export function planReplicaFailure(set: Replicated, pods: readonly Pod[], message: string, now: string): Plan {
  const before = set.status?.conditions ?? []
  const condition = { type: FAILURE, status: "True" as const, reason: "FailedCreate", message, lastTransitionTime: now }
  const conditions = before.some(({ type }) => type === FAILURE) ? before : [...before, condition]
  const mine = pods.filter((pod) => isActive(pod) && controllerOf(pod)[0] === set.metadata.uid)
  const status = { ...statusOf(set, mine), conditions }
  return {
    actions:
      set.kind === "ReplicaSet"
        ? statusWrite(REPLICA_SETS, set as ReplicaSet, status)
        : statusWrite(REPLICATION_CONTROLLERS, set as ReplicationController, status),
  }
}
