// What a user sees of a fleet, as cases that run on the embedded server and on real Kubernetes alike.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { PLACEMENT_DECISIONS, PLACEMENTS } from "#api/cluster/v1beta1.ts"
import { MANAGED_CLUSTER_SET_BINDINGS } from "#api/cluster/v1beta2.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { MANIFEST_WORK_REPLICA_SETS } from "#api/work/v1alpha1.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { realClock } from "#lib/clock.ts"
import type { KubeClient } from "#kube/client.ts"
import { newRestMapper } from "#kube/rest-mapper.ts"
import { acceptCluster } from "#cli/accept.ts"
import { transportOf } from "#kube/kubeconfig.ts"
import { privateKeyPem } from "#lib/x509/keys.ts"
import { issuedPem, requestCertificate } from "../support/agent-certificate.ts"
import { eventually } from "../support/eventually.ts"
import { REFERENCE_DATA, workloads, type Workload } from "../support/workloads.ts"
import { assertAgentRights } from "./agent-rights.ts"
import type { FleetHarness, Member, StartFleet } from "./harness.ts"

type Conditioned = { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }

const isTrue = (status: unknown, type: string) =>
  ((status as Conditioned | undefined)?.conditions ?? []).some((c) => c.type === type && c.status === "True")

/** Registers the cases. @param label  which implementation they run on */
export function fleetCases(
  label: string,
  start: StartFleet,
  options: { readonly members: number; readonly withinMs: number },
): void {
  const { withinMs } = options
  describe(label, () => {
    let fleet: FleetHarness
    before(async () => void (fleet = await start({ members: options.members })))
    after(async () => fleet?.dispose())

    test(`${label}: every member is accepted, joined and available`, async () => {
      for (const member of fleet.members) {
        await eventually(async () => {
          const cluster = await fleet.hub.get(MANAGED_CLUSTERS, { name: member.name })
          for (const type of [
            "HubAcceptedManagedCluster",
            "ManagedClusterJoined",
            "ManagedClusterConditionAvailable",
          ]) {
            assert.ok(isTrue(cluster.status, type), `${member.name}: ${type} in ${JSON.stringify(cluster.status)}`)
          }
          assert.deepEqual(cluster.spec.taints ?? [], [])
        }, withinMs)
      }
    })

    for (const workload of workloads()) {
      test(`${label}: ${workload.name} reaches every member, is watched over, and leaves`, () =>
        deliver(fleet, workload, withinMs))
    }
    test(
      `${label}: the workloads of the reference data were among them`,
      { skip: REFERENCE_DATA === undefined && "HAWSER_REFERENCE_DATA is not set: they are outside data" },
      () =>
        assert.deepEqual(
          workloads().map((w) => w.name),
          ["shop", "cassandra", "guestbook", "online-boutique"],
        ),
    )

    test(`${label}: an agent's certificate is good for its own cluster's objects and nothing else`, () =>
      keepsToItself(fleet))

    test(`${label}: a hub that dies loses nothing`, () => outage(fleet, withinMs))
  })
}

/** With a certificate as the first member's agent has one. */
async function keepsToItself({ hub, hubKubeconfig, members }: FleetHarness): Promise<void> {
  const [own, other] = members.map(({ name }) => name) as [string, string]
  const { name, key } = await requestCertificate(hub, own)
  await acceptCluster(hub, own, { nowMs: realClock.nowMs(), skipApproveCheck: true, say: () => {} })
  const cert = await eventually(() => issuedPem(hub, name))
  const transport = transportOf({ ...hubKubeconfig, cert, key: privateKeyPem(key) }, { clock: realClock })
  try {
    await assertAgentRights(transport, { own, other }, "accepted")
  } finally {
    transport.close()
  }
}

