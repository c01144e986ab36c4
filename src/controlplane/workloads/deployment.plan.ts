import { DEPLOYMENTS, REPLICA_SETS, type Deployment, type ReplicaSet } from "#api/kubernetes/apps.ts"
import type { BuiltInCondition } from "#api/kubernetes/core.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { formatTime } from "#lib/clock.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { controllerReference, resolveCount, templateHash } from "./pods.ts"

const HASH_LABEL = "pod-template-hash"
const REVISION = "deployment.kubernetes.io/revision"

/** One ReplicaSet per version of the template, and replicas moved from the old ones to the new within the bounds of the strategy. */
export function planDeployment(deployment: Deployment, replicaSets: readonly ReplicaSet[], nowMs: number): Plan {
  const hash = templateHash(deployment.spec.template)
  const current = replicaSets.find((rs) => rs.metadata.labels?.[HASH_LABEL] === hash)
  const old = replicaSets.filter((rs) => rs !== current)
  const actions: Action[] = []
  if (deployment.metadata.deletionTimestamp === undefined) {
    const revision = String(1 + Math.max(0, ...old.map(revisionOf)))
    if (current === undefined)
      actions.push(
        ...(deployment.spec.paused ? [] : [newReplicaSet(deployment, hash, revision, firstReplicas(deployment, old))]),
      )
    else actions.push(...(deployment.spec.paused ? [] : rollOut(deployment, current, old)), ...annotate(current, old))
    actions.push(
      ...removeOldest(deployment, old),
      ...setRevision(deployment, current === undefined ? revision : String(revisionOf(current))),
    )
  }
  const status = statusOf(deployment, current, replicaSets, nowMs)
  if (!deepEqual(status, deployment.status)) {
    actions.push({
      do: "patch",
      type: DEPLOYMENTS as never,
      key: keyOf(deployment),
      patch: { status },
      subresource: "status",
    })
  }
  return { actions }
}

const revisionOf = (rs: ReplicaSet) => Number(rs.metadata.annotations?.[REVISION] ?? 0)
const sum = (sets: readonly ReplicaSet[], count: (rs: ReplicaSet) => number | undefined) =>
  sets.reduce((total, rs) => total + (count(rs) ?? 0), 0)
const wantedReplicas = (deployment: Deployment) => deployment.spec.replicas ?? 1

function bounds(deployment: Deployment): { surge: number; unavailable: number } {
  const { rollingUpdate } = deployment.spec.strategy ?? {}
  const total = wantedReplicas(deployment)
  const surge = resolveCount(rollingUpdate?.maxSurge, "25%", total, Math.ceil)
  const unavailable = resolveCount(rollingUpdate?.maxUnavailable, "25%", total, Math.floor)
  // Both 0 would never move.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

function firstReplicas(deployment: Deployment, old: readonly ReplicaSet[]): number {
  const present = sum(old, (rs) => rs.spec.replicas)
  if (deployment.spec.strategy?.type === "Recreate") return present === 0 ? wantedReplicas(deployment) : 0
  return Math.max(
    0,
    Math.min(wantedReplicas(deployment), wantedReplicas(deployment) + bounds(deployment).surge - present),
  )
}

function newReplicaSet(deployment: Deployment, hash: string, revision: string, replicas: number): Action {
  const { template, selector, minReadySeconds } = deployment.spec
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash }
  const object: ReplicaSet = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace ?? "",
      labels,
      annotations: {
        "deployment.kubernetes.io/desired-replicas": String(wantedReplicas(deployment)),
        "deployment.kubernetes.io/max-replicas": String(wantedReplicas(deployment) + bounds(deployment).surge),
        [REVISION]: revision,
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
      ...(minReadySeconds ? { minReadySeconds } : {}),
    },
  }
  return { do: "create", type: REPLICA_SETS as never, object }
}

