import type { Runtime } from "#runtime/controller.ts"
import { startAccept } from "./accept.controller.ts"
import { startBoundTokens } from "./bound-token.controller.ts"
import { countClusters } from "./cluster-metrics.ts"
import { startClusterProfiles } from "./cluster-profile.controller.ts"
import { startClusterSets } from "./cluster-set.controller.ts"
import { startCsrApproval } from "./csr.controller.ts"
import { BOOTSTRAP_GROUPS } from "./csr.plan.ts"
import type { Hub } from "./hub.ts"
import { startManagedNamespaces } from "./managed-namespace.controller.ts"
import { startTombstones } from "./tombstone.controller.ts"
import { startLease } from "./lease.controller.ts"

export type RegistrationOptions = {
  /** Gate ManagedClusterAutoApproval: let every cluster in by itself. */
  readonly autoApproval: boolean
  /** Users whose first certificate request is approved. */
  readonly autoApproveUsers: readonly string[]
  /** Approve the first request of everybody who came with a token of the hub's. */
  readonly autoApproveBootstrap: boolean
  /** Gate DefaultClusterSet. */
  readonly builtInSets: boolean
  /** Gate ClusterProfile; its kind must be served. Default false. */
  readonly clusterProfiles?: boolean
  /** Gate ResourceCleanup: take away the works of a cluster that is deleted. Default true. */
  readonly cleanUp?: boolean
}

/** Everything that the hub does about its clusters' coming, staying and going. */
export function startRegistration(runtime: Runtime, hub: Hub, options: RegistrationOptions): void {
  startAccept(runtime, hub, {
    autoAccept: options.autoApproval,
    defaultSet: options.builtInSets,
    cleanUp: options.cleanUp ?? true,
  })
  startLease(runtime, hub)
  countClusters(runtime, hub)
  startBoundTokens(runtime, hub)
  startTombstones(runtime, hub)
  startClusterSets(runtime, hub, options)
  startManagedNamespaces(runtime, hub)
  if (options.clusterProfiles) startClusterProfiles(runtime, hub)
  const groups = options.autoApproveBootstrap ? BOOTSTRAP_GROUPS : []
  startCsrApproval(runtime, hub, { users: options.autoApproveUsers, groups })
}
