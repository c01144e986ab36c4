import { DAEMON_SETS, type DaemonSet } from "#api/kubernetes/apps.ts"
import type { Node, Pod } from "#api/kubernetes/core.ts"
import type { Action, Plan } from "#runtime/plan.ts"
import {
  isActive,
  isReady,
  newestFirst,
  podCreation,
  podDeletion,
  resolveCount,
  statusWrite,
  templateHash,
} from "./pods.ts"

const HASH_LABEL = "controller-revision-hash"

/** One pod on every node that the template's node selector matches. */
export function planDaemonSet(set: DaemonSet, pods: readonly Pod[], nodes: readonly Node[]): Plan {
  const hash = templateHash(set.spec.template)
  const selector = Object.entries(set.spec.template.spec.nodeSelector ?? {})
  const wanted = new Set(
    nodes
      .filter((node) => selector.every(([key, value]) => node.metadata.labels?.[key] === value))
      .map((node) => node.metadata.name ?? ""),
  )
  // The oldest of a node is the one that counts.
  const byNode = new Map(
    pods
      .filter(isActive)
      .toSorted(newestFirst)
      .map((pod) => [pod.spec.nodeName ?? "", pod]),
  )
  const placed = [...wanted].map((node) => byNode.get(node)).filter((pod) => pod !== undefined)
  const writes = set.metadata.deletionTimestamp === undefined ? podWrites(set, { pods, placed, wanted, hash }) : []
  return {
    actions: [
      ...(writes.length === 0 ? [] : [{ do: "together" as const, actions: writes }]),
      ...statusWrite(DAEMON_SETS, set, statusOf(set, { placed, strays: byNode.size - placed.length, wanted, hash })),
    ],
  }
}

type Placed = {
  /** One for each node that is wanted and has one. */
  readonly placed: readonly Pod[]
  readonly wanted: ReadonlySet<string>
  readonly hash: string
}

function podWrites(
  set: DaemonSet,
  { pods, placed, wanted, hash }: Placed & { readonly pods: readonly Pod[] },
): Action[] {
  // A pod that leaves or has ended holds its node until it is gone.
  const taken = new Set(pods.map((pod) => pod.spec.nodeName ?? ""))
  const creations = [...wanted]
    .filter((node) => !taken.has(node))
    .map((nodeName) => podCreation(set, set.spec.template, { nodeName, labels: { [HASH_LABEL]: hash } }))
  const removals = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !placed.includes(pod))
  const writes = [...creations, ...removals.map(podDeletion)]
  return writes.length > 0 ? writes : replaceOutdated(set, { placed, wanted, hash })
}

/** Who is not well goes at once: it serves nobody. Of the others as many as may be missing. */
function replaceOutdated(set: DaemonSet, { placed, wanted, hash }: Placed): Action[] {
  if (set.spec.updateStrategy?.type === "OnDelete") return []
  const { maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {}
  const allowed = Math.max(1, resolveCount(maxUnavailable, 1, wanted.size, Math.ceil))
  const missing = wanted.size - placed.filter(isReady).length
  const outdated = placed.filter((pod) => pod.metadata.labels?.[HASH_LABEL] !== hash)
  const spare = outdated.filter(isReady).slice(0, Math.max(0, allowed - missing))
  return [...outdated.filter((pod) => !isReady(pod)), ...spare].map(podDeletion)
}

function statusOf(
  set: DaemonSet,
  { placed, strays, wanted, hash }: Placed & { readonly strays: number },
): NonNullable<DaemonSet["status"]> {
  const ready = placed.filter(isReady).length
  return {
    currentNumberScheduled: placed.length,
    numberMisscheduled: strays,
    desiredNumberScheduled: wanted.size,
    numberReady: ready,
    observedGeneration: set.metadata.generation ?? 0,
    updatedNumberScheduled: placed.filter((pod) => pod.metadata.labels?.[HASH_LABEL] === hash).length,
    numberAvailable: ready,
    numberUnavailable: wanted.size - ready,
  }
}
