// The rows about many clusters: what the hub's controllers do with a thousand of them. No agents are needed.
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { PLACEMENTS, type Placement } from "#api/cluster/v1beta1.ts"
import { MANAGED_CLUSTER_SET_BINDINGS } from "#api/cluster/v1beta2.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { REPLICA_SET_LABEL } from "#api/work/names.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { MANIFEST_WORK_REPLICA_SETS } from "#api/work/v1alpha1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import type { KubeClient } from "#kube/client.ts"
import { Following } from "./await-watch.ts"
import { inLanes, nowMs, type Row } from "./measure.ts"

const LABEL = "bench.hawser.dev/run"
const RELABELLED = 100

/** @param memory  resident megabytes of the hub's controllers, where they can be looked at */
export async function benchFleet(
  hub: KubeClient,
  count: number,
  memory: () => number | undefined,
  say: (line: string) => void,
): Promise<Row[]> {
  const run = `r${process.pid}`
  const namespace = `bench-${run}`
  const names = Array.from({ length: count }, (_, i) => `bench-${run}-${i}`)
  const rows: Row[] = []
  const told = (row: Row) => {
    rows.push(row)
    say(`  ${row.what}: ${row.values.map((value) => value.toFixed(2)).join(" ")} ${row.unit}`)
  }
  const idle = memory()
  const clusters = await Following.start(hub, MANAGED_CLUSTERS)

  let started = nowMs()
  const accepted = Promise.all(names.map((name) => clusters.until(name, isAccepted)))
  await inLanes(names, (name) => hub.create(MANAGED_CLUSTERS, cluster(name, run)))
  const written = nowMs()
  await accepted
  told(
    seconds(
      `${count} clusters created → all accepted`,
      nowMs() - started,
      30,
      `the creates took ${inSeconds(written - started)}`,
    ),
  )

  await hub.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
  await hub.create(MANAGED_CLUSTER_SET_BINDINGS, {
    apiVersion: "cluster.open-cluster-management.io/v1beta2",
    kind: "ManagedClusterSetBinding",
    metadata: { name: "global", namespace },
    spec: { clusterSet: "global" },
  })
  const placements = await Following.start(hub, PLACEMENTS, { namespace })
  const selects = (wanted: number) =>
    placements.until(`${namespace}/all`, (p) => p?.status?.numberOfSelectedClusters === wanted)
  started = nowMs()
  const decided = selects(count)
  await hub.create(PLACEMENTS, placement(namespace, run))
  await decided
  told(seconds(`Placement over ${count} clusters → decisions written`, nowMs() - started, 0.5))

  const moved = names.slice(0, Math.min(RELABELLED, count))
  const followed = selects(count - moved.length)
  started = nowMs()
  await inLanes(moved, (name) =>
    hub.patch(MANAGED_CLUSTERS, { name }, { merge: { metadata: { labels: { [LABEL]: "moved" } } } }),
  )
  const relabelled = nowMs()
  await followed
  const note = `after the last write; the writes took ${inSeconds(relabelled - started)}`
  told(seconds(`${moved.length} of ${count} clusters relabelled → decisions follow`, nowMs() - relabelled, 0.2, note))

  const works = await Following.start(hub, MANIFEST_WORKS, { labelSelector: `${REPLICA_SET_LABEL}=${namespace}.all` })
  const left = count - moved.length
  started = nowMs()
  const made = works.untilCount(left)
  await hub.create(MANIFEST_WORK_REPLICA_SETS, replicaSet(namespace))
  await made
  told(seconds(`ManifestWorkReplicaSet to ${left} clusters → ${left} works`, nowMs() - started, 5))
  const busy = memory()
  if (idle !== undefined && busy !== undefined) {
    told({ what: "memory of the hub's controllers, idle", unit: "MB", values: [idle], budget: 120 })
    told({ what: `memory of the hub's controllers, ${count} clusters`, unit: "MB", values: [busy], budget: 200 })
  }

  started = nowMs()
  await hub.delete(MANIFEST_WORK_REPLICA_SETS, { namespace, name: "all" })
  await works.untilCount(0)
  const gone = Promise.all(names.map((name) => clusters.until(name, (c) => c === undefined)))
  await inLanes(names, (name) => hub.delete(MANAGED_CLUSTERS, { name }))
  await gone
  told(seconds(`${left} works and ${count} clusters deleted → gone`, nowMs() - started))
  await hub.delete(NAMESPACES, { name: namespace })
  for (const following of [clusters, placements, works]) following.stop()
  return rows
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`

const seconds = (what: string, ms: number, budget?: number, note?: string): Row => ({
  what,
  unit: "s",
  values: [ms / 1000],
  ...(budget === undefined ? {} : { budget }),
  ...(note === undefined ? {} : { note }),
})

const isAccepted = (found: ManagedCluster | undefined) =>
  isConditionTrue(found?.status?.conditions, "HubAcceptedManagedCluster")

const cluster = (name: string, run: string): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name, labels: { [LABEL]: run } },
  spec: { hubAcceptsClient: true },
})

const placement = (namespace: string, run: string): Placement => ({
  apiVersion: "cluster.open-cluster-management.io/v1beta1",
  kind: "Placement",
  metadata: { name: "all", namespace },
  spec: {
    predicates: [{ requiredClusterSelector: { labelSelector: { matchLabels: { [LABEL]: run } } } }],
    // Clusters without an agent are tainted after a while.
    tolerations: [{ operator: "Exists" }],
  },
})

const replicaSet = (namespace: string) => ({
  apiVersion: "work.open-cluster-management.io/v1alpha1" as const,
  kind: "ManifestWorkReplicaSet" as const,
  metadata: { name: "all", namespace },
  spec: {
    cascadeDeletionPolicy: "Background" as const,
    placementRefs: [{ name: "all" }],
    manifestWorkTemplate: {
      workload: {
        manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "bench", namespace: "default" } }],
      },
    },
  },
})
