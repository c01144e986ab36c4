import assert from "node:assert/strict"
import { test } from "node:test"
import { parseCertificate } from "#lib/x509/certificate.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CLUSTER_CLAIMS } from "#api/cluster/v1alpha1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { CONFIG_MAPS, SECRETS } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { secretCredentialStore } from "#agent/registration/credential-store.ts"
import { configMap } from "./agent-world.ts"
import { CLUSTER, conditionOf, HUB, isAvailable, newScene } from "./agent-registration-scene.ts"

test("an agent joins by itself: certificate, lease, one status report, within a fraction of a second", async (t) => {
  const scene = await newScene(t)
  await scene.member.admin.create(CLUSTER_CLAIMS, {
    apiVersion: "cluster.open-cluster-management.io/v1alpha1",
    kind: "ClusterClaim",
    metadata: { name: "id.k8s.io" },
    spec: { value: "the-member" },
  })
  const fromMs = scene.world.clock.nowMs()
  scene.requests()
  scene.start()
  await scene.until(isAvailable(scene))
  const tookMs = scene.world.clock.nowMs() - fromMs
  assert.ok(tookMs <= 150, `took ${tookMs} ms of network and waiting`)
  await scene.world.clock.advance(1_000)
  const writes = scene.requests().filter((request) => !request.startsWith("GET"))
  assert.deepEqual(writes.toSorted(), [
    "PATCH managedclusters/cluster1/status",
    "POST certificatesigningrequests",
    "POST managedclusters",
    "PUT namespaces/cluster1/leases/managed-cluster-lease",
  ])
  const { status } = (await scene.cluster())!
  assert.equal((await conditionOf(scene, "ManagedClusterJoined"))?.reason, "ManagedClusterJoined")
  assert.deepEqual(status?.version, { kubernetes: "v1.35.4" })
  assert.deepEqual(status?.capacity, { cpu: "4", memory: "8Gi" })
  assert.deepEqual(status?.allocatable, { cpu: "3800m", memory: "7Gi" })
  assert.deepEqual(status?.clusterClaims, [{ name: "id.k8s.io", value: "the-member" }])
  const stored = await scene.store.load()
  assert.equal(
    parseCertificate(stored!.certificate).subject.commonName,
    `system:open-cluster-management:${CLUSTER}:${stored!.agentName}`,
  )
})

test("the lease is renewed in time, and the hub keeps calling the cluster available", async (t) => {
  const scene = await newScene(t)
  scene.start()
  await scene.until(isAvailable(scene))
  await scene.world.clock.advance(5_000)
  const renewedMs = async () => {
    const lease = await scene.hub.admin.get(LEASES, { namespace: CLUSTER, name: "managed-cluster-lease" })
    return Date.parse(lease.spec!.renewTime!)
  }
  scene.requests()
  for (let minute = 0; minute < 20; minute++) {
    await scene.world.clock.advance(60_000)
    assert.ok(scene.world.clock.nowMs() - (await renewedMs()) <= 76_000)
  }
  assert.ok(await isAvailable(scene)())
  const writes = scene.requests().filter((request) => !request.startsWith("GET"))
  assert.ok(
    writes.every((write) => write.startsWith("PUT")) && writes.length >= 16 && writes.length <= 20,
    String(writes),
  )
})

test("works are applied with the agent's own certificate", async (t) => {
  const scene = await newScene(t)
  scene.start()
  await scene.until(isAvailable(scene))
  await scene.hub.admin.create(MANIFEST_WORKS, {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { namespace: CLUSTER, name: "w" },
    spec: { workload: { manifests: [configMap("a", { k: "1" })] } },
  })
  await scene.until(async () => {
    const work = await scene.hub.admin.get(MANIFEST_WORKS, { namespace: CLUSTER, name: "w" })
    return findCondition(work.status?.conditions, "Applied")?.status === "True"
  })
  assert.deepEqual((await scene.member.admin.get(CONFIG_MAPS, { namespace: "default", name: "a" })).data, { k: "1" })
})

test("a cluster that waits for a person reports as soon as it is accepted", async (t) => {
  const scene = await newScene(t, { autoApprove: false })
  scene.start()
  await scene.world.clock.advance(10 * 60_000)
  assert.equal(await conditionOf(scene, "ManagedClusterJoined"), undefined)
  await scene.hub.admin.patch(MANAGED_CLUSTERS, { name: CLUSTER }, { merge: { spec: { hubAcceptsClient: true } } })
  const fromMs = scene.world.clock.nowMs()
  await scene.until(isAvailable(scene))
  assert.ok(scene.world.clock.nowMs() - fromMs <= 500, `took ${scene.world.clock.nowMs() - fromMs} ms`)
})

