// Clusters that are denied, let in again, and detached, with the commands that people type.
import assert from "node:assert/strict"
import { join } from "node:path"
import { HUB_ACCEPTED } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { eventually } from "../support/eventually.ts"
import type { Connected, Ended, Running } from "../support/hawser.ts"

export type LeavingScene = {
  readonly dir: string
  readonly run: (...args: string[]) => Promise<Ended>
  readonly begin: (...args: string[]) => Running
  readonly available: (name: string) => Promise<void>
  readonly hub: Connected
  readonly spoke: Connected
  readonly servers: { readonly hubKubeconfig: string; readonly spokeKubeconfig: string }
}

/** `shop1` is joined and available, and its agent runs in `dir/shop1` as `agent`. */
export async function leaving(scene: LeavingScene, agent: Running, bootstrap: string): Promise<void> {
  const { run, hub, spoke, servers, available } = scene
  const onHub = ["--kubeconfig", servers.hubKubeconfig]
  const applied = () => spoke.client.get(CONFIG_MAPS, { namespace: "default", name: "stays" })
  const isAccepted = async () => {
    const { status } = await hub.client.get(MANAGED_CLUSTERS, { name: "shop1" })
    return isConditionTrue(status?.conditions, HUB_ACCEPTED)
  }
  const gone = async (get: () => Promise<unknown>) =>
    eventually(() => assert.rejects(get(), (error: unknown) => hasReason(error, "NotFound")))
  const work = {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { name: "stays", namespace: "shop1" },
    spec: {
      workload: {
        manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "stays", namespace: "default" } }],
      },
    },
  }

  const denied = await run("deny", "shop1", ...onHub)
  assert.equal(denied.code, 0, denied.stderr)
  assert.match(denied.stdout, /set hubAcceptsClient to false for managed cluster shop1/)
  await eventually(async () => assert.equal(await isAccepted(), false))
  assert.match((await run("deny", "shop1", ...onHub)).stdout, /denied already/)
  assert.equal((await run("accept", "shop1", ...onHub)).code, 0)
  await eventually(async () => assert.equal(await isAccepted(), true))
  await hub.client.create(MANIFEST_WORKS, work)
  await eventually(applied)

  const missing = await run("detach", "nobody", ...onHub)
  assert.deepEqual([missing.code, missing.stderr.includes("no cluster of that name")], [1, true], missing.stderr)

  // The agent is killed: nobody takes the works away.
  await agent.stop("SIGKILL")
  const waits = await run("detach", "shop1", ...onHub, "--grace", "1h", "--timeout", "1")
  assert.equal(waits.code, 4, waits.stderr)
  assert.match(waits.stderr, /shop1: 1 ManifestWorks remain/)
  const forced = await run("detach", "shop1", ...onHub, "--force")
  assert.equal(forced.code, 0, forced.stderr)
  await applied()
  assert.deepEqual((await hub.client.list(MANIFEST_WORKS, { namespace: "shop1" })).items, [])
  const again = await run("detach", "shop1", ...onHub)
  assert.match(again.stdout, /detached before \(at .*; its agent has not come back to clear up\)/)

  // It comes back, obeys, and does not join by itself.
  const target = ["--bootstrap-kubeconfig", bootstrap, "--spoke-kubeconfig", servers.spokeKubeconfig]
  const returned = scene.begin("agent", "--cluster-name", "shop1", ...target, "--dir", join(scene.dir, "shop1"))
  await gone(applied)
  await eventually(async () => {
    const told = await run("detach", "shop1", ...onHub)
    assert.match(told.stdout, /its agent has cleared up at /)
  })
  assert.deepEqual((await spoke.client.list(APPLIED_MANIFEST_WORKS)).items, [])
  await gone(() => hub.client.get(MANAGED_CLUSTERS, { name: "shop1" }))
  await returned.stop()

  // Joined again, and detached while its agent is there.
  const place = ["--kubeconfig", servers.spokeKubeconfig, "--dir", join(scene.dir, "shop1")]
  const rejoined = scene.begin(
    "join",
    "--cluster-name",
    "shop1",
    "--bootstrap-kubeconfig",
    bootstrap,
    ...place,
    "--run",
  )
  assert.equal((await run("accept", "shop1", "--wait", ...onHub)).code, 0)
  await available("shop1")
  await hub.client.create(MANIFEST_WORKS, work)
  await eventually(applied)
  const kept = await run("detach", "shop1", ...onHub, "--keep-workloads")
  assert.equal(kept.code, 0, kept.stderr)
  await eventually(async () => {
    assert.deepEqual((await spoke.client.list(APPLIED_MANIFEST_WORKS)).items, [])
    assert.deepEqual((await applied()).metadata.ownerReferences ?? [], [])
  })
  await spoke.client.delete(CONFIG_MAPS, { namespace: "default", name: "stays" })
  await rejoined.stop()
}
