// A cluster's life on the hub: asks to join with a bootstrap token, is let in, gets a certificate and rights, falls
// silent, comes back, leaves. The whole server on a virtual clock; the agent's part is played by hand.
import assert from "node:assert/strict"
import { test } from "node:test"
import { agentUser, clusterGroup, CLUSTER_NAME_LABEL, MANAGED_CLUSTERS_GROUP } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTER_SETS } from "#api/cluster/v1beta2.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { formatMicroTime } from "#lib/clock.ts"
import type { KubeClient } from "#kube/client.ts"
import { requestCertificate } from "../support/agent-certificate.ts"
import { admissionRules } from "../cases/admission.ts"
import { newHub, type TestHub } from "./registration-hub.ts"

const C1 = { name: "c1" }
const managedCluster = (name: string, spec: ManagedCluster["spec"] = {}): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name },
  spec,
})
const MINUTE_MS = 60_000

const conditionOf = async ({ client }: TestHub, type: string) => {
  const cluster = await client.get(MANAGED_CLUSTERS, C1)
  const condition = findCondition(cluster.status?.conditions, type)
  return condition === undefined ? undefined : `${condition.status} ${condition.reason}`
}
const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name ?? "").toSorted()
const ofCluster = { labelSelector: `${CLUSTER_NAME_LABEL}=c1` }
const rightsOf = async ({ client }: TestHub) => [
  ...names((await client.list(CLUSTER_ROLES, ofCluster)).items),
  ...names((await client.list(CLUSTER_ROLE_BINDINGS, ofCluster)).items),
  ...names((await client.list(ROLE_BINDINGS, { namespace: "c1", ...ofCluster })).items),
]
const ALL_RIGHTS = [
  "open-cluster-management:managedcluster:c1",
  "open-cluster-management:managedcluster:c1",
  "open-cluster-management:managedcluster:c1:registration",
  "open-cluster-management:managedcluster:c1:work",
]
const isRefused = (error: unknown) => hasReason(error, "Forbidden")

test("a hub that has just been installed has its sets, and no rights for clusters that are not there", async () => {
  const hub = await newHub()
  const sets = (await hub.client.list(MANAGED_CLUSTER_SETS)).items
  assert.deepEqual(
    sets.map((s) => [s.metadata.name, s.spec.clusterSelector.selectorType, s.status?.conditions?.[0]?.reason]),
    [
      ["default", "ExclusiveClusterSetLabel", "NoClusterMatched"],
      ["global", "LabelSelector", "NoClusterMatched"],
    ],
  )
  const roles = names((await hub.client.list(CLUSTER_ROLES)).items)
  assert.deepEqual(
    roles.filter((name) => name.startsWith("open-cluster-management:managedcluster:")),
    [],
  )
  hub.end()
})

test("a cluster joins with a bootstrap token and is let in by hand", async () => {
  const hub = await newHub()
  const joining = hub.bootstrapClient()
  await joining.create(MANAGED_CLUSTERS, managedCluster("c1"))
  await hub.advance(1_000)
  const fresh = await hub.client.get(MANAGED_CLUSTERS, C1)
  assert.equal(fresh.metadata.labels?.["cluster.open-cluster-management.io/clusterset"], "default")
  assert.deepEqual(
    fresh.spec.taints?.map((t) => t.key),
    ["cluster.open-cluster-management.io/unreachable"],
  )
  assert.deepEqual(await rightsOf(hub), [], "nothing is given before a person has agreed")

  const csr = await requestCertificate(joining, "c1")
  await hub.advance(1_000)
  const pending = await hub.client.get(CERTIFICATE_SIGNING_REQUESTS, { name: csr.name })
  assert.deepEqual(pending.status?.conditions ?? [], [], "nor approved")
  await assert.rejects(
    joining.patch(MANAGED_CLUSTERS, C1, { merge: { spec: { hubAcceptsClient: true } } }),
    isRefused,
    "who joins cannot let itself in",
  )

  await hub.client.patch(MANAGED_CLUSTERS, C1, { merge: { spec: { hubAcceptsClient: true } } })
  await hub.advance(1_000)
  assert.equal(await conditionOf(hub, "HubAcceptedManagedCluster"), "True HubClusterAdminAccepted")
  assert.deepEqual(await rightsOf(hub), ALL_RIGHTS)
  const namespace = await hub.client.get(NAMESPACES, C1)
  assert.equal(namespace.metadata.labels?.[CLUSTER_NAME_LABEL], "c1")
  const lease = await hub.client.get(LEASES, { namespace: "c1", name: "managed-cluster-lease" })
  assert.equal(lease.spec?.holderIdentity, "managed-cluster-lease")
  const set = await hub.client.get(MANAGED_CLUSTER_SETS, { name: "default" })
  assert.equal(set.status?.conditions?.[0]?.message, "1 ManagedClusters selected")
  hub.end()
})

