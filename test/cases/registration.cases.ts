// What a hub does with clusters, whatever their agents are: the numbers are those of OCM's behaviours that are most often got
// wrong. No agent runs here; what one would write is written as its own user.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import {
  AUTO_ACCEPTED_ANNOTATION,
  AUTO_UPDATE_ANNOTATION,
  AVAILABLE,
  CLOCK_SYNCED,
  CLUSTER_LEASE,
  HUB_ACCEPTED,
  TAINT_UNAVAILABLE,
  TAINT_UNREACHABLE,
} from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTER_SETS } from "#api/cluster/v1beta2.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLES, ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { formatMicroTime, formatTime } from "#lib/clock.ts"
import { eventually } from "../support/eventually.ts"
import { connectWith, hawser, startHawser, type Connected, type Running } from "../support/hawser.ts"

export type HubServer = { readonly kubeconfig: string; readonly dispose: () => Promise<void> }

/** A cluster counts as silent after five times this. */
const LEASE_SECONDS = 1

/** Registers the cases. @param label  which implementation they run on */
export function registrationCases(label: string, start: (dir: string) => Promise<HubServer>): void {
  describe(label, () => {
    const dir = mkdtempSync(join(tmpdir(), "hawser-registration-"))
    let server: HubServer
    let hub: Connected
    let controllers: Running | undefined
    before(async () => {
      server = await start(dir)
      hub = await connectWith(server.kubeconfig)
      assert.equal((await hawser(dir, "init", "--kubeconfig", server.kubeconfig)).code, 0)
      controllers = startHawser(dir, "hub", "--kubeconfig", server.kubeconfig)
    })
    after(async () => {
      await controllers?.stop()
      hub?.close()
      await server?.dispose()
      rmSync(dir, { recursive: true, force: true })
    })

    const get = (name: string) => hub.client.get(MANAGED_CLUSTERS, { name })
    const is = async (name: string, type: string) => findCondition((await get(name)).status?.conditions, type)
    const announce = (name: string, spec: ManagedCluster["spec"] = {}) =>
      hub.client.create(MANAGED_CLUSTERS, {
        apiVersion: "cluster.open-cluster-management.io/v1",
        kind: "ManagedCluster",
        metadata: { name },
        spec,
      })
    const change = (name: string, spec: object) => hub.client.patch(MANAGED_CLUSTERS, { name }, { merge: { spec } })
    const renew = (name: string, atMs: number) =>
      hub.client.patch(
        LEASES,
        { namespace: name, name: CLUSTER_LEASE },
        { merge: { spec: { renewTime: formatMicroTime(atMs) } } },
      )
    /** As an agent reports. */
    const report = async (name: string, type: string, status: string) => {
      const { status: before, metadata } = await get(name)
      const lastTransitionTime = formatTime(Date.now())
      const conditions = (before?.conditions ?? []).filter((condition) => condition.type !== type)
      conditions.push({ type, status: status as "True", reason: "Test", message: "", lastTransitionTime })
      const merge = { metadata: { resourceVersion: metadata.resourceVersion }, status: { conditions } }
      await hub.client.patch(MANAGED_CLUSTERS, { name }, { merge }, { subresource: "status" })
    }
    const reported = (name: string, type: string, status: string) =>
      eventually(async () => {
        await report(name, type, status).catch((error: unknown) => {
          if (!hasReason(error, "Conflict")) throw error
        })
        assert.equal((await is(name, type))?.status, status)
      })
    const taintsOf = async (name: string) =>
      ((await get(name)).spec?.taints ?? []).map(({ key, effect, timeAdded }) => [key, effect, timeAdded !== undefined])
    const tainted = (name: string, ...keys: string[]) =>
      eventually(async () =>
        assert.deepEqual(
          await taintsOf(name),
          keys.map((key) => [key, "NoSelect", true]),
        ),
      )
    const isGone = (read: Promise<unknown>) => assert.rejects(read, (error: unknown) => hasReason(error, "NotFound"))
    const role = "open-cluster-management:managedcluster:c1"
    const bindings = async (namespace: string) =>
      (await hub.client.list(ROLE_BINDINGS, { namespace })).items.map(({ metadata }) => metadata.name).toSorted()

    test(`${label}: 4. a cluster that has reported nothing is unreachable, and tainted so, with a time`, async () => {
      await announce("c1", { leaseDurationSeconds: LEASE_SECONDS })
      await tainted("c1", TAINT_UNREACHABLE)
      assert.equal(await is("c1", AVAILABLE), undefined)
    })

    test(`${label}: 5. acceptance gives a namespace and rights`, async () => {
      await isGone(hub.client.get(CLUSTER_ROLES, { name: role }))
      await change("c1", { hubAcceptsClient: true })
      await eventually(async () => assert.equal((await is("c1", HUB_ACCEPTED))?.status, "True"))
      await hub.client.get(CLUSTER_ROLES, { name: role })
      assert.deepEqual(await bindings("c1"), [
        "open-cluster-management:managedcluster:c1:registration",
        "open-cluster-management:managedcluster:c1:work",
      ])
    })

    test(`${label}: 1. the hub makes the lease, and five times its duration later calls the cluster Unknown`, async () => {
      await eventually(() => hub.client.get(LEASES, { namespace: "c1", name: CLUSTER_LEASE }))
      await renew("c1", Date.now())
      await reported("c1", AVAILABLE, "True")
      await tainted("c1")
      await eventually(async () => {
        const available = await is("c1", AVAILABLE)
        assert.deepEqual([available?.status, available?.reason], ["Unknown", "ManagedClusterLeaseUpdateStopped"])
      })
      await tainted("c1", TAINT_UNREACHABLE)
    })

    test(`${label}: 1. a lease that is renewed again makes nothing True: only the agent says so`, async () => {
      await renew("c1", Date.now())
      // The hub has looked at the lease once it says that the clocks agree.
      await eventually(async () => assert.equal((await is("c1", CLOCK_SYNCED))?.status, "True"))
      assert.equal((await is("c1", AVAILABLE))?.status, "Unknown")
    })

    test(`${label}: 2. a clock that is off is told`, async () => {
      await renew("c1", Date.now() + 3_600_000)
      await eventually(async () => assert.equal((await is("c1", CLOCK_SYNCED))?.status, "False"))
    })

    test(`${label}: 4. unreachable and unavailable exclude each other`, async () => {
      await change("c1", { leaseDurationSeconds: 3_600 })
      await renew("c1", Date.now())
      await reported("c1", AVAILABLE, "False")
      await tainted("c1", TAINT_UNAVAILABLE)
      await reported("c1", AVAILABLE, "Unknown")
      await tainted("c1", TAINT_UNREACHABLE)
      await reported("c1", AVAILABLE, "True")
      await tainted("c1")
    })

    test(`${label}: 5. denial takes the rights, and waits for works with the last of them`, async () => {
      const work = { apiVersion: "work.open-cluster-management.io/v1", kind: "ManifestWork" }
      const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } }
      const metadata = { name: "w", namespace: "c1", finalizers: ["test.hawser.dev/held"] }
      await hub.client.create(MANIFEST_WORKS, { ...work, metadata, spec: { workload: { manifests: [manifest] } } })
      await change("c1", { hubAcceptsClient: false })
      await eventually(async () =>
        assert.deepEqual(await bindings("c1"), ["open-cluster-management:managedcluster:c1:work"]),
      )
      const key = { namespace: "c1", name: "w" }
      await hub.client.delete(MANIFEST_WORKS, key)
      await hub.client.patch(MANIFEST_WORKS, key, { merge: { metadata: { finalizers: null } } })
      await eventually(async () => assert.deepEqual(await bindings("c1"), []))
      await eventually(async () => assert.equal((await is("c1", HUB_ACCEPTED))?.reason, "HubClusterAdminDenied"))
    })

    test(`${label}: 5. deletion leaves the namespace`, async () => {
      await change("c1", { hubAcceptsClient: true })
      await eventually(async () => assert.equal((await is("c1", HUB_ACCEPTED))?.status, "True"))
      await hub.client.patch(
        MANAGED_CLUSTERS,
        { name: "c1" },
        { merge: { metadata: { annotations: { "hawser.dev/detach-grace": "0s" } } } },
      )
      await hub.client.delete(MANAGED_CLUSTERS, { name: "c1" })
      await eventually(() => isGone(get("c1")))
      await isGone(hub.client.get(CLUSTER_ROLES, { name: role }))
      assert.equal((await hub.client.get(NAMESPACES, { name: "c1" })).metadata.deletionTimestamp, undefined)
    })

    test(`${label}: 10. of the built-in sets the selector is put back, unless that is turned off`, async () => {
      const selector = async (name: string) =>
        (await hub.client.get(MANAGED_CLUSTER_SETS, { name })).spec?.clusterSelector?.selectorType
      const turn = (name: string, merge: object) => hub.client.patch(MANAGED_CLUSTER_SETS, { name }, { merge })
      const other = {
        spec: { clusterSelector: { selectorType: "LabelSelector", labelSelector: { matchLabels: { a: "b" } } } },
      }
      await turn("default", other)
      await eventually(async () => assert.equal(await selector("default"), "ExclusiveClusterSetLabel"))
      await turn("global", { metadata: { annotations: { [AUTO_UPDATE_ANNOTATION]: "false" } } })
      await turn("global", other)
      // What follows is done after the change above was looked at.
      await turn("default", other)
      await eventually(async () => assert.equal(await selector("default"), "ExclusiveClusterSetLabel"))
      const { spec } = await hub.client.get(MANAGED_CLUSTER_SETS, { name: "global" })
      assert.deepEqual(spec?.clusterSelector?.labelSelector?.matchLabels, { a: "b" })
      await turn("global", { metadata: { annotations: { [AUTO_UPDATE_ANNOTATION]: null } } })
      await eventually(async () => {
        const now = await hub.client.get(MANAGED_CLUSTER_SETS, { name: "global" })
        assert.deepEqual(now.spec?.clusterSelector?.labelSelector ?? {}, {})
      })
    })

    test(`${label}: 6. automatic approval lets in once: a denial by hand stays`, async () => {
      await controllers?.stop()
      const gate = ["--feature-gates", "ManagedClusterAutoApproval=true"]
      controllers = startHawser(dir, "hub", "--kubeconfig", server.kubeconfig, ...gate)
      await announce("c2")
      await eventually(async () => assert.equal((await is("c2", HUB_ACCEPTED))?.status, "True"))
      assert.ok((await get("c2")).metadata.annotations?.[AUTO_ACCEPTED_ANNOTATION])
      await change("c2", { hubAcceptsClient: false })
      await eventually(async () => assert.equal((await is("c2", HUB_ACCEPTED))?.reason, "HubClusterAdminDenied"))
      // Another cluster comes and is let in: the hub has had every occasion to let this one in again.
      await announce("c3")
      await eventually(async () => assert.equal((await is("c3", HUB_ACCEPTED))?.status, "True"))
      assert.equal((await get("c2")).spec?.hubAcceptsClient, false)
    })
  })
}
