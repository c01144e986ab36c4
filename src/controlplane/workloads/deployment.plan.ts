import { DEPLOYMENTS, REPLICA_SETS, type Deployment, type ReplicaSet } from "#api/kubernetes/apps.ts"
import type { BuiltInCondition } from "#api/kubernetes/core.ts"
import { formatTime } from "#lib/clock.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { controllerReference, resolveCount, statusWrite, templateHash } from "./pods.ts"

const HASH_LABEL = "pod-template-hash"
const REVISION = "deployment.kubernetes.io/revision"

/** One ReplicaSet per version of the template, and replicas moved from the old ones to the new within the bounds of the strategy. */
export function planDeployment(deployment: Deployment, replicaSets: readonly ReplicaSet[], nowMs: number): Plan {
  const hash = templateHash(deployment.spec.template)
  const current = replicaSets.find((rs) => rs.metadata.labels?.[HASH_LABEL] === hash)
  const old = replicaSets.filter((rs) => rs !== current)
  const writes = deployment.metadata.deletionTimestamp === undefined ? writesOf(deployment, hash, current, old) : []
  const status = statusOf(deployment, current, replicaSets, nowMs)
  return { actions: [...writes, ...statusWrite(DEPLOYMENTS, deployment, status)] }
}

function writesOf(
  deployment: Deployment,
  hash: string,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Action[] {
  const { paused } = deployment.spec
  if (current === undefined && paused) return [...scaleAll(deployment, current, old), ...removeOldest(deployment, old)]
  if (current === undefined) {
    const revision = String(1 + Math.max(0, ...old.map(revisionOf)))
    const replicas = firstReplicas(deployment, old)
    return [newReplicaSet(deployment, hash, revision, replicas), ...setRevision(deployment, revision)]
  }
  return [
    ...(paused ? scaleAll(deployment, current, old) : rollOut(deployment, current, old)),
    ...annotate(current, old),
    ...removeOldest(deployment, old),
    ...setRevision(deployment, String(revisionOf(current))),
  ]
}

const revisionOf = (rs: ReplicaSet) => Number(rs.metadata.annotations?.[REVISION] ?? 0)
const sum = (sets: readonly ReplicaSet[], count: (rs: ReplicaSet) => number | undefined) =>
  sets.reduce((total, rs) => total + (count(rs) ?? 0), 0)
const wantedReplicas = (deployment: Deployment) => deployment.spec.replicas ?? 1

const isRecreate = (deployment: Deployment) => deployment.spec.strategy?.type === "Recreate"

/** How many pods may be there too many and too few while they are replaced. Source: ResolveFenceposts. */
function bounds(deployment: Deployment): { surge: number; unavailable: number } {
  const { rollingUpdate } = deployment.spec.strategy ?? {}
  const total = wantedReplicas(deployment)
  if (isRecreate(deployment) || total === 0) return { surge: 0, unavailable: 0 }
  const surge = resolveCount(rollingUpdate?.maxSurge, "25%", total, Math.ceil)
  const unavailable = resolveCount(rollingUpdate?.maxUnavailable, "25%", total, Math.floor)
  // Both 0 would never move.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(total, unavailable) }
}

function firstReplicas(deployment: Deployment, old: readonly ReplicaSet[]): number {
  const present = sum(old, (rs) => rs.spec.replicas)
  if (isRecreate(deployment)) {
    return present === 0 && sum(old, (rs) => rs.status?.replicas) === 0 ? wantedReplicas(deployment) : 0
  }
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
  if (isRecreate(deployment)) {
    const emptied = old.filter((rs) => (rs.spec.replicas ?? 1) > 0).map((rs) => scale(rs, 0))
    const gone = sum(old, (rs) => rs.status?.replicas) === 0 && emptied.length === 0
    return [...emptied, ...(gone && present !== wanted ? [scale(current, wanted)] : [])]
  }
  const actions: Action[] = []
  const { surge } = bounds(deployment)
  const room = wanted + surge - present - oldReplicas
  const next = oldReplicas === 0 ? wanted : present > wanted ? wanted : Math.min(wanted, present + Math.max(0, room))
  if (next !== present) actions.push(scale(current, next))
  return [...actions, ...shrinkOld(deployment, current, old)]
}

/**
 * Pods that are not available go first, from the oldest on: they serve nobody. Then others, as long as as many as the
 * strategy wants stay available. What the new version still lacks is not taken from the old. Source: rolling.go.
 */
function shrinkOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Action[] {
  const least = wantedReplicas(deployment) - bounds(deployment).unavailable
  const available = (rs: ReplicaSet) => Math.min(rs.spec.replicas ?? 1, rs.status?.availableReplicas ?? 0)
  const lacking = (current.spec.replicas ?? 1) - (current.status?.availableReplicas ?? 0)
  const all = [...old, current]
  let unavailableSpare = sum(all, (rs) => rs.spec.replicas ?? 1) - least - lacking
  if (unavailableSpare <= 0) return []
  // Pods that were to go count no longer, although the status may still know them.
  let availableSpare = sum(all, available) - least
  const sizes = new Map<ReplicaSet, number>()
  const oldestFirst = old.toSorted((a, b) => revisionOf(a) - revisionOf(b))
  for (const rs of oldestFirst) {
    const drop = Math.max(0, Math.min((rs.spec.replicas ?? 1) - available(rs), unavailableSpare))
    sizes.set(rs, (rs.spec.replicas ?? 1) - drop)
    unavailableSpare -= drop
  }
  for (const rs of oldestFirst) {
    const drop = Math.max(0, Math.min(sizes.get(rs)!, availableSpare))
    sizes.set(rs, sizes.get(rs)! - drop)
    availableSpare -= drop
  }
  return [...sizes].filter(([rs, size]) => size !== (rs.spec.replicas ?? 1)).map(([rs, size]) => scale(rs, size))
}

/**
 * A Deployment that is paused changes its size, not its version: the only ReplicaSet that has pods, else the newest. In
 * the middle of a change the largest ones give or take, as in upstream's, where the smaller ones take a share as well.
 */
function scaleAll(deployment: Deployment, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): Action[] {
  const wanted = wantedReplicas(deployment)
  const newestFirst = [
    ...(current === undefined ? [] : [current]),
    ...old.toSorted((a, b) => revisionOf(b) - revisionOf(a)),
  ]
  const active = newestFirst.filter((rs) => (rs.spec.replicas ?? 1) > 0)
  const only = active.length === 0 ? newestFirst[0] : active.length === 1 ? active[0] : undefined
  if (only !== undefined) return only.spec.replicas === wanted ? [] : [scale(only, wanted)]
  if (isRecreate(deployment)) return []
  let open = (wanted === 0 ? 0 : wanted + bounds(deployment).surge) - sum(active, (rs) => rs.spec.replicas ?? 1)
  const actions: Action[] = []
  for (const rs of active.toSorted((a, b) => (b.spec.replicas ?? 1) - (a.spec.replicas ?? 1))) {
    const change = Math.max(-(rs.spec.replicas ?? 1), open)
    if (change !== 0) actions.push(scale(rs, (rs.spec.replicas ?? 1) + change))
    open -= change
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
    .map((rs) => ({
      do: "delete",
      type: REPLICA_SETS as never,
      key: keyOf(rs),
      ...(rs.metadata.uid === undefined ? {} : { uid: rs.metadata.uid }),
    }))
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
  const size = sum(replicaSets, (rs) => rs.spec.replicas ?? 1)
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
    deployment.spec.paused
      ? {
          type: "Progressing",
          status: "Unknown" as const,
          reason: "DeploymentPaused",
          message: "Deployment is paused",
        }
      : done
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
    unavailableReplicas: Math.max(0, size - available),
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
