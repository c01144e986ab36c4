// Accept: what a cluster is given on the hub when it is let in, and what is taken back.
//
// Reads:    ManagedCluster, ManifestWork; Namespace, ClusterRole, ClusterRoleBinding, RoleBinding that carry a cluster's
//           label, Lease `detached-clusters` (hub caches).
// Wakes on: all of them.
// Writes:   ManagedCluster (finalizers, label of the default set, taints unreachable and unavailable, hubAcceptsClient
//           once when clusters are accepted by themselves; conditions HubAcceptedManagedCluster, Deleting), Namespace,
//           ClusterRole, ClusterRoleBinding, RoleBinding, Lease `detached-clusters`, ManifestWork (delete; without its
//           finalizer when its cluster is detached and not heard of).
// Gives up when: the cluster is gone, and so are its rights.
import { DETACHED_LEASE, DETACHED_ROLE } from "#api/cluster/detached.ts"
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Change } from "#kube/informer.ts"
import { planAccept, planSetUpFailure } from "./accept.plan.ts"
import { clusterRoleName, registrationBindingName, sharedClusterRoles, workBindingName } from "./cluster-rbac.ts"
import { ensureGrants, removal } from "./grants.ts"
import { eventsOf } from "./cluster-events.plan.ts"
import { tell, type Hub } from "./hub.ts"
import type { AcceptOptions } from "./observed-cluster.ts"
import { planOrphanedRights } from "./orphaned-rights.plan.ts"

const BY_NAMESPACE = "registration/namespace"
/** Clusters whose set-up is under way at once: 1,000 that come together must not wait for each other's round trips. */
const WORKERS = 16

export function startAccept(runtime: Runtime, hub: Hub, options: AcceptOptions): void {
  const labelled = { labelSelector: CLUSTER_NAME_LABEL }
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  const namespaces = hub.informers.informer(NAMESPACES, labelled)
  const clusterRoles = hub.informers.informer(CLUSTER_ROLES, labelled)
  const clusterRoleBindings = hub.informers.informer(CLUSTER_ROLE_BINDINGS, labelled)
  const roleBindings = hub.informers.informer(ROLE_BINDINGS, labelled)
  const works = hub.informers.informer(MANIFEST_WORKS)
  const leases = hub.informers.informer(LEASES, labelled)
  works.addIndex(BY_NAMESPACE, (work) => [work.metadata.namespace ?? ""])
  const byLabel = ({ object }: Change<KubeObject>) =>
    [object.metadata.labels?.[CLUSTER_NAME_LABEL] ?? ""].filter(Boolean)
  const isLeaving = (name: string) => {
    const cluster = clusters.get(name)
    return cluster !== undefined && (cluster.metadata.deletionTimestamp !== undefined || !cluster.spec.hubAcceptsClient)
  }

  startController(runtime, {
    name: "accept",
    subject: "cluster",
    workers: WORKERS,
    sources: [
      { informer: clusters, keysOf: ({ object }) => [object.metadata.name ?? ""] },
      { informer: namespaces, keysOf: byLabel },
      { informer: clusterRoles, keysOf: byLabel },
      { informer: clusterRoleBindings, keysOf: byLabel },
      { informer: roleBindings, keysOf: byLabel },
      // Only a cluster that leaves waits for its works.
      { informer: works, keysOf: ({ object }) => [object.metadata.namespace ?? ""].filter(isLeaving) },
    ],
    reconcile: async (name, signal) => {
      const cluster = clusters.get(name)
      const rights = {
        clusterRole: clusterRoles.get(clusterRoleName(name)),
        clusterRoleBinding: clusterRoleBindings.get(clusterRoleName(name)),
        registrationBinding: roleBindings.get(`${name}/${registrationBindingName(name)}`),
        workBinding: roleBindings.get(`${name}/${workBindingName(name)}`),
        works: works.byIndex(BY_NAMESPACE, name),
      }
      const writing = { log: runtime.log, signal }
      if (cluster === undefined) {
        const plan = planOrphanedRights(rights)
        if (plan.actions.length > 0 && (await isGone(hub, name, signal))) await applyPlan(hub.client, plan, writing)
        return
      }
      const plan = planAccept({
        cluster,
        ...rights,
        namespace: namespaces.get(name),
        detached: leases.get(`${name}/${DETACHED_LEASE}`),
        detachedBinding: roleBindings.get(`${name}/${DETACHED_ROLE}`),
        options,
        nowMs: runtime.clock.nowMs(),
      })
      try {
        await applyPlan(hub.client, plan, writing)
        tell(hub, cluster, eventsOf(cluster, plan))
      } catch (error) {
        if (!hasReason(error, "Forbidden", "Invalid", "NotFound")) throw error
        // Tried again all the same: what refuses it may go away, such as a namespace of this name that is on its way out.
        const failure = planSetUpFailure(cluster, error.message, runtime.clock.nowMs())
        await applyPlan(hub.client, failure, writing)
        tell(hub, cluster, eventsOf(cluster, failure))
        throw error
      }
      return plan
    },
  })

  startSharedRoles(runtime, hub)
}

/** Asks the hub itself: a cache that is behind is no reason to take rights away. */
async function isGone(hub: Hub, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await hub.client.get(MANAGED_CLUSTERS, { name }, { signal })
    return false
  } catch (error) {
    if (hasReason(error, "NotFound")) return true
    throw error
  }
}

/** The two ClusterRoles that every cluster is bound to, while there is a cluster. */
function startSharedRoles(runtime: Runtime, hub: Hub): void {
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  for (const role of sharedClusterRoles()) {
    const name = role.metadata.name ?? ""
    const found = hub.informers.informer(CLUSTER_ROLES, { fieldSelector: `metadata.name=${name}` })
    startController(runtime, {
      name: "shared-role",
      workers: 1,
      sources: [
        { informer: clusters, keysOf: ({ kind }) => (kind === "changed" ? [] : [name]) },
        { informer: found, keysOf: () => [name] },
      ],
      reconcile: async (_, signal) => {
        const present = found.get(name)
        const isWanted = clusters.list().length > 0
        const actions = isWanted ? ensureGrants(CLUSTER_ROLES, role, present) : removal(CLUSTER_ROLES, present)
        await applyPlan(hub.client, { actions }, { log: runtime.log, signal })
      },
    })
  }
}
