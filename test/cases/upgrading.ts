// The image of agents, changed from the hub. No kubelet runs here: its part is played.
import assert from "node:assert/strict"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { PODS } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import type { KubeClient } from "#kube/client.ts"
import { eventually } from "../support/eventually.ts"
import type { Ended } from "../support/hawser.ts"

export type UpgradeScene = {
  readonly hub: KubeClient
  /** Of cluster `shop1`, whose agent is registered; its Deployment is there. */
  readonly spoke: KubeClient
  /** The Deployment. */
  readonly agent: { readonly namespace: string; readonly name: string }
  /** `hawser upgrade agents`, on the hub. */
  readonly run: (...args: string[]) => Promise<Ended>
}

const NEXT = "registry.example/hawser:next"

export async function upgrading({ hub, spoke, agent, run }: UpgradeScene): Promise<void> {
  const away = { apiVersion: "cluster.open-cluster-management.io/v1", kind: "ManagedCluster", spec: {} }
  await hub.create(MANAGED_CLUSTERS, { ...away, metadata: { name: "away" } })
  await eventually(() => hub.get(MANAGED_CLUSTERS, { name: "away" }))
  const before = await spoke.get(DEPLOYMENTS, agent)
  const image = async () => {
    const { spec } = await spoke.get(DEPLOYMENTS, agent)
    return (spec.template.spec.containers[0] as { image?: string }).image
  }
  for (const wrong of [["--image", "no image"], ["--image", NEXT, "--stages", "0%"], []])
    assert.equal((await run(...wrong)).code, 2, wrong.join(" "))
  const unknown = await run("--image", NEXT, "--clusters", "shop1,nobody")
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /the hub has no cluster nobody/)
  const planned = await run("--image", NEXT, "--dry-run")
  assert.equal(planned.stdout, "stage 1 of 1: shop1\nnot available, when they are heard of: away\n")
  assert.equal(await image(), (before.spec.template.spec.containers[0] as { image?: string }).image)

  const late = await run("--image", NEXT, "--clusters", "shop1", "--timeout", "2")
  assert.equal(late.code, 4, late.stderr)
  assert.match(late.stderr, /Upgrade stopped in stage 1 of 1; 0 clusters are left as they were\n +shop1: .*ready/)
  assert.equal(await image(), NEXT)

  await hub.delete(MANAGED_CLUSTERS, { name: "away" })
  let ended: Ended | undefined
  const again = run("--image", NEXT).then((end) => (ended = end))
  await eventually(async () => {
    await asKubeletWould(spoke, agent)
    assert.ok(ended !== undefined, "the upgrade waits")
  })
  assert.equal((await again).code, 0, ended?.stderr ?? "")
  assert.match(ended?.stderr ?? "", /stage 1 of 1: 1 of 1 agents run registry\.example\/hawser:next/)
  const after = await spoke.get(DEPLOYMENTS, agent)
  const rest = (deployment: typeof before) => ({ ...deployment.spec, template: undefined })
  assert.deepEqual(rest(after), rest(before))

  const key = { namespace: "shop1", name: "hawser-agent-upgrade" }
  await hub.delete(MANIFEST_WORKS, key)
  await eventually(async () => assert.deepEqual((await hub.list(MANIFEST_WORKS, { namespace: "shop1" })).items, []))
  assert.equal((await spoke.get(DEPLOYMENTS, agent)).metadata.uid, before.metadata.uid)
}

/** Pods become ready where a controller makes them; where none does, the Deployment says that they are. */
async function asKubeletWould(spoke: KubeClient, agent: { readonly namespace: string; readonly name: string }) {
  const { items } = await spoke.list(PODS, { namespace: agent.namespace })
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }]
  for (const { metadata } of items) {
    const key = { namespace: agent.namespace, name: metadata.name! }
    await spoke.patch(PODS, key, { merge: { status: { phase: "Running", conditions } } }, { subresource: "status" })
  }
  if (items.length > 0) return
  const { generation: observedGeneration } = (await spoke.get(DEPLOYMENTS, agent)).metadata
  const status = { observedGeneration, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }
  await spoke.patch(DEPLOYMENTS, agent, { merge: { status } }, { subresource: "status" })
}