/** One workload's whole life: placed, delivered, Available, status back, drift undone, removed. */
async function deliver(fleet: FleetHarness, workload: Workload, withinMs: number): Promise<void> {
  const namespace = `deliver-${workload.name}`
  await place(fleet.hub, namespace, workload)
  for (const member of fleet.members) await eventually(() => isDelivered(member, workload), withinMs)
  await eventually(async () => {
    const set = await fleet.hub.get(MANIFEST_WORK_REPLICA_SETS, { namespace, name: workload.name })
    assert.equal(set.status?.summary?.available, fleet.members.length, JSON.stringify(set.status))
  }, withinMs)
  for (const member of fleet.members)
    await eventually(() => hasFeedback(fleet.hub, member, namespace, workload), withinMs)
  await undoesDrift(fleet.members[0]!, workload, withinMs)

  await fleet.hub.delete(MANIFEST_WORK_REPLICA_SETS, { namespace, name: workload.name })
  for (const member of fleet.members) await eventually(() => isGone(member, workload), withinMs)
  await eventually(async () => {
    for (const member of fleet.members) {
      const left = (await fleet.hub.list(MANIFEST_WORKS, { namespace: member.name })).items
      assert.deepEqual(
        left.filter((w) => w.metadata.name?.startsWith(workload.name)).map((w) => w.metadata.name),
        [],
      )
      const applied = (await member.client.list(APPLIED_MANIFEST_WORKS)).items
      assert.deepEqual(
        applied.filter((w) => w.spec.manifestWorkName.startsWith(workload.name)).map((w) => w.metadata.name),
        [],
      )
    }
  }, withinMs)
}

async function place(hub: KubeClient, namespace: string, workload: Workload): Promise<void> {
  await hub.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
  await hub.create(MANAGED_CLUSTER_SET_BINDINGS, {
    apiVersion: "cluster.open-cluster-management.io/v1beta2",
    kind: "ManagedClusterSetBinding",
    metadata: { name: "global", namespace },
    spec: { clusterSet: "global" },
  })
  await hub.create(PLACEMENTS, {
    apiVersion: "cluster.open-cluster-management.io/v1beta1",
    kind: "Placement",
    metadata: { name: "all", namespace },
    spec: {
      tolerations: [
        { key: "cluster.open-cluster-management.io/unreachable", operator: "Exists" },
        { key: "cluster.open-cluster-management.io/unavailable", operator: "Exists" },
      ],
    },
  })
  const deployments = workload.manifests.filter((m) => m.kind === "Deployment")
  await hub.create(MANIFEST_WORK_REPLICA_SETS, {
    apiVersion: "work.open-cluster-management.io/v1alpha1",
    kind: "ManifestWorkReplicaSet",
    metadata: { name: workload.name, namespace },
    spec: {
      cascadeDeletionPolicy: "Background",
      placementRefs: [{ name: "all" }],
      manifestWorkTemplate: {
        workload: { manifests: [...workload.manifests] },
        manifestConfigs: deployments.map((d) => ({
          resourceIdentifier: {
            group: "apps",
            resource: "deployments",
            name: d.metadata.name ?? "",
            namespace: d.metadata.namespace ?? "",
          },
          feedbackRules: [{ type: "WellKnownStatus" as const }],
        })),
      },
    },
  })
}

async function typeOf(member: Member, object: UnknownObject): Promise<ResourceType> {
  const type = await newRestMapper({ client: member.client, clock: realClock }).resourceFor(
    object.apiVersion,
    object.kind,
  )
  assert.ok(type !== undefined, `${member.name} does not serve ${object.kind}`)
  return type
}

const keyIn = (type: ResourceType, object: UnknownObject) => ({
  name: object.metadata.name ?? "",
  ...(type.namespaced ? { namespace: object.metadata.namespace ?? "" } : {}),
})

async function isDelivered(member: Member, workload: Workload): Promise<void> {
  for (const manifest of workload.manifests) {
    const type = await typeOf(member, manifest)
    const found = await member.client.get(type, keyIn(type, manifest))
    if (manifest.kind === "Deployment") {
      assert.ok(
        isTrue(found["status"], "Available"),
        `${member.name}: Deployment ${manifest.metadata.name} is not Available`,
      )
    }
  }
}

