// ClusterProfiles: in each namespace that cluster sets are bound to, a profile of every cluster in them.
//
// Reads:    ManagedClusterSetBinding, ManagedClusterSet, ManagedCluster, ClusterProfile (hub caches).
// Wakes on: all of them; a cluster's heartbeat concerns none, as it changes neither labels nor status.
// Writes:   ClusterProfile (create, labels, status, delete): only those with our manager's label.
// Gives up when: nothing is bound to the namespace and its profiles are gone.
import { CLUSTER_PROFILES } from "#api/cluster/profile.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTER_SET_BINDINGS, MANAGED_CLUSTER_SETS } from "#api/cluster/v1beta2.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { planProfile, planProfiles } from "./cluster-profile.plan.ts"
import type { Hub } from "./hub.ts"

const BY_NAMESPACE = "profiles/namespace"
const BY_NAME = "profiles/name"
/** Clusters that come together are looked at together. */
const COALESCE_MS = 200

export function startClusterProfiles(runtime: Runtime, hub: Hub): void {
  const bindings = hub.informers.informer(MANAGED_CLUSTER_SET_BINDINGS)
  const sets = hub.informers.informer(MANAGED_CLUSTER_SETS)
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  const profiles = hub.informers.informer(CLUSTER_PROFILES)
  bindings.addIndex(BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? ""])
  profiles.addIndex(BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? ""])
  profiles.addIndex(BY_NAME, ({ metadata }) => [metadata.name ?? ""])
  const boundNamespaces = () => [...new Set(bindings.list().map(({ metadata }) => metadata.namespace ?? ""))]
  const writing = (signal: AbortSignal) => ({ log: runtime.log, signal })

  const lifecycle = startController(runtime, {
    name: "cluster-profiles",
    subject: "namespace",
    sources: [
      { informer: bindings, keysOf: ({ object }) => [object.metadata.namespace ?? ""] },
      { informer: sets, keysOf: boundNamespaces },
      {
        informer: profiles,
        keysOf: ({ kind, object }) => (kind === "changed" ? [] : [object.metadata.namespace ?? ""]),
      },
    ],
    reads: [clusters],
    reconcile: async (namespace, signal) => {
      const plan = planProfiles({
        namespace,
        bindings: bindings.byIndex(BY_NAMESPACE, namespace),
        set: (name) => sets.get(name),
        clusters: clusters.list(),
        profiles: profiles.byIndex(BY_NAMESPACE, namespace),
      })
      await applyPlan(hub.client, plan, writing(signal))
    },
  })
  clusters.onChange((change) => {
    const { metadata } = change.object
    const isSame =
      change.kind === "changed" &&
      change.before.metadata.deletionTimestamp === metadata.deletionTimestamp &&
      deepEqual(change.before.metadata.labels, metadata.labels)
    if (!isSame) for (const namespace of boundNamespaces()) lifecycle.enqueueAfter(namespace, COALESCE_MS)
  })

  startController(runtime, {
    name: "cluster-profile",
    subject: "profile",
    sources: [
      { informer: profiles, keysOf: ({ kind, object }) => (kind === "deleted" ? [] : [keyOf(object)]) },
      { informer: clusters, keysOf: ({ object }) => profiles.byIndex(BY_NAME, object.metadata.name ?? "").map(keyOf) },
    ],
    reconcile: async (key, signal) => {
      const profile = profiles.get(key)
      if (profile === undefined) return
      const cluster = clusters.get(profile.metadata.name ?? "")
      await applyPlan(hub.client, planProfile(profile, cluster, runtime.clock.nowMs()), writing(signal))
    },
  })
}
