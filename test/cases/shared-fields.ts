// Fields that a work shares with whoever else writes its objects, and what a work tells of their health.
import assert from "node:assert/strict"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import type { KubeClient } from "#kube/client.ts"
import { eventually } from "../support/eventually.ts"

const KEY = { namespace: "default", name: "shared" }
const WORK = { namespace: "shop1", name: "shared" }
type Ignore = {
  readonly condition: "OnSpokePresent" | "OnSpokeChange"
  readonly jsonPaths?: string[]
  readonly jsonPointers?: string[]
}

function work(replicas: number, image: string, ignore: Ignore): ManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: WORK,
    spec: {
      workload: {
        manifests: [
          {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: KEY,
            spec: {
              replicas,
              selector: { matchLabels: { app: "shared" } },
              template: { metadata: { labels: { app: "shared" } }, spec: { containers: [{ name: "a", image }] } },
            },
          },
        ],
      },
      manifestConfigs: [
        {
          resourceIdentifier: { group: "apps", resource: "deployments", ...KEY },
          updateStrategy: { type: "ServerSideApply", serverSideApply: { force: true, ignoreFields: [ignore] } },
          feedbackRules: [{ type: "WellKnownStatus" }],
        },
      ],
    },
  } as ManifestWork
}

/** `shop1` is joined and available. */
export async function sharedFields(hub: KubeClient, spoke: KubeClient): Promise<void> {
  const said = (replicas: number, image: string, ignore: Ignore) =>
    hub.apply(MANIFEST_WORKS, work(replicas, image, ignore), { fieldManager: "test", force: true })
  const live = async () => {
    const { spec } = await spoke.get(DEPLOYMENTS, KEY)
    return [spec.replicas, (spec.template.spec.containers[0] as { image?: string }).image]
  }
  const becomes = (replicas: number, image: string) =>
    eventually(async () => assert.deepEqual(await live(), [replicas, image]))
  const change = (spec: object) => spoke.patch(DEPLOYMENTS, KEY, { merge: { spec } }, { fieldManager: "by-hand" })
  const byHand = { template: { spec: { containers: [{ name: "a", image: "by/hand:1" }] } } }

  // A value of somebody else stays, through changes by hand and by the hub; everything else is put right.
  const present: Ignore = { condition: "OnSpokePresent", jsonPaths: [".spec.replicas"] }
  await said(2, "a:1", present)
  await becomes(2, "a:1")
  await change({ replicas: 5, ...byHand })
  await becomes(5, "a:1")
  await said(3, "a:2", present)
  await becomes(5, "a:2")

  // Left alone until the hub says something else.
  const changed: Ignore = { condition: "OnSpokeChange", jsonPointers: ["/spec/replicas"] }
  await said(3, "a:2", changed)
  await becomes(3, "a:2")
  await change({ replicas: 6, ...byHand })
  await becomes(6, "a:2")
  await said(4, "a:2", changed)
  await becomes(4, "a:2")

  // What cannot be read is said, and nothing is written.
  await said(1, "a:3", { condition: "OnSpokePresent", jsonPointers: ["/spec/template/spec/containers/x"] })
  const told = async () => (await hub.get(MANIFEST_WORKS, WORK)).status
  await eventually(async () => {
    const [manifest] = (await told())?.resourceStatus?.manifests ?? []
    const applied = findCondition(manifest?.conditions, "Applied")
    assert.deepEqual([applied?.status, applied?.reason], ["False", "AppliedManifestSSAIgnoreFieldError"])
  })
  assert.deepEqual(await live(), [4, "a:2"])

  // It is there, which is what Available means; no pod of it runs, which is what Healthy means.
  await said(4, "a:2", changed)
  await eventually(async () => {
    const status = await told()
    const is = (type: string) => findCondition(status?.conditions, type)
    assert.deepEqual([is("Applied")?.status, is("Available")?.status], ["True", "True"])
    assert.deepEqual([is("Healthy")?.status, is("Healthy")?.reason], ["False", "InProgress"])
    assert.match(is("Healthy")?.message ?? "", /1 of 1 resources are not healthy: Deployment "default\/shared": /)
  })
  await hub.delete(MANIFEST_WORKS, WORK)
  await eventually(async () => assert.deepEqual((await spoke.list(DEPLOYMENTS, { namespace: "default" })).items, []))
}
