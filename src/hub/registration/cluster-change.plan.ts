import {
  AUTO_ACCEPTED_ANNOTATION,
  CLUSTER_FINALIZER,
  CLUSTER_SET_LABEL,
  DEFAULT_CLUSTER_SET,
  RESOURCE_CLEANUP_FINALIZER,
} from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { formatTime } from "#lib/clock.ts"
import type { Action } from "#runtime/plan.ts"
import { clusterPatch } from "./cluster-status.ts"
import type { AcceptOptions } from "./observed-cluster.ts"
import { wantedTaints } from "./taint.plan.ts"

/** The finalizers that hold a cluster until the hub has cleared up after it. */
export const OUR_FINALIZERS: readonly string[] = [CLUSTER_FINALIZER, RESOURCE_CLEANUP_FINALIZER]

/** Namespaces with these names hold other things than works; who asks for one of them is not let in unseen. */
const RESERVED_NAME = /^(default|kube-.*|open-cluster-management.*)$/

/** Whether the cluster is let in because nobody has judged it yet. */
export function isAcceptedAtFirstSight(cluster: ManagedCluster, options: Pick<AcceptOptions, "autoAccept">): boolean {
  const { name = "", annotations } = cluster.metadata
  return options.autoAccept && annotations?.[AUTO_ACCEPTED_ANNOTATION] === undefined && !RESERVED_NAME.test(name)
}

/**
 * All that the hub wants changed in metadata and spec of a cluster that is not being deleted, as one write: three of them
 * would each be planned from a version that the one before has made old.
 *
 * @returns undefined when nothing is to be changed
 */
export function planClusterChange(
  cluster: ManagedCluster,
  options: Pick<AcceptOptions, "autoAccept" | "defaultSet">,
  nowMs: number,
): Action | undefined {
  const { finalizers = [], labels } = cluster.metadata
  // Also marked when a person let it in: what is denied later on must stay denied.
  const isFirstSight = isAcceptedAtFirstSight(cluster, options)
  const accepts = isFirstSight && !cluster.spec.hubAcceptsClient
  const missing = OUR_FINALIZERS.filter((finalizer) => !finalizers.includes(finalizer))
  const needsFinalizers = missing.length > 0 && (accepts || cluster.spec.hubAcceptsClient === true)
  const needsSet = options.defaultSet && !labels?.[CLUSTER_SET_LABEL]
  const taints = wantedTaints(cluster, nowMs)
  if (!isFirstSight && !needsFinalizers && !needsSet && taints === undefined) return undefined
  const metadata = {
    ...(isFirstSight ? { annotations: { [AUTO_ACCEPTED_ANNOTATION]: formatTime(nowMs) } } : {}),
    ...(needsFinalizers ? { finalizers: [...finalizers, ...missing] } : {}),
    ...(needsSet ? { labels: { [CLUSTER_SET_LABEL]: DEFAULT_CLUSTER_SET } } : {}),
  }
  const spec = {
    ...(accepts ? { hubAcceptsClient: true } : {}),
    ...(taints === undefined ? {} : { taints: taints.length === 0 ? null : taints }),
  }
  return clusterPatch(cluster, {
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
  })
}