function rollOut(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Action[] {
  const wanted = wantedReplicas(deployment)
  const present = current.spec.replicas ?? 1
  const oldReplicas = sum(old, (rs) => rs.spec.replicas)
  if (deployment.spec.strategy?.type === "Recreate") {
    const emptied = old.filter((rs) => (rs.spec.replicas ?? 1) > 0).map((rs) => scale(rs, 0))
    const gone = sum(old, (rs) => rs.status?.replicas) === 0 && emptied.length === 0
    return [...emptied, ...(gone && present !== wanted ? [scale(current, wanted)] : [])]
  }
  const actions: Action[] = []
  const { surge, unavailable } = bounds(deployment)
  const room = wanted + surge - present - oldReplicas
  const next = oldReplicas === 0 ? wanted : present > wanted ? wanted : Math.min(wanted, present + Math.max(0, room))
  if (next !== present) actions.push(scale(current, next))
  // What is not available may go at once; of the rest as many as the strategy allows to miss.
  let spare = present + oldReplicas - (wanted - unavailable) - (present - (current.status?.availableReplicas ?? 0))
  for (const rs of old.toSorted((a, b) => revisionOf(a) - revisionOf(b))) {
    const replicas = rs.spec.replicas ?? 1
    const drop = Math.min(replicas, Math.max(0, spare))
    if (drop > 0) actions.push(scale(rs, replicas - drop))
    spare -= drop
  }
  return actions
}

function scale(rs: ReplicaSet, replicas: number): Action {
  return { do: "patch", type: REPLICA_SETS as never, key: keyOf(rs), patch: { spec: { replicas } } }
}

/** A template that came back gets a new revision. */
function annotate(current: ReplicaSet, old: readonly ReplicaSet[]): Action[] {
  const newest = Math.max(0, ...old.map(revisionOf))
  if (revisionOf(current) > newest) return []
  return [
    {
      do: "patch",
      type: REPLICA_SETS as never,
      key: keyOf(current),
      patch: { metadata: { annotations: { [REVISION]: String(newest + 1) } } },
    },
  ]
}

function removeOldest(deployment: Deployment, old: readonly ReplicaSet[]): Action[] {
  const empty = old.filter(
    (rs) =>
      (rs.spec.replicas ?? 1) === 0 && (rs.status?.replicas ?? 0) === 0 && rs.metadata.deletionTimestamp === undefined,
  )
  const surplus = empty.length - (deployment.spec.revisionHistoryLimit ?? 10)
  if (surplus <= 0) return []
  return empty
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, surplus)
    .map((rs) => ({ do: "delete", type: REPLICA_SETS as never, key: keyOf(rs) }))
}

function setRevision(deployment: Deployment, revision: string): Action[] {
  if (deployment.metadata.annotations?.[REVISION] === revision) return []
  return [
    {
      do: "patch",
      type: DEPLOYMENTS as never,
      key: keyOf(deployment),
      patch: { metadata: { annotations: { [REVISION]: revision } } },
    },
  ]
}

function statusOf(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  replicaSets: readonly ReplicaSet[],
  nowMs: number,
): NonNullable<Deployment["status"]> {
  const wanted = wantedReplicas(deployment)
  const replicas = sum(replicaSets, (rs) => rs.status?.replicas)
  const available = sum(replicaSets, (rs) => rs.status?.availableReplicas)
  const updated = current?.status?.replicas ?? 0
  const before = deployment.status?.conditions ?? []
  const done = updated === wanted && replicas === wanted && available === wanted
  const name = current?.metadata.name ?? ""
  const minimum = available >= wanted - bounds(deployment).unavailable
  const conditions = [
    minimum
      ? {
          type: "Available",
          status: "True" as const,
          reason: "MinimumReplicasAvailable",
          message: "Deployment has minimum availability.",
        }
      : {
          type: "Available",
          status: "False" as const,
          reason: "MinimumReplicasUnavailable",
          message: "Deployment does not have minimum availability.",
        },
    done
      ? {
          type: "Progressing",
          status: "True" as const,
          reason: "NewReplicaSetAvailable",
          message: `ReplicaSet "${name}" has successfully progressed.`,
        }
      : {
          type: "Progressing",
          status: "True" as const,
          reason: "ReplicaSetUpdated",
          message: `ReplicaSet "${name}" is progressing.`,
        },
  ]
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas,
    updatedReplicas: updated,
    readyReplicas: sum(replicaSets, (rs) => rs.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, Math.max(wanted, replicas) - available),
    conditions: conditions.map((condition) => dated(condition, before, formatTime(nowMs))),
  }
}

function dated(condition: BuiltInCondition, before: readonly BuiltInCondition[], now: string): BuiltInCondition {
  const known = before.find((c) => c.type === condition.type)
  const same =
    known?.status === condition.status && known?.reason === condition.reason && known?.message === condition.message
  return {
    ...condition,
    lastUpdateTime: same ? (known.lastUpdateTime ?? now) : now,
    lastTransitionTime: known?.status === condition.status ? (known.lastTransitionTime ?? now) : now,
  }
}

const keyOf = ({ metadata }: Deployment | ReplicaSet) => ({
  namespace: metadata.namespace ?? "",
  name: metadata.name ?? "",
})
