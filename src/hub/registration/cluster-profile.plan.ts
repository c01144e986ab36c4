import { CLUSTER_NAME_LABEL, CLUSTER_SET_LABEL, AVAILABLE, JOINED } from "#api/cluster/names.ts"
import {
  CLUSTER_PROFILES,
  PROFILE_GROUP,
  PROFILE_MANAGER,
  PROFILE_MANAGER_LABEL,
  PROFILE_SET_LABEL,
  type ClusterProfile,
} from "#api/cluster/profile.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManagedClusterSet, ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import { findCondition, isConditionTrue, setCondition } from "#apimachinery/conditions.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { asObserved, NOTHING, type Action, type Plan } from "#runtime/plan.ts"
import { membersOf } from "./cluster-set.plan.ts"

export type ObservedNamespace = {
  readonly namespace: string
  /** Those in the namespace. */
  readonly bindings: readonly ManagedClusterSetBinding[]
  readonly set: (name: string) => ManagedClusterSet | undefined
  readonly clusters: readonly ManagedCluster[]
  /** Those in the namespace, whoever made them. */
  readonly profiles: readonly ClusterProfile[]
}

const isOurs = ({ metadata }: ClusterProfile) => metadata.labels?.[PROFILE_MANAGER_LABEL] === PROFILE_MANAGER

/**
 * A profile for each cluster of the sets that are bound to the namespace. A profile of the same name that another
 * manager made stays his. Source: OCM registration/hub/clusterprofile.
 */
export function planProfiles({ namespace, bindings, set, clusters, profiles }: ObservedNamespace): Plan {
  const bound = bindings
    .filter(
      ({ status, metadata }) =>
        metadata.deletionTimestamp === undefined && isConditionTrue(status?.conditions, "Bound"),
    )
    .flatMap(({ spec }) => set(spec.clusterSet ?? "") ?? [])
    .map(membersOf)
  const wanted = new Set(
    clusters
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .filter(({ metadata }) => bound.some((isMember) => isMember(metadata.labels ?? {})))
      .map(({ metadata }) => metadata.name!),
  )
  const taken = new Set(profiles.map(({ metadata }) => metadata.name))
  const actions: Action[] = [
    ...[...wanted].filter((name) => !taken.has(name)).map((name): Action => created(namespace, name)),
    ...profiles
      .filter((profile) => isOurs(profile) && !wanted.has(profile.metadata.name!))
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map((profile): Action => {
        const key = { namespace, name: profile.metadata.name! }
        return { do: "delete", type: CLUSTER_PROFILES, key, uid: profile.metadata.uid! }
      }),
  ]
  return actions.length === 0 ? NOTHING : { actions: [{ do: "together", actions }] }
}

const created = (namespace: string, name: string): Action => ({
  do: "create",
  type: CLUSTER_PROFILES,
  object: {
    apiVersion: `${PROFILE_GROUP}/v1alpha1`,
    kind: "ClusterProfile",
    metadata: { namespace, name, labels: { [PROFILE_MANAGER_LABEL]: PROFILE_MANAGER, [CLUSTER_NAME_LABEL]: name } },
    spec: { displayName: name, clusterManager: { name: PROFILE_MANAGER } },
  } as ClusterProfile,
})

/** A profile tells what the hub knows of its cluster. One write at a time: status first, labels in the next pass. */
export function planProfile(profile: ClusterProfile, cluster: ManagedCluster | undefined, nowMs: number): Plan {
  if (cluster === undefined || !isOurs(profile) || profile.spec.clusterManager.name !== PROFILE_MANAGER) return NOTHING
  if (profile.metadata.deletionTimestamp !== undefined) return NOTHING
  const { namespace, name } = profile.metadata
  const write = (patch: Record<string, unknown>, subresource?: "status"): Plan => ({
    actions: [
      {
        do: "patch",
        type: CLUSTER_PROFILES,
        key: { namespace: namespace!, name: name! },
        patch,
        ...(subresource === undefined ? {} : { subresource }),
        ...asObserved(profile),
      },
    ],
  })
  const status = changedStatus(profile, cluster, nowMs)
  if (Object.keys(status).length > 0) return write({ status }, "status")
  const labels = {
    [PROFILE_MANAGER_LABEL]: PROFILE_MANAGER,
    [PROFILE_SET_LABEL]: cluster.metadata.labels?.[CLUSTER_SET_LABEL] ?? "",
    [CLUSTER_NAME_LABEL]: cluster.metadata.name!,
  }
  const differing = Object.entries(labels).filter(([key, value]) => profile.metadata.labels?.[key] !== value)
  return differing.length === 0 ? NOTHING : write({ metadata: { labels: Object.fromEntries(differing) } })
}

/** The conditions of a cluster that a profile tells, by the names that they have there. */
const CONDITIONS = [
  [AVAILABLE, "ControlPlaneHealthy"],
  [JOINED, "Joined"],
] as const

function changedStatus(
  profile: ClusterProfile,
  { status = {} }: ManagedCluster,
  nowMs: number,
): Record<string, unknown> {
  const before = profile.status ?? {}
  let conditions = before.conditions ?? []
  for (const [from, type] of CONDITIONS) {
    const found = findCondition(status.conditions, from)
    if (found === undefined) continue
    const { reason, message, status: is } = found
    conditions = setCondition(conditions, { type, status: is, reason, message: message ?? "" }, nowMs)
  }
  const properties = (status.clusterClaims ?? []).map(({ name, value }) => ({ name, value }))
  const kubernetes = status.version?.kubernetes ?? ""
  return {
    ...(kubernetes === (before.version?.kubernetes ?? "") ? {} : { version: { kubernetes } }),
    ...(deepEqual(before.properties ?? [], properties) ? {} : { properties }),
    ...(deepEqual(before.conditions ?? [], conditions) ? {} : { conditions }),
  }
}