test("with automatic approval a cluster is let in and gets its certificate, and renews it by itself", async () => {
  const hub = await newHub({ automatic: true })
  const agent = await hub.join("c1")
  assert.equal(await conditionOf(hub, "HubAcceptedManagedCluster"), "True HubClusterAdminAccepted")

  const renewal = await requestCertificate(agent, "c1")
  await hub.advance(1_000)
  const renewed = await hub.client.get(CERTIFICATE_SIGNING_REQUESTS, { name: renewal.name })
  assert.equal(renewed.status?.conditions?.[0]?.reason, "AutoApprovedByHubCSRApprovingController")
  assert.ok(renewed.status?.certificate !== undefined)

  const forAnother = await requestCertificate(agent, "c2")
  await hub.advance(1_000)
  const asked = await hub.client.get(CERTIFICATE_SIGNING_REQUESTS, { name: forAnother.name })
  assert.deepEqual(asked.status?.conditions ?? [], [], "another cluster's certificate is not for this agent")
  hub.end()
})

test("an agent that falls silent makes its cluster unreachable after five renewals, and back when it speaks", async () => {
  const hub = await newHub({ automatic: true })
  const agent = await hub.join("c1")
  await hub.report(agent, "c1", "True")
  await hub.advance(1_000)
  const taints = async () => ((await hub.client.get(MANAGED_CLUSTERS, C1)).spec.taints ?? []).map((t) => t.key)
  assert.deepEqual(await taints(), [])
  await hub.renew(agent, "c1")
  await hub.advance(1_000)
  assert.equal(await conditionOf(hub, "ManagedClusterConditionClockSynced"), "True ManagedClusterClockSynced")

  await hub.advance(5 * MINUTE_MS - 2_000)
  assert.equal(await conditionOf(hub, "ManagedClusterConditionAvailable"), "True ManagedClusterAvailable")
  await hub.advance(2_000)
  assert.equal(await conditionOf(hub, "ManagedClusterConditionAvailable"), "Unknown ManagedClusterLeaseUpdateStopped")
  assert.deepEqual(await taints(), ["cluster.open-cluster-management.io/unreachable"])

  await hub.renew(agent, "c1")
  await hub.report(agent, "c1", "True")
  await hub.advance(1_000)
  assert.deepEqual(await taints(), [])
  hub.end()
})

test("a hub whose controllers were away for an hour does not take its clusters for dead", async () => {
  const hub = await newHub({ automatic: true })
  const agent = await hub.join("c1")
  await hub.report(agent, "c1", "True")
  await hub.advance(1_000)
  hub.stopControllers()
  await hub.advance(60 * MINUTE_MS)
  hub.startControllers()
  await hub.advance(4 * MINUTE_MS)
  assert.equal(await conditionOf(hub, "ManagedClusterConditionAvailable"), "True ManagedClusterAvailable")
  assert.equal(
    await conditionOf(hub, "ManagedClusterConditionClockSynced"),
    undefined,
    "an old lease is no wrong clock",
  )
  await hub.advance(MINUTE_MS)
  assert.equal(
    await conditionOf(hub, "ManagedClusterConditionAvailable"),
    "Unknown ManagedClusterLeaseUpdateStopped",
    "but silence from now on counts",
  )
  hub.end()
})

