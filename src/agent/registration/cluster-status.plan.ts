import { isConditionFalse, isConditionTrue, setCondition } from "#apimachinery/conditions.ts"
import type { Condition, NewCondition } from "#apimachinery/conditions.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { parseQuantity } from "#apimachinery/quantity.ts"
import type { Quantity } from "#apimachinery/quantity.ts"
import type { Node } from "#api/kubernetes/core.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import type { ClusterClaim } from "#api/cluster/v1alpha1.ts"
import type { ClusterProperty } from "#api/cluster/property.ts"
import { AVAILABLE, CLOCK_SYNCED, HUB_ACCEPTED, JOINED } from "#api/cluster/names.ts"
import type { Plan } from "#runtime/plan.ts"
import { reportNamespaces, type NamespaceOutcomes } from "./managed-namespace.plan.ts"

/** What the member's API server said of itself. */
export type MemberHealth =
  | { readonly ok: true }
  /** `sinceMs`: when the failures in a row began. */
  | { readonly ok: false; readonly sinceMs: number; readonly message: string }

/** A claim, or a property, which is one for other tools too. */
export type SaidOfItself = ClusterClaim | ClusterProperty

export type ObservedCluster = {
  readonly cluster: ManagedCluster
  /** undefined: not asked yet. */
  readonly health: MemberHealth | undefined
  /** As /version says; undefined when it could not be read. */
  readonly version: string | undefined
  /** undefined when they are not known: then what is reported of them stays. */
  readonly nodes: readonly Node[] | undefined
  readonly claims: readonly SaidOfItself[] | undefined
  /** The outcome of the last rotation, when there is one to tell. */
  readonly rotation: NewCondition | undefined
  /** What became of the namespaces that the hub wants here, where that is known. */
  readonly namespaces?: NamespaceOutcomes | undefined
  readonly nowMs: number
}

/** How long the member's API server has to fail before the cluster is called unavailable. Source: OCM. */
export const FAILURE_MS = 20_000

type Status = NonNullable<ManagedCluster["status"]>

/**
 * The one status write that tells the hub how the cluster is; none when it knows. The write names the version it was
 * planned from, because a merge patch replaces the list of conditions, in which the hub has its own.
 */
export function planClusterStatus(observed: ObservedCluster): Plan {
  const { cluster, health, nowMs } = observed
  const before = cluster.status ?? {}
  if (!isConditionTrue(before.conditions, HUB_ACCEPTED)) return { actions: [], why: ["waits for the hub's acceptance"] }
  // What a clock that is off says would look like news from the past or the future.
  if (isConditionFalse(before.conditions, CLOCK_SYNCED)) {
    return { actions: [], why: ["nothing is reported: the clocks of hub and cluster differ too much"] }
  }
  let conditions: readonly Condition[] = before.conditions ?? []
  const set = (condition: NewCondition) => (conditions = setCondition(conditions, condition, nowMs))
  if (!isConditionTrue(conditions, JOINED)) set(JOINED_CONDITION)
  const judged = judgeHealth(health, nowMs)
  if (judged.condition) set(judged.condition)
  if (observed.rotation) set(observed.rotation)
  // While its API server fails, what was read of the member before is the best that is known.
  const read = health?.ok ? readStatus(before, observed) : {}
  const wanted = before.managedNamespaces
  const told =
    observed.namespaces === undefined || wanted === undefined
      ? {}
      : { managedNamespaces: reportNamespaces(wanted, observed.namespaces, nowMs) }
  const patch = changedFields(before, { ...read, ...told, conditions: [...conditions] })
  const requeue = judged.waitMs === undefined ? {} : { requeueAfterMs: judged.waitMs }
  if (Object.keys(patch).length === 0) return { actions: [], ...requeue }
  const { name, uid, resourceVersion } = cluster.metadata
  return {
    actions: [
      {
        do: "patch",
        type: MANAGED_CLUSTERS,
        key: { name: name! },
        patch: { status: patch },
        subresource: "status",
        uid: uid!,
        resourceVersion: resourceVersion!,
      },
    ],
    ...requeue,
  }
}

