import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import type { Namespace } from "#api/kubernetes/core.ts"
import type { ClusterRole, RoleBinding } from "#api/kubernetes/rbac.ts"
import type { ManifestWork } from "#api/work/v1.ts"

/** What is there of one cluster on the hub. */
export type ObservedCluster = {
  readonly cluster: ManagedCluster
  readonly namespace: Namespace | undefined
  readonly clusterRole: ClusterRole | undefined
  readonly clusterRoleBinding: RoleBinding | undefined
  readonly registrationBinding: RoleBinding | undefined
  readonly workBinding: RoleBinding | undefined
  /** The tombstones under this name. */
  readonly detached: Lease | undefined
  readonly detachedBinding: RoleBinding | undefined
  readonly works: readonly ManifestWork[]
  readonly options: AcceptOptions
  readonly nowMs: number
}

export type AcceptOptions = {
  /** Let every cluster in, once (feature gate ManagedClusterAutoApproval). */
  readonly autoAccept: boolean
  /** A cluster in no set is in `default` (feature gate DefaultClusterSet). */
  readonly defaultSet: boolean
  /** Take away the works of a cluster that is deleted (feature gate ResourceCleanup). */
  readonly cleanUp: boolean
}