test("a clock that is wrong by more than the lease allows is told", async () => {
  const hub = await newHub({ automatic: true })
  const agent = await hub.join("c1")
  const lease = await agent.get(LEASES, { namespace: "c1", name: "managed-cluster-lease" })
  const renewTime = formatMicroTime(hub.nowMs() + 6 * MINUTE_MS)
  await agent.update(LEASES, { ...lease, spec: { ...lease.spec, renewTime } })
  await hub.advance(1_000)
  assert.equal(await conditionOf(hub, "ManagedClusterConditionClockSynced"), "False ManagedClusterClockOutOfSync")
  hub.end()
})

const aWork = {
  apiVersion: "work.open-cluster-management.io/v1",
  kind: "ManifestWork",
  metadata: {
    name: "w",
    namespace: "c1",
    finalizers: ["cluster.open-cluster-management.io/manifest-work-cleanup"],
  },
  spec: {
    workload: {
      manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" }, data: {} }],
    },
  },
}
const WORK = { namespace: "c1", name: "w" }
const finishWork = (agent: KubeClient) =>
  agent.patch(MANIFEST_WORKS, WORK, { merge: { metadata: { finalizers: null } } })

test("a cluster that is shut out loses its rights, the last of them with its last work, and gets them back", async () => {
  const hub = await newHub({ automatic: true })
  const agent = await hub.join("c1")
  await hub.client.create(MANIFEST_WORKS, aWork)
  await hub.client.patch(MANAGED_CLUSTERS, C1, { merge: { spec: { hubAcceptsClient: false } } })
  await hub.advance(1_000)
  assert.equal(await conditionOf(hub, "HubAcceptedManagedCluster"), "True HubClusterAdminAccepted", "a work is left")
  await agent.get(MANAGED_CLUSTERS, C1)
  await agent.get(MANIFEST_WORKS, WORK)
  await assert.rejects(agent.get(LEASES, { namespace: "c1", name: "managed-cluster-lease" }), isRefused)
  await assert.rejects(requestCertificate(agent, "c1"), isRefused)

  await hub.client.delete(MANIFEST_WORKS, WORK)
  await finishWork(agent)
  await hub.advance(1_000)
  assert.equal(await conditionOf(hub, "HubAcceptedManagedCluster"), "False HubClusterAdminDenied")
  await assert.rejects(agent.list(MANIFEST_WORKS, { namespace: "c1" }), isRefused)
  await hub.advance(60 * MINUTE_MS)
  assert.equal(await conditionOf(hub, "HubAcceptedManagedCluster"), "False HubClusterAdminDenied", "and stays out")

  await hub.client.patch(MANAGED_CLUSTERS, C1, { merge: { spec: { hubAcceptsClient: true } } })
  await hub.advance(1_000)
  assert.deepEqual(await rightsOf(hub), ALL_RIGHTS)
  await agent.list(MANIFEST_WORKS, { namespace: "c1" })
  hub.end()
})

