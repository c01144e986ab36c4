import { STATEFUL_SETS, type StatefulSet } from "#api/kubernetes/apps.ts"
import { PERSISTENT_VOLUME_CLAIMS, type PersistentVolumeClaim, type Pod } from "#api/kubernetes/core.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { isActive, isReady, podCreation, podDeletion, templateHash } from "./pods.ts"

const REVISION_LABEL = "controller-revision-hash"

/** Pods NAME-0, NAME-1, … one after the other, each with its claims; from the last to the first when they change. */
export function planStatefulSet(set: StatefulSet, pods: readonly Pod[], claims: ReadonlySet<string>): Plan {
  const revision = `${set.metadata.name}-${templateHash(set.spec.template)}`
  const byName = new Map(pods.map((pod) => [pod.metadata.name ?? "", pod]))
  const actions: Action[] = []
  if (set.metadata.deletionTimestamp === undefined) actions.push(...podWrites(set, byName, revision, claims))
  const status = statusOf(set, pods.filter(isActive), revision)
  if (!deepEqual(status, set.status)) {
    actions.push({
      do: "patch",
      type: STATEFUL_SETS as never,
      key: keyOf(set),
      patch: { status },
      subresource: "status",
    })
  }
  return { actions }
}

function podWrites(
  set: StatefulSet,
  byName: ReadonlyMap<string, Pod>,
  revision: string,
  claims: ReadonlySet<string>,
): Action[] {
  const start = set.spec.ordinals?.start ?? 0
  const wanted = Array.from({ length: set.spec.replicas ?? 1 }, (_, i) => `${set.metadata.name}-${start + i}`)
  const parallel = set.spec.podManagementPolicy === "Parallel"
  const creations: Action[] = []
  for (const [index, name] of wanted.entries()) {
    const pod = byName.get(name)
    if (pod === undefined) creations.push(...newPod(set, name, start + index, revision, claims))
    if (!parallel && (pod === undefined || !isReady(pod))) return creations
  }
  if (creations.length > 0) return creations
  const surplus = [...byName.values()]
    .filter((pod) => !wanted.includes(pod.metadata.name ?? "") && isActive(pod))
    .toSorted((a, b) => ordinalOf(b) - ordinalOf(a))
  if (surplus.length > 0) return (parallel ? surplus : surplus.slice(0, 1)).map(podDeletion)
  if (set.spec.updateStrategy?.type === "OnDelete") return []
  // One at a time, the highest ordinal first, and only while all the others are well.
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  const outdated = [...byName.values()].filter(
    (pod) => pod.metadata.labels?.[REVISION_LABEL] !== revision && ordinalOf(pod) >= partition,
  )
  const allReady = [...byName.values()].every(isReady)
  return allReady
    ? outdated
        .toSorted((a, b) => ordinalOf(b) - ordinalOf(a))
        .slice(0, 1)
        .map(podDeletion)
    : []
}

const ordinalOf = (pod: Pod) => Number((pod.metadata.name ?? "").split("-").at(-1))

function newPod(
  set: StatefulSet,
  name: string,
  ordinal: number,
  revision: string,
  claims: ReadonlySet<string>,
): Action[] {
  const templates = set.spec.volumeClaimTemplates ?? []
  const missing = templates
    .map((template) => ({ template, claim: `${template.metadata?.name}-${name}` }))
    .filter(({ claim }) => !claims.has(claim))
    .map(({ template, claim }): Action => {
      const object: PersistentVolumeClaim = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          name: claim,
          namespace: set.metadata.namespace ?? "",
          labels: { ...set.spec.selector.matchLabels },
        },
        ...(template.spec === undefined ? {} : { spec: template.spec }),
      }
      return { do: "create", type: PERSISTENT_VOLUME_CLAIMS as never, object }
    })
  const volumes = [
    ...((set.spec.template.spec["volumes"] as unknown[] | undefined) ?? []),
    ...templates.map((template) => ({
      name: template.metadata?.name,
      persistentVolumeClaim: { claimName: `${template.metadata?.name}-${name}` },
    })),
  ]
  const spec = {
    hostname: name,
    ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
    ...(volumes.length === 0 ? {} : { volumes }),
  }
  const labels = {
    "statefulset.kubernetes.io/pod-name": name,
    "apps.kubernetes.io/pod-index": String(ordinal),
    [REVISION_LABEL]: revision,
  }
  return [...missing, podCreation(set, set.spec.template, { name, labels, spec })]
}

function statusOf(set: StatefulSet, active: readonly Pod[], revision: string): NonNullable<StatefulSet["status"]> {
  const ready = active.filter(isReady).length
  const updated = active.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === revision).length
  const done = updated === active.length && ready === active.length
  const current = done ? revision : (set.status?.currentRevision ?? revision)
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: active.length,
    readyReplicas: ready,
    availableReplicas: ready,
    currentReplicas: active.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === current).length,
    updatedReplicas: updated,
    currentRevision: current,
    updateRevision: revision,
    collisionCount: 0,
  }
}

const keyOf = ({ metadata }: StatefulSet) => ({ namespace: metadata.namespace ?? "", name: metadata.name ?? "" })
