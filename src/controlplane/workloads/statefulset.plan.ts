import { STATEFUL_SETS, type StatefulSet } from "#api/kubernetes/apps.ts"
import { PERSISTENT_VOLUME_CLAIMS, type PersistentVolumeClaim, type Pod } from "#api/kubernetes/core.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { hasEnded, isActive, isReady, podCreation, podDeletion, statusWrite, templateHash } from "./pods.ts"

const REVISION_LABEL = "controller-revision-hash"

/** Pods NAME-0, NAME-1, … one after the other, each with its claims; from the last to the first when they change. */
export function planStatefulSet(set: StatefulSet, pods: readonly Pod[], claims: ReadonlySet<string>): Plan {
  const revision = `${set.metadata.name}-${templateHash(set.spec.template)}`
  const byName = new Map(pods.map((pod) => [pod.metadata.name ?? "", pod]))
  const writes = set.metadata.deletionTimestamp === undefined ? podWrites(set, byName, revision, claims) : []
  const status = statusOf(set, pods.filter(isActive), revision)
  return { actions: [...writes, ...statusWrite(STATEFUL_SETS, set, status)] }
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
    // A pod that has ended makes room for another of its name.
    else if (hasEnded(pod) && pod.metadata.deletionTimestamp === undefined) creations.push(podDeletion(pod))
    if (!parallel && (pod === undefined || !isReady(pod))) return creations
  }
  if (creations.length > 0) return creations
  const surplus = [...byName.values()]
    .filter((pod) => !wanted.includes(pod.metadata.name ?? ""))
    .toSorted((a, b) => ordinalOf(b) - ordinalOf(a))
  // One at a time: the next goes when the one before has gone.
  const due = (parallel ? surplus : surplus.slice(0, 1)).filter((pod) => pod.metadata.deletionTimestamp === undefined)
  if (surplus.length > 0) return due.map(podDeletion)
  return set.spec.updateStrategy?.type === "OnDelete"
    ? []
    : nextOutdated(set, wanted, byName, revision).map(podDeletion)
}

/** One at a time, the last first, and each only when all behind it are well; whether it is well itself means nothing. */
function nextOutdated(
  set: StatefulSet,
  wanted: readonly string[],
  byName: ReadonlyMap<string, Pod>,
  revision: string,
): Pod[] {
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  for (const name of wanted.slice(partition).toReversed()) {
    const pod = byName.get(name)!
    if (pod.metadata.labels?.[REVISION_LABEL] !== revision && pod.metadata.deletionTimestamp === undefined) return [pod]
    if (!isReady(pod)) return []
  }
  return []
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
          labels: { ...template.metadata?.labels, ...set.spec.selector.matchLabels },
          ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
        },
        ...(template.spec === undefined ? {} : { spec: template.spec }),
      }
      return { do: "create", type: PERSISTENT_VOLUME_CLAIMS as never, object }
    })
  const claimed = new Set(templates.map((template) => template.metadata?.name))
  const volumes = [
    // The claim stands in for a volume of its name.
    ...((set.spec.template.spec["volumes"] as { name?: string }[] | undefined) ?? []).filter(
      (volume) => !claimed.has(volume.name),
    ),
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