async function hasFeedback(hub: KubeClient, member: Member, namespace: string, workload: Workload): Promise<void> {
  const works = await hub.list(MANIFEST_WORKS, {
    namespace: member.name,
    labelSelector: `work.open-cluster-management.io/manifestworkreplicaset=${namespace}.${workload.name}`,
  })
  assert.equal(works.items.length, 1)
  const manifests = works.items[0]!.status?.resourceStatus?.manifests ?? []
  assert.equal(manifests.length, workload.manifests.length)
  for (const { resourceMeta, conditions, statusFeedback } of manifests) {
    assert.ok(
      ["Applied", "Available", "Healthy"].every((type) => isTrue({ conditions }, type)),
      JSON.stringify({ resourceMeta, conditions }),
    )
    if (resourceMeta.kind !== "Deployment") continue
    const wanted = workload.manifests.find((m) => m.kind === "Deployment" && m.metadata.name === resourceMeta.name)
    const replicas = (wanted?.["spec"] as { replicas?: number } | undefined)?.replicas ?? 1
    const ready = statusFeedback?.values?.find((v) => v.name === "ReadyReplicas")
    assert.equal(ready?.fieldValue.integer, replicas, `${member.name}: ReadyReplicas of ${resourceMeta.name}`)
  }
}

/** A change by hand and a deletion by hand, both undone. */
async function undoesDrift(member: Member, workload: Workload, withinMs: number): Promise<void> {
  const service = workload.manifests.find((m) => m.kind === "Service")!
  const type = await typeOf(member, service)
  const key = keyIn(type, service)
  const uid = (await member.client.get(type, key)).metadata.uid
  await member.client.patch(type, key, { merge: { spec: { selector: { edited: "by-hand" } } } })
  await eventually(async () => {
    const { spec } = (await member.client.get(type, key)) as UnknownObject & { spec: { selector: unknown } }
    assert.deepEqual(spec.selector, (service["spec"] as { selector?: unknown }).selector)
  }, withinMs)
  await member.client.delete(type, key)
  await eventually(async () => assert.notEqual((await member.client.get(type, key)).metadata.uid, uid), withinMs)
}

async function isGone(member: Member, workload: Workload): Promise<void> {
  for (const manifest of workload.manifests) {
    const type = await typeOf(member, manifest)
    await assert.rejects(
      member.client.get(type, keyIn(type, manifest)),
      (error) => hasReason(error, "NotFound"),
      `${member.name}: ${manifest.kind} ${manifest.metadata.name} is still there`,
    )
  }
}

/** The hub is killed; members keep their workloads and mend them; what changed meanwhile arrives afterwards. */
async function outage(fleet: FleetHarness, withinMs: number): Promise<void> {
  const workload = workloads()[0]!
  const namespace = `deliver-outage`
  const renamed: Workload = {
    name: "outage",
    manifests: workload.manifests.map((m) =>
      JSON.parse(JSON.stringify(m).replaceAll(`"${workload.name}"`, `"outage"`)),
    ),
  }
  await place(fleet.hub, namespace, renamed)
  for (const member of fleet.members) await eventually(() => isDelivered(member, renamed), withinMs)
  await eventually(async () => {
    const decisions = await fleet.hub.list(PLACEMENT_DECISIONS, { namespace })
    assert.equal(decisions.items.flatMap((d) => d.status?.decisions ?? []).length, fleet.members.length)
  }, withinMs)

  await fleet.killHub()
  for (const member of fleet.members) await undoesDrift(member, renamed, withinMs)
  for (const member of fleet.members) await isDelivered(member, renamed)
  await fleet.startHub()

  const change = { spec: { manifestWorkTemplate: { workload: { manifests: edited(renamed) } } } }
  await eventually(
    () => fleet.hub.patch(MANIFEST_WORK_REPLICA_SETS, { namespace, name: "outage" }, { merge: change }),
    withinMs,
  )
  for (const member of fleet.members) {
    const config = renamed.manifests.find((m) => m.kind === "ConfigMap")!
    const type = await typeOf(member, config)
    await eventually(async () => {
      const found = await member.client.get(type, keyIn(type, config))
      assert.equal((found["data"] as Record<string, string>)["currency"], "USD")
    }, withinMs)
  }
  await fleet.hub.delete(MANIFEST_WORK_REPLICA_SETS, { namespace, name: "outage" })
  for (const member of fleet.members) await eventually(() => isGone(member, renamed), withinMs)
}

const edited = (workload: Workload) =>
  workload.manifests.map((m) =>
    m.kind === "ConfigMap" ? { ...m, data: { ...(m["data"] as object), currency: "USD" } } : m,
  )
