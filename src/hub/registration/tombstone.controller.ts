// Tombstones of detached clusters, until their agents have obeyed or cannot come back any more.
//
// Reads:    Lease `detached-clusters`, RoleBinding `hawser:detached-cluster` (hub caches).
// Wakes on: both, and the end of a tombstone's time.
// Writes:   the Lease (update, delete), the RoleBinding (delete). accept.controller.ts creates them.
// Gives up when: the last tombstone is gone.
import { DETACHED_LEASE, DETACHED_ROLE } from "#api/cluster/detached.ts"
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Hub } from "./hub.ts"
import { planTombstones } from "./tombstone.plan.ts"

/** Timers hold 24 days; and a hub that slept looks again. */
const LOOK_AGAIN_MS = 24 * 3600_000

export function startTombstones(runtime: Runtime, hub: Hub): void {
  const labelled = { labelSelector: CLUSTER_NAME_LABEL }
  const leases = hub.informers.informer(LEASES, labelled)
  const bindings = hub.informers.informer(ROLE_BINDINGS, labelled)

  startController(runtime, {
    name: "tombstone",
    subject: "cluster",
    workers: 2,
    sources: [
      {
        informer: leases,
        keysOf: ({ object: { metadata } }) => (metadata.name === DETACHED_LEASE ? [metadata.namespace ?? ""] : []),
      },
    ],
    reconcile: async (cluster, signal) => {
      const lease = leases.get(`${cluster}/${DETACHED_LEASE}`)
      if (lease === undefined) return
      const binding = bindings.get(`${cluster}/${DETACHED_ROLE}`)
      const plan = planTombstones({ lease, binding }, runtime.clock.nowMs())
      await applyPlan(hub.client, plan, { log: runtime.log, signal })
      const { requeueAfterMs } = plan
      return requeueAfterMs === undefined ? plan : { requeueAfterMs: Math.min(requeueAfterMs, LOOK_AGAIN_MS) }
    },
  })
}
