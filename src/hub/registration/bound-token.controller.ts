// Bound tokens: a token for one cluster ends with the cluster's first successful join.
//
// Reads:    CertificateSigningRequest that carry a cluster's label, ManagedCluster, Lease (hub caches).
// Wakes on: requests made with such tokens; their clusters and leases; the end of the grace.
// Writes:   Secret kube-system/bootstrap-token-ID (delete, without having read it).
// Gives up when: the token is deleted; one that nobody used ends by its expiration.
import { CLUSTER_LEASE, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { boundCluster, boundUser, planUsedToken } from "./bound-token.plan.ts"
import type { Hub } from "./hub.ts"

const BY_USER = "registration/bound-user"
const BY_CLUSTER = "registration/bound-cluster"

export function startBoundTokens(runtime: Runtime, hub: Hub): void {
  const labelled = { labelSelector: CLUSTER_NAME_LABEL }
  const requests = hub.informers.informer(CERTIFICATE_SIGNING_REQUESTS, labelled)
  const clusters = hub.informers.informer(MANAGED_CLUSTERS)
  const leases = hub.informers.informer(LEASES, labelled)
  requests.addIndex(BY_USER, (request) => [boundUser(request) ?? ""].filter(Boolean))
  requests.addIndex(BY_CLUSTER, (request) => [boundCluster(request.spec.groups) ?? ""].filter(Boolean))
  /** Tokens that are deleted while requests made with them remain: each renewed lease would delete them again. */
  const deleted = new Set<string>()
  const usersOf = (cluster: string) =>
    requests.byIndex(BY_CLUSTER, cluster).flatMap((request) => boundUser(request) ?? [])

  startController(runtime, {
    name: "bound-token",
    workers: 4,
    sources: [
      { informer: requests, keysOf: ({ object }) => [boundUser(object) ?? ""].filter(Boolean) },
      { informer: clusters, keysOf: ({ object }) => usersOf(object.metadata.name ?? "") },
      {
        informer: leases,
        keysOf: ({ object: { metadata } }) =>
          metadata.name === CLUSTER_LEASE ? usersOf(metadata.namespace ?? "") : [],
      },
    ],
    reconcile: async (user, signal) => {
      const made = requests.byIndex(BY_USER, user)
      const [first] = made
      if (first === undefined) return void deleted.delete(user)
      if (deleted.has(user)) return
      const name = boundCluster(first.spec.groups) ?? ""
      const plan = planUsedToken({
        user,
        requests: made,
        cluster: clusters.get(name),
        lease: leases.get(`${name}/${CLUSTER_LEASE}`),
        nowMs: runtime.clock.nowMs(),
      })
      await applyPlan(hub.client, plan, { log: runtime.log, signal })
      if (plan.actions.length > 0) deleted.add(user)
      return plan
    },
  })
}