test("a cluster that is deleted takes its works away first, then goes with its rights; its namespace stays", async () => {
  const hub = await newHub({ automatic: true })
  const agent = await hub.join("c1")
  await hub.client.create(MANIFEST_WORKS, aWork)
  await hub.client.delete(MANAGED_CLUSTERS, C1)
  await hub.advance(9 * MINUTE_MS)
  assert.equal(await conditionOf(hub, "Deleting"), "False ResourceRemaining")
  const work = await agent.get(MANIFEST_WORKS, WORK)
  assert.ok(work.metadata.deletionTimestamp !== undefined, "the agent is told")

  await finishWork(agent)
  await hub.advance(1_000)
  await assert.rejects(hub.client.get(MANAGED_CLUSTERS, C1), (error) => hasReason(error, "NotFound"))
  assert.deepEqual(await rightsOf(hub), ["hawser:detached-cluster"], "but for reading why")
  await hub.client.get(NAMESPACES, C1)
  await assert.rejects(agent.get(MANIFEST_WORKS, WORK), isRefused)
  const shared = names((await hub.client.list(CLUSTER_ROLES)).items)
  assert.ok(!shared.includes("open-cluster-management:managedcluster:work"), "no cluster, no shared roles")
  hub.end()
})

test("rights that somebody takes away are given again", async () => {
  const hub = await newHub({ automatic: true })
  await hub.join("c1")
  const name = "open-cluster-management:managedcluster:c1"
  await hub.client.delete(ROLE_BINDINGS, { namespace: "c1", name: `${name}:registration` })
  await hub.client.delete(CLUSTER_ROLE_BINDINGS, { name })
  await hub.client.patch(CLUSTER_ROLES, { name }, { merge: { rules: [] } })
  await hub.client.patch(
    CLUSTER_ROLES,
    { name: "open-cluster-management:managedcluster:work" },
    { merge: { rules: [] } },
  )
  await hub.advance(1_000)
  assert.deepEqual(await rightsOf(hub), ALL_RIGHTS)
  assert.notDeepEqual((await hub.client.get(CLUSTER_ROLES, { name })).rules, [])
  const shared = await hub.client.get(CLUSTER_ROLES, { name: "open-cluster-management:managedcluster:work" })
  assert.notDeepEqual(shared.rules, [])
  hub.end()
})

test("a namespace that was made before its cluster is taken over", async () => {
  const hub = await newHub({ automatic: true })
  await hub.client.create(NAMESPACES, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "c1", labels: { a: "b" } },
  })
  await hub.join("c1")
  const { labels } = (await hub.client.get(NAMESPACES, C1)).metadata
  assert.deepEqual([labels?.["a"], labels?.[CLUSTER_NAME_LABEL]], ["b", "c1"])
  hub.end()
})

test("a hundred clusters that come together are all set up, each with eight writes", async () => {
  const hub = await newHub({ automatic: true })
  const all = Array.from({ length: 100 }, (_, i) => `c${i}`)
  const before = hub.writes()
  await Promise.all(all.map((name) => hub.client.create(MANAGED_CLUSTERS, managedCluster(name))))
  await hub.advance(5_000)
  const clusters = (await hub.client.list(MANAGED_CLUSTERS)).items
  const accepted = clusters.filter(
    (c) => findCondition(c.status?.conditions, "HubAcceptedManagedCluster")?.status === "True",
  )
  assert.equal(accepted.length, 100)
  // Namespace, ClusterRole, two bindings and one of the role, lease, cluster, its status; and its creation here.
  const perCluster = (hub.writes() - before) / 100
  assert.ok(perCluster < 10.5, `${perCluster} writes a cluster`)
  hub.end()
})

test("the names of the agent's identity are OCM's", () => {
  assert.equal(agentUser("c1", "a"), "system:open-cluster-management:c1:a")
  assert.equal(clusterGroup("c1"), "system:open-cluster-management:c1")
  assert.equal(MANAGED_CLUSTERS_GROUP, "system:open-cluster-management:managed-clusters")
})

test("the admission rules of a hub on the embedded server, in process", async () => {
  const hub = await newHub()
  hub.stopControllers()
  await admissionRules({
    admin: hub.client,
    as: (name) => hub.clientOver(hub.server.transportAs({ name, groups: ["system:authenticated"] })),
    measuresWorks: true,
    nowMs: hub.nowMs,
    eventually: async (check) => check(),
  })
  hub.end()
})
