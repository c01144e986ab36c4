import { createHash } from "node:crypto"
import type { PlacementDecision } from "#api/cluster/v1beta1.ts"
import { DECISION_GROUP_INDEX_LABEL } from "#api/cluster/names.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { MANIFEST_WORK_REPLICA_SETS, type ManifestWorkReplicaSet } from "#api/work/v1alpha1.ts"
import {
  DRIFT_ANNOTATION,
  PLACEMENT_NAME_LABEL,
  REPLICA_SET_FINALIZER,
  REPLICA_SET_LABEL,
  WORK_APPLIED,
  WORK_AVAILABLE,
} from "#api/work/names.ts"
import { findCondition, setCondition, type Condition } from "#apimachinery/conditions.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { planRollout, type RolloutState } from "#rollout/rollout.ts"
import { asObserved, type Action, type Plan } from "#runtime/plan.ts"

export type ObservedReplicaSet = {
  readonly replicaSet: ManifestWorkReplicaSet
  /** By placement name; absent when there is no such Placement. */
  readonly decisions: ReadonlyMap<string, readonly PlacementDecision[] | undefined>
  /** The works that carry this replica set's label. */
  readonly works: readonly ManifestWork[]
  readonly nowMs: number
}

/** One ManifestWork in the namespace of every selected cluster, and the status that counts them. */
export function planReplicaSet(observed: ObservedReplicaSet): Plan {
  const { replicaSet } = observed
  if (replicaSet.metadata.deletionTimestamp !== undefined) return planDeletion(observed)
  if (!(replicaSet.metadata.finalizers ?? []).includes(REPLICA_SET_FINALIZER)) {
    return {
      actions: [finalizersPatch(replicaSet, [...(replicaSet.metadata.finalizers ?? []), REPLICA_SET_FINALIZER])],
    }
  }
  const missing = [...observed.decisions].filter(([, decisions]) => decisions === undefined).map(([name]) => name)
  if (missing.length > 0) {
    // A Placement that is not there may be on its way: nothing is taken away on such a doubt.
    const status = withConditions(observed, [placementMissing(missing)])
    return { actions: statusPatch(replicaSet, status), why: [`waits for placement ${missing.join(", ")}`] }
  }
  const unsupported = unsupportedStrategy(replicaSet)
  if (unsupported !== undefined) {
    return {
      actions: statusPatch(replicaSet, withConditions(observed, [placementNotAsExpected(unsupported)])),
      why: [unsupported],
    }
  }
  const wanted = wantedWorks(observed)
  const { writes, current } = planWorks(observed, wanted)
  const together: Action[] = writes.length === 0 ? [] : [{ do: "together", actions: writes }]
  return { actions: [...together, ...statusPatch(replicaSet, statusOf(observed, wanted, current))] }
}

function planDeletion({ replicaSet, works }: ObservedReplicaSet): Plan {
  const finalizers = replicaSet.metadata.finalizers ?? []
  if (!finalizers.includes(REPLICA_SET_FINALIZER)) return { actions: [] }
  const removals = works.filter((w) => w.metadata.deletionTimestamp === undefined).map(removal)
  const foreground = replicaSet.spec.cascadeDeletionPolicy === "Foreground"
  const deletions: Action[] = removals.length === 0 ? [] : [{ do: "together", actions: removals }]
  if (foreground && works.length > 0)
    return { actions: deletions, why: [`waits for ${works.length} ManifestWorks to go`] }
  return {
    actions: [
      ...deletions,
      finalizersPatch(
        replicaSet,
        finalizers.filter((f) => f !== REPLICA_SET_FINALIZER),
      ),
    ],
  }
}

type WantedWork = { readonly cluster: string; readonly placement: string; readonly group: number }

/** The first placementRef that selects a cluster has it. */
function wantedWorks({ replicaSet, decisions }: ObservedReplicaSet): ReadonlyMap<string, WantedWork> {
  const wanted = new Map<string, WantedWork>()
  for (const { name } of replicaSet.spec.placementRefs) {
    for (const decision of decisions.get(name) ?? []) {
      const group = Number(decision.metadata.labels?.[DECISION_GROUP_INDEX_LABEL] ?? 0)
      for (const { clusterName } of decision.status?.decisions ?? []) {
        if (clusterName !== "" && !wanted.has(clusterName))
          wanted.set(clusterName, { cluster: clusterName, placement: name, group })
      }
    }
  }
  return wanted
}

