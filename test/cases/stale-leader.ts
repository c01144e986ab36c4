// What a leader that is none any more still writes: it fails, or is put right by the hub that leads.
import assert from "node:assert/strict"
import { HUB_ACCEPTED } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { planAccept } from "#hub/registration/accept.plan.ts"
import { clusterRoleName, registrationBindingName, workBindingName } from "#hub/registration/cluster-rbac.ts"
import type { ObservedCluster } from "#hub/registration/observed-cluster.ts"
import type { KubeClient } from "#kube/client.ts"
import { realClock } from "#lib/clock.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { eventually } from "../support/eventually.ts"

const isGone = (error: unknown) => hasReason(error, "NotFound")

/** Creates a cluster that is let in, and waits until a hub has set it up. */
export async function newCluster(hub: KubeClient, name: string): Promise<void> {
  await hub.create(MANAGED_CLUSTERS, {
    apiVersion: "cluster.open-cluster-management.io/v1",
    kind: "ManagedCluster",
    metadata: { name },
    spec: { hubAcceptsClient: true },
  } as ManagedCluster)
  await isJudged(hub, name, "True")
}

const isJudged = (hub: KubeClient, name: string, status: "True" | "False") =>
  eventually(async () => {
    const cluster = await hub.get(MANAGED_CLUSTERS, { name })
    assert.equal(findCondition(cluster.status?.conditions, HUB_ACCEPTED)?.status, status)
  })

/** What a hub sees of a cluster that it has set up. */
async function observe(hub: KubeClient, name: string): Promise<ObservedCluster> {
  return {
    cluster: await hub.get(MANAGED_CLUSTERS, { name }),
    namespace: await hub.get(NAMESPACES, { name }),
    clusterRole: await hub.get(CLUSTER_ROLES, { name: clusterRoleName(name) }),
    clusterRoleBinding: await hub.get(CLUSTER_ROLE_BINDINGS, { name: clusterRoleName(name) }),
    registrationBinding: await hub.get(ROLE_BINDINGS, { namespace: name, name: registrationBindingName(name) }),
    workBinding: await hub.get(ROLE_BINDINGS, { namespace: name, name: workBindingName(name) }),
    detached: undefined,
    detachedBinding: undefined,
    works: [],
    options: { autoAccept: false, defaultSet: true, cleanUp: true },
    nowMs: realClock.nowMs(),
  }
}

/** Plans from before a cluster was denied, carried out after it was. */
export async function staleAfterDenial(hub: KubeClient): Promise<void> {
  const name = "stale-denied"
  await newCluster(hub, name)
  const before = await observe(hub, name)
  assert.deepEqual(planAccept(before).actions, [], "nothing is left to be done")
  const repair = planAccept({ ...before, clusterRole: { ...before.clusterRole!, rules: [] } })
  const grant = planAccept({ ...before, registrationBinding: undefined })
  const judge = planAccept({ ...before, cluster: { ...before.cluster, status: {} } })
  assert.deepEqual(
    [repair, grant, judge].map(({ actions }) => actions.map((action) => action.do)),
    [["patch"], ["create"], ["patch"]],
  )

  await hub.patch(MANAGED_CLUSTERS, { name }, { merge: { spec: { hubAcceptsClient: false } } })
  await isJudged(hub, name, "False")
  const role = await hub.get(CLUSTER_ROLES, { name: clusterRoleName(name) })
  for (const plan of [repair, judge]) {
    await assert.rejects(applyPlan(hub, plan), (error) => hasReason(error, "Conflict"))
  }
  assert.deepEqual(await hub.get(CLUSTER_ROLES, { name: clusterRoleName(name) }), role)
  const { status } = await hub.get(MANAGED_CLUSTERS, { name })
  assert.equal(findCondition(status?.conditions, HUB_ACCEPTED)?.status, "False")
  // What does not exist has no version to be held against.
  await applyPlan(hub, grant)
  const binding = { namespace: name, name: registrationBindingName(name) }
  await eventually(() => assert.rejects(hub.get(ROLE_BINDINGS, binding), isGone))
}

/** Plans from before a cluster was detached, carried out after it is gone. */
export async function staleAfterDetachment(hub: KubeClient): Promise<void> {
  const name = "stale-detached"
  await newCluster(hub, name)
  const before = await observe(hub, name)
  const grant = planAccept({
    ...before,
    clusterRole: undefined,
    clusterRoleBinding: undefined,
    registrationBinding: undefined,
    workBinding: undefined,
  })
  await hub.delete(MANAGED_CLUSTERS, { name })
  await eventually(() => assert.rejects(hub.get(MANAGED_CLUSTERS, { name }), isGone))
  await applyPlan(hub, grant)
  await eventually(async () => {
    await assert.rejects(hub.get(CLUSTER_ROLES, { name: clusterRoleName(name) }), isGone)
    await assert.rejects(hub.get(CLUSTER_ROLE_BINDINGS, { name: clusterRoleName(name) }), isGone)
    for (const binding of [registrationBindingName(name), workBindingName(name)]) {
      await assert.rejects(hub.get(ROLE_BINDINGS, { namespace: name, name: binding }), isGone)
    }
  })
}

/** With two hubs at work what they have brought about stays, and neither writes it again. */
export async function twoAtOnce(hub: KubeClient): Promise<void> {
  const names = Array.from({ length: 10 }, (_, i) => `both-${i}`)
  await Promise.all(names.map((name) => newCluster(hub, name)))
  const versions = async () =>
    (await Promise.all(names.map((name) => observe(hub, name)))).map(({ cluster, clusterRole, workBinding }) => {
      const { resourceVersion, uid } = cluster.metadata
      return [uid, resourceVersion, clusterRole?.metadata.resourceVersion, workBinding?.metadata.resourceVersion]
    })
  const settled = await versions()
  // By the time that both have been through something new, they would have been through the old again.
  await newCluster(hub, "both-last")
  await staleAfterDenial(hub)
  assert.deepEqual(await versions(), settled)
}