const JOINED_CONDITION: NewCondition = {
  type: JOINED,
  status: "True",
  reason: "ManagedClusterJoined",
  message: "Managed cluster joined",
}

function judgeHealth(
  health: MemberHealth | undefined,
  nowMs: number,
): { readonly condition?: NewCondition; readonly waitMs?: number } {
  if (health === undefined) return {}
  if (health.ok) {
    const message = "Managed cluster is available"
    return { condition: { type: AVAILABLE, status: "True", reason: "ManagedClusterAvailable", message } }
  }
  const leftMs = health.sinceMs + FAILURE_MS - nowMs
  if (leftMs > 0) return { waitMs: leftMs }
  const reason = "ManagedClusterKubeAPIServerUnavailable"
  return { condition: { type: AVAILABLE, status: "False", reason, message: health.message } }
}

function readStatus(before: Status, { version, nodes, claims }: ObservedCluster): Partial<Status> {
  return {
    ...(version === undefined ? {} : { version: { kubernetes: version } }),
    ...(nodes === undefined
      ? {}
      : {
          // Others may report capacities of their own: what we do not know stays.
          capacity: { ...before.capacity, ...sumResources(nodes.map((node) => node.status?.capacity)) },
          allocatable: sumResources(
            nodes.filter((node) => !node.spec?.unschedulable).map((node) => node.status?.allocatable),
          ),
        }),
    ...(claims === undefined ? {} : { clusterClaims: [...selectClaims(claims)] }),
  }
}

/** A merge patch of the fields that differ; keys that left a map are null. */
function changedFields(before: Status, after: Partial<Status>): Record<string, unknown> {
  const patch: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(after)) {
    const old = before[field as keyof Status]
    if (deepEqual(old ?? empty(value), value)) continue
    patch[field] =
      field === "allocatable" ? { ...removals(before.allocatable, after.allocatable), ...after.allocatable } : value
  }
  return patch
}

const empty = (value: unknown): unknown => (Array.isArray(value) ? [] : {})

function removals(old: object = {}, value: object = {}): Record<string, null> {
  return Object.fromEntries(
    Object.keys(old)
      .filter((key) => !(key in value))
      .map((key) => [key, null]),
  )
}

function sumResources(lists: readonly (Record<string, string> | undefined)[]): Record<string, string> {
  const sums = new Map<string, Quantity>()
  for (const list of lists) {
    for (const [name, text] of Object.entries(list ?? {})) {
      const sum = sums.get(name)
      const amount = parseQuantity(text)
      sums.set(name, sum === undefined ? amount : sum.add(amount))
    }
  }
  return Object.fromEntries([...sums].map(([name, sum]) => [name, sum.toString()]))
}

/** Names that are always told. Source: OCM api cluster/v1alpha1, ReservedClusterClaimNames. */
const RESERVED_CLAIMS = new Set([
  "id.k8s.io",
  "kubeversion.open-cluster-management.io",
  "platform.open-cluster-management.io",
  "product.open-cluster-management.io",
])

/** What the hub takes as a claim. Properties may be longer; one that is must not keep all else from being told. */
const VALUE_LENGTH_MAX = 1024

/** Custom claims that are told: the first by name. Source: OCM, max-custom-cluster-claims. */
const CUSTOM_CLAIMS_MAX = 20

const SPOKE_ONLY_LABEL = "open-cluster-management.io/spoke-only"

function selectClaims(claims: readonly SaidOfItself[]): readonly { name: string; value: string }[] {
  const told = claims
    .filter(({ metadata }) => metadata.labels?.[SPOKE_ONLY_LABEL] === undefined)
    .flatMap(({ metadata, spec }) => (spec?.value === undefined ? [] : [{ name: metadata.name!, value: spec.value }]))
    .filter(({ value }) => value.length <= VALUE_LENGTH_MAX)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const custom = told.filter(({ name }) => !RESERVED_CLAIMS.has(name))
  return [...told.filter(({ name }) => RESERVED_CLAIMS.has(name)), ...custom.slice(0, CUSTOM_CLAIMS_MAX)]
}
