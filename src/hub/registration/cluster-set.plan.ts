import {
  AUTO_UPDATE_ANNOTATION,
  CLUSTER_GROUP,
  CLUSTER_SET_LABEL,
  DEFAULT_CLUSTER_SET,
  GLOBAL_CLUSTER_SET,
} from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import {
  MANAGED_CLUSTER_SET_BINDINGS,
  MANAGED_CLUSTER_SETS,
  type ManagedClusterSet,
  type ManagedClusterSetBinding,
} from "#api/cluster/v1beta2.ts"
import type { Condition } from "#api/schema/metav1.ts"
import { setCondition } from "#apimachinery/conditions.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import { asObserved, NOTHING, type Action, type Plan } from "#runtime/plan.ts"

type ClusterSelector = ManagedClusterSet["spec"]["clusterSelector"]

const BUILT_IN: ReadonlyMap<string, ClusterSelector> = new Map<string, ClusterSelector>([
  [DEFAULT_CLUSTER_SET, { selectorType: "ExclusiveClusterSetLabel" }],
  [GLOBAL_CLUSTER_SET, { selectorType: "LabelSelector", labelSelector: {} }],
])

export const BUILT_IN_SETS: readonly string[] = [...BUILT_IN.keys()]

/** The sets `default` and `global` are there and select what they should, unless somebody opted out. */
export function planBuiltInSet(name: string, found: ManagedClusterSet | undefined): Plan {
  const clusterSelector = BUILT_IN.get(name)
  if (clusterSelector === undefined) return NOTHING
  if (found === undefined) {
    const object = {
      apiVersion: `${CLUSTER_GROUP}/v1beta2`,
      kind: "ManagedClusterSet",
      metadata: { name },
      spec: { clusterSelector },
    }
    return { actions: [{ do: "create", type: MANAGED_CLUSTER_SETS as never, object }] }
  }
  if (
    found.metadata.deletionTimestamp !== undefined ||
    found.metadata.annotations?.[AUTO_UPDATE_ANNOTATION] === "false"
  )
    return NOTHING
  if (deepEqual(withDefaults(found.spec.clusterSelector), withDefaults(clusterSelector))) return NOTHING
  // An empty selector does not empty the one that is there: a merge patch takes away only what it names.
  const labelSelector = "labelSelector" in clusterSelector ? { matchLabels: null, matchExpressions: null } : null
  const patch = { spec: { clusterSelector: { ...clusterSelector, labelSelector } } }
  return { actions: [{ do: "patch", type: MANAGED_CLUSTER_SETS as never, key: { name }, patch, ...asObserved(found) }] }
}

const withDefaults = (selector: ClusterSelector | undefined) =>
  selector?.selectorType === "LabelSelector"
    ? { labelSelector: {}, ...selector }
    : { selectorType: "ExclusiveClusterSetLabel" }

/** Whether anybody is in the set. */
export function planClusterSet(set: ManagedClusterSet, clusters: readonly ManagedCluster[], nowMs: number): Plan {
  if (set.metadata.deletionTimestamp !== undefined) return NOTHING
  const isMember = membersOf(set)
  const members = clusters.filter((cluster) => isMember(cluster.metadata.labels ?? {})).length
  const condition =
    members === 0
      ? {
          type: "ClusterSetEmpty",
          status: "True" as const,
          reason: "NoClusterMatched",
          message: "No ManagedCluster selected",
        }
      : {
          type: "ClusterSetEmpty",
          status: "False" as const,
          reason: "ClustersSelected",
          message: `${members} ManagedClusters selected`,
        }
  return { actions: statusPatch(MANAGED_CLUSTER_SETS as never, set, condition, nowMs) }
}

/** By the set's label, or by its selector; one of the latter kind without a selector has no members. */
export function membersOf(set: ManagedClusterSet): (labels: Readonly<Record<string, string>>) => boolean {
  const { selectorType, labelSelector } = set.spec.clusterSelector
  if (selectorType !== "LabelSelector") return (labels) => labels[CLUSTER_SET_LABEL] === set.metadata.name
  const selector = labelSelectorOf(labelSelector)
  return (labels) => selector.matches(labels)
}

/** Whether the set that a binding names is there. */
export function planBinding(
  binding: ManagedClusterSetBinding,
  set: ManagedClusterSet | undefined,
  nowMs: number,
): Plan {
  if (binding.metadata.deletionTimestamp !== undefined) return NOTHING
  const condition =
    set === undefined || set.metadata.deletionTimestamp !== undefined
      ? { type: "Bound", status: "False" as const, reason: "ClusterSetNotFound", message: "" }
      : { type: "Bound", status: "True" as const, reason: "ClusterSetBound", message: "" }
  return { actions: statusPatch(MANAGED_CLUSTER_SET_BINDINGS as never, binding, condition, nowMs) }
}

function statusPatch(
  type: Extract<Action, { do: "patch" }>["type"],
  object: ManagedClusterSet | ManagedClusterSetBinding,
  condition: Omit<Condition, "lastTransitionTime">,
  nowMs: number,
): Action[] {
  const before = object.status?.conditions ?? []
  const conditions = setCondition(before, condition, nowMs)
  if (deepEqual(before, conditions)) return []
  const { name = "", namespace } = object.metadata
  const key = namespace === undefined ? { name } : { namespace, name }
  return [{ do: "patch", type, key, patch: { status: { conditions } }, subresource: "status", ...asObserved(object) }]
}