/** @returns the writes, and the works by cluster that are as the template wants them */
function planWorks(
  { replicaSet, works }: ObservedReplicaSet,
  wanted: ReadonlyMap<string, WantedWork>,
): { writes: Action[]; current: ReadonlyMap<string, ManifestWork> } {
  const byCluster = new Map<string, ManifestWork>()
  const writes: Action[] = []
  for (const work of works) {
    const cluster = work.metadata.namespace ?? ""
    if (wanted.has(cluster) && !byCluster.has(cluster)) byCluster.set(cluster, work)
    else if (work.metadata.deletionTimestamp === undefined) writes.push(removal(work))
  }
  const states = new Map([...wanted.keys()].map((cluster) => [cluster, "ToApply" as RolloutState]))
  const rollout = planRollout({ type: "All" }, states)
  const current = new Map<string, ManifestWork>()
  for (const cluster of "rollOut" in rollout ? rollout.rollOut : []) {
    const work = byCluster.get(cluster)
    const desired = newWork(replicaSet, wanted.get(cluster)!)
    if (work === undefined) writes.push({ do: "create", type: MANIFEST_WORKS, object: desired })
    else if (work.metadata.deletionTimestamp !== undefined) continue
    else if (!matches(work, desired)) writes.push(change(work, desired))
    else current.set(cluster, work)
  }
  return { writes, current }
}

/** A name that is the same however often it is computed, so that a repeated create cannot make a second work. */
export function workName(replicaSet: ManifestWorkReplicaSet): string {
  const suffix = createHash("sha256")
    .update(replicaSet.metadata.uid ?? "")
    .digest("hex")
    .slice(0, 5)
  return `${replicaSet.metadata.name}${suffix}`
}

/** The value of the label by which works are found: `NAMESPACE.NAME`. */
export function replicaSetLabel(replicaSet: ManifestWorkReplicaSet): string {
  return `${replicaSet.metadata.namespace}.${replicaSet.metadata.name}`
}

/** Said once for all works; a work of a replica set that says nothing may have one of its own. */
function driftMode({ metadata }: ManifestWorkReplicaSet): Record<string, string> | undefined {
  const mode = metadata.annotations?.[DRIFT_ANNOTATION]
  return mode === undefined ? undefined : { [DRIFT_ANNOTATION]: mode }
}

function newWork(replicaSet: ManifestWorkReplicaSet, wanted: WantedWork): ManifestWork {
  const annotations = driftMode(replicaSet)
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: {
      name: workName(replicaSet),
      namespace: wanted.cluster,
      labels: {
        ...replicaSet.metadata.labels,
        [REPLICA_SET_LABEL]: replicaSetLabel(replicaSet),
        [PLACEMENT_NAME_LABEL]: wanted.placement,
      },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: replicaSet.spec.manifestWorkTemplate,
  }
}

function matches(work: ManifestWork, desired: ManifestWork): boolean {
  const has = (field: "labels" | "annotations") =>
    Object.entries(desired.metadata[field] ?? {}).every(([key, value]) => work.metadata[field]?.[key] === value)
  return has("labels") && has("annotations") && deepEqual(withDefaults(work.spec), withDefaults(desired.spec))
}

/** What the API server fills into a work's spec, so that a template without it is not taken for a change. */
function withDefaults(spec: ManifestWork["spec"]): unknown {
  return {
    ...spec,
    ...(spec.deleteOption === undefined
      ? {}
      : { deleteOption: { propagationPolicy: "Foreground", ...spec.deleteOption } }),
  }
}

const annotationsOf = ({ metadata: { annotations } }: ManifestWork) =>
  annotations === undefined ? {} : { annotations }

function change(work: ManifestWork, desired: ManifestWork): Action {
  const spec = { ...Object.fromEntries(Object.keys(work.spec).map((key) => [key, null])), ...desired.spec }
  return {
    do: "patch",
    type: MANIFEST_WORKS,
    key: { namespace: work.metadata.namespace ?? "", name: work.metadata.name ?? "" },
    patch: { metadata: { labels: desired.metadata.labels ?? {}, ...annotationsOf(desired) }, spec },
    ...asObserved(work),
  }
}

function removal(work: ManifestWork): Action {
  return {
    do: "delete",
    type: MANIFEST_WORKS,
    key: { namespace: work.metadata.namespace ?? "", name: work.metadata.name ?? "" },
    ...(work.metadata.uid === undefined ? {} : { uid: work.metadata.uid }),
  }
}

function finalizersPatch(replicaSet: ManifestWorkReplicaSet, finalizers: readonly string[]): Action {
  return {
    do: "patch",
    type: MANIFEST_WORK_REPLICA_SETS,
    key: { namespace: replicaSet.metadata.namespace ?? "", name: replicaSet.metadata.name ?? "" },
    patch: { metadata: { finalizers: finalizers.length === 0 ? null : finalizers } },
    ...asObserved(replicaSet),
  }
}

function unsupportedStrategy(replicaSet: ManifestWorkReplicaSet): string | undefined {
  for (const ref of replicaSet.spec.placementRefs) {
    const result = planRollout(ref.rolloutStrategy, new Map())
    if ("unsupported" in result) {
      return `rolloutStrategy ${result.unsupported} of placementRef "${ref.name}" is not supported by this version of Hawser, want All`
    }
  }
  return undefined
}

type Status = NonNullable<ManifestWorkReplicaSet["status"]>
type NewCondition = Omit<Condition, "lastTransitionTime">