test("after a restart the stored certificate is used, and nothing is asked of the bootstrap identity", async (t) => {
  const scene = await newScene(t, { store: (member) => secretCredentialStore(member.admin) })
  const first = scene.start()
  await scene.until(isAvailable(scene))
  await scene.world.clock.advance(1_000)
  const stopped = first.stop()
  await scene.world.clock.settle()
  await stopped
  await scene.world.clock.advance(10 * 60_000)
  assert.equal((await conditionOf(scene, "ManagedClusterConditionAvailable"))?.status, "Unknown")
  scene.requests()
  scene.start({
    bootstrap: {
      hub: HUB,
      connect: () => {
        throw new Error("must not be used")
      },
    },
  })
  await scene.until(isAvailable(scene))
  assert.ok(!scene.requests().some((request) => request.includes("certificatesigningrequests")))
  const secret = await scene.member.admin.get(SECRETS, {
    namespace: "open-cluster-management-agent",
    name: "hub-kubeconfig-secret",
  })
  assert.deepEqual(Object.keys(secret.data!).toSorted(), [
    "agent-name",
    "cluster-name",
    "cluster-uid",
    "detached",
    "joined-at",
    "kubeconfig",
    "tls.crt",
    "tls.key",
  ])
})

test("the certificate is rotated with a fifth to a quarter of its life left, and the hub is told", async (t) => {
  const scene = await newScene(t)
  scene.start({ certificateSeconds: 6 * 3600 })
  await scene.until(isAvailable(scene))
  const first = await scene.store.load()
  const { notAfterMs, notBeforeMs } = parseCertificate(first!.certificate)
  const life = notAfterMs - notBeforeMs
  await scene.until(async () => (await scene.store.load())?.certificate !== first?.certificate, 6 * 3600_000)
  const left = (notAfterMs - scene.world.clock.nowMs()) / life
  assert.ok(left > 0.19 && left < 0.251, `${left} of its life was left`)
  await scene.world.clock.advance(60_000)
  const rotated = await conditionOf(scene, "ClusterCertificateRotated")
  assert.equal(rotated?.reason, "ClientCertificateUpdated")
  assert.match(
    rotated.message,
    /^client certificate rotated starting from 2026-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC to /,
  )
  assert.notEqual((await scene.store.load())?.key, first?.key, "a new key, too")
  assert.ok(await isAvailable(scene)())
})

test("an agent whose certificate expired while it was off joins again by itself", async (t) => {
  const scene = await newScene(t)
  const agent = scene.start({ certificateSeconds: 3600 })
  await scene.until(isAvailable(scene))
  const stopped = agent.stop()
  await scene.world.clock.settle()
  await stopped
  const old = await scene.store.load()
  await scene.world.clock.advance(2 * 3600_000)
  scene.start()
  await scene.until(isAvailable(scene))
  const now = await scene.store.load()
  assert.notEqual(now?.certificate, old?.certificate)
  assert.equal(now?.agentName, old?.agentName, "the same agent")
})

test("a hub that is away for a while is found again", async (t) => {
  const scene = await newScene(t)
  scene.start()
  await scene.until(isAvailable(scene))
  scene.hub.stop()
  await scene.world.clock.advance(10 * 60_000)
  assert.equal((await conditionOf(scene, "ManagedClusterConditionAvailable"))?.status, "Unknown")
  scene.hub.start()
  await scene.until(isAvailable(scene), 60_000)
})

test("an agent that starts before its hub joins when the hub comes", async (t) => {
  const scene = await newScene(t)
  scene.hub.stop()
  scene.start()
  await scene.world.clock.advance(5 * 60_000)
  scene.hub.start()
  await scene.until(isAvailable(scene), 60_000)
})

test("a member whose API server fails is reported after 20 seconds, and when it is back", async (t) => {
  const scene = await newScene(t)
  scene.start()
  await scene.until(isAvailable(scene))
  scene.member.stop()
  await scene.world.clock.advance(20_000)
  assert.ok(await isAvailable(scene)(), "a short failure is none")
  await scene.world.clock.advance(60_000)
  const condition = await conditionOf(scene, "ManagedClusterConditionAvailable")
  assert.equal(condition?.reason, "ManagedClusterKubeAPIServerUnavailable")
  assert.match(condition.message, /^The kube-apiserver is not ok, status code: 0, /)
  scene.member.start()
  await scene.until(isAvailable(scene), 60_000)
})
