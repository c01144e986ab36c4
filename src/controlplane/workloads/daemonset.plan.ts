import { DAEMON_SETS, type DaemonSet } from "#api/kubernetes/apps.ts"
import type { Node, Pod } from "#api/kubernetes/core.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import { isActive, isReady, podCreation, podDeletion, resolveCount, templateHash } from "./pods.ts"

const HASH_LABEL = "controller-revision-hash"

/** One pod on every node that the template's node selector matches. */
export function planDaemonSet(set: DaemonSet, pods: readonly Pod[], nodes: readonly Node[]): Plan {
  const hash = templateHash(set.spec.template)
  const selector = Object.entries(set.spec.template.spec.nodeSelector ?? {})
  const wanted = nodes
    .filter((node) => selector.every(([key, value]) => node.metadata.labels?.[key] === value))
    .map((node) => node.metadata.name ?? "")
  const active = pods.filter(isActive)
  const byNode = new Map(active.map((pod) => [pod.spec.nodeName ?? "", pod]))
  const actions: Action[] = []
  if (set.metadata.deletionTimestamp === undefined) {
    const creations = wanted
      .filter((node) => !byNode.has(node))
      .map((nodeName) => podCreation(set, set.spec.template, { nodeName, labels: { [HASH_LABEL]: hash } }))
    const strays = active.filter((pod) => !wanted.includes(pod.spec.nodeName ?? ""))
    const writes = [
      ...creations,
      ...strays.map(podDeletion),
      ...(creations.length > 0 ? [] : replaceOutdated(set, active, hash, wanted.length)),
    ]
    if (writes.length > 0) actions.push({ do: "together", actions: writes })
  }
  const status = statusOf(set, active, hash, wanted)
  if (!deepEqual(status, set.status)) {
    const { name = "", namespace = "" } = set.metadata
    actions.push({
      do: "patch",
      type: DAEMON_SETS as never,
      key: { namespace, name },
      patch: { status },
      subresource: "status",
    })
  }
  return { actions }
}

function replaceOutdated(set: DaemonSet, active: readonly Pod[], hash: string, wanted: number): Action[] {
  if (set.spec.updateStrategy?.type === "OnDelete") return []
  const allowed = Math.max(
    1,
    resolveCount(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable, 1, wanted, Math.ceil),
  )
  const missing = wanted - active.filter(isReady).length
  const outdated = active.filter((pod) => pod.metadata.labels?.[HASH_LABEL] !== hash)
  return outdated.slice(0, Math.max(0, allowed - missing)).map(podDeletion)
}

function statusOf(
  set: DaemonSet,
  active: readonly Pod[],
  hash: string,
  wanted: readonly string[],
): NonNullable<DaemonSet["status"]> {
  const placed = active.filter((pod) => wanted.includes(pod.spec.nodeName ?? ""))
  const ready = placed.filter(isReady).length
  return {
    currentNumberScheduled: placed.length,
    numberMisscheduled: active.length - placed.length,
    desiredNumberScheduled: wanted.length,
    numberReady: ready,
    observedGeneration: set.metadata.generation ?? 0,
    updatedNumberScheduled: placed.filter((pod) => pod.metadata.labels?.[HASH_LABEL] === hash).length,
    numberAvailable: ready,
    numberUnavailable: wanted.length - ready,
  }
}