function statusOf(
  observed: ObservedReplicaSet,
  wanted: ReadonlyMap<string, WantedWork>,
  current: ReadonlyMap<string, ManifestWork>,
): Status {
  const { replicaSet } = observed
  const summaries = replicaSet.spec.placementRefs.map(({ name }) => {
    const own = [...wanted.values()].filter((w) => w.placement === name)
    const works = own.map((w) => current.get(w.cluster)).filter((w) => w !== undefined)
    const summary = summarise(works)
    const groups = new Set(
      (observed.decisions.get(name) ?? []).map((d) => d.metadata.labels?.[DECISION_GROUP_INDEX_LABEL] ?? "0"),
    )
    return {
      name,
      availableDecisionGroups: `${groups.size} (${works.length} / ${own.length} clusters applied)`,
      summary: { ...summary, total: own.length },
    }
  })
  const total = summarise([...current.values()])
  const done = current.size === wanted.size && [...current.values()].every(isRolledOut)
  const status = withConditions(observed, [
    wanted.size === 0
      ? condition(
          "PlacementVerified",
          "False",
          "PlacementDecisionEmpty",
          `no cluster is selected by ${placementNames(replicaSet)}`,
        )
      : condition("PlacementVerified", "True", "AsExpected", ""),
    done
      ? condition("PlacementRolledOut", "True", "Complete", "")
      : condition(
          "PlacementRolledOut",
          "False",
          "Progressing",
          `${[...current.values()].filter(isRolledOut).length} of ${wanted.size} clusters done`,
        ),
    appliedCondition(wanted.size, total),
  ])
  return { ...status, summary: { ...total, total: wanted.size }, placementSummary: summaries }
}

type Summary = { total: number; applied: number; available: number; degraded: number; progressing: number }

function summarise(works: readonly ManifestWork[]): Summary {
  const count = (type: string) => works.filter((w) => isTrueNow(w, type)).length
  return {
    total: works.length,
    applied: count(WORK_APPLIED),
    available: count(WORK_AVAILABLE),
    degraded: count("Degraded"),
    progressing: count("Progressing"),
  }
}

/** A condition counts only when it speaks of the work's present generation. */
function isTrueNow(work: ManifestWork, type: string): boolean {
  const found = findCondition(work.status?.conditions ?? [], type)
  return (
    found?.status === "True" &&
    (found.observedGeneration === undefined || found.observedGeneration === work.metadata.generation)
  )
}

/** Applied, and not progressing nor degraded where rules for that exist; upstream waits for a rule for ever. */
function isRolledOut(work: ManifestWork): boolean {
  return isTrueNow(work, WORK_APPLIED) && !isTrueNow(work, "Progressing") && !isTrueNow(work, "Degraded")
}

function appliedCondition(wanted: number, total: Summary): NewCondition {
  if (wanted === 0) return condition("ManifestworkApplied", "False", "PlacementDecisionEmpty", "")
  if (total.available === wanted && total.degraded === 0 && total.progressing === 0) {
    return condition("ManifestworkApplied", "True", "AsExpected", "")
  }
  if (total.degraded > 0)
    return condition("ManifestworkApplied", "False", "NotAsExpected", `${total.degraded} ManifestWorks are degraded`)
  return condition(
    "ManifestworkApplied",
    "False",
    "Processing",
    `${total.available} of ${wanted} ManifestWorks are available`,
  )
}

const condition = (type: string, status: "True" | "False", reason: string, message: string): NewCondition => ({
  type,
  status,
  reason,
  message,
})
const placementMissing = (names: readonly string[]) =>
  condition("PlacementVerified", "False", "PlacementDecisionNotFound", `Cannot find placement ${names.join(", ")}`)
const placementNotAsExpected = (why: string) => condition("PlacementVerified", "False", "NotAsExpected", why)
const placementNames = (replicaSet: ManifestWorkReplicaSet) =>
  replicaSet.spec.placementRefs.map((r) => r.name).join(", ")

function withConditions({ replicaSet, nowMs }: ObservedReplicaSet, conditions: readonly NewCondition[]): Status {
  const observedGeneration = replicaSet.metadata.generation
  let all: readonly Condition[] = replicaSet.status?.conditions ?? []
  for (const c of conditions)
    all = setCondition(all, observedGeneration === undefined ? c : { ...c, observedGeneration }, nowMs)
  return { ...replicaSet.status, conditions: [...all] }
}

function statusPatch(replicaSet: ManifestWorkReplicaSet, status: Status): Action[] {
  if (deepEqual(status, replicaSet.status)) return []
  return [
    {
      do: "patch",
      type: MANIFEST_WORK_REPLICA_SETS,
      key: { namespace: replicaSet.metadata.namespace ?? "", name: replicaSet.metadata.name ?? "" },
      patch: { status },
      subresource: "status",
      ...asObserved(replicaSet),
    },
  ]
}
