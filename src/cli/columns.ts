// What `hawser get` shows of each kind.
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Placement, PlacementDecision } from "#api/cluster/v1beta1.ts"
import { CLUSTER_SET_LABEL, PLACEMENT_LABEL } from "#api/cluster/names.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { Condition } from "#apimachinery/conditions.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { ObjectColumn } from "./output.ts"
import { formatAge } from "./table.ts"

type Conditions = { readonly conditions?: readonly Condition[] } | undefined

const statusOf = (status: Conditions, type: string) => status?.conditions?.find((c) => c.type === type)?.status ?? ""
const name = { head: "name", cell: (o: KubeObject) => o.metadata.name ?? "" }
const namespace = { head: "namespace", cell: (o: KubeObject) => o.metadata.namespace ?? "" }
const age = (nowMs: number) => ({
  head: "age",
  cell: (o: KubeObject) => formatAge(parseTimeMs(o.metadata.creationTimestamp), nowMs),
})

export const clusterColumns = (nowMs: number): readonly ObjectColumn<ManagedCluster>[] => [
  name,
  { head: "accepted", cell: (c) => String(c.spec.hubAcceptsClient) },
  { head: "joined", cell: (c) => statusOf(c.status, "ManagedClusterJoined") },
  { head: "available", cell: (c) => statusOf(c.status, "ManagedClusterConditionAvailable") },
  { head: "version", cell: (c) => c.status?.version?.kubernetes ?? "" },
  { head: "clusterset", wide: true, cell: (c) => c.metadata.labels?.[CLUSTER_SET_LABEL] ?? "" },
  { head: "cpu", wide: true, cell: (c) => c.status?.allocatable?.["cpu"] ?? "" },
  { head: "memory", wide: true, cell: (c) => c.status?.allocatable?.["memory"] ?? "" },
  { head: "taints", wide: true, cell: (c) => (c.spec.taints ?? []).map((t) => t.key).join(",") },
  age(nowMs),
]

export const workColumns = (nowMs: number): readonly ObjectColumn<ManifestWork>[] => [
  { head: "cluster", cell: (w) => w.metadata.namespace ?? "" },
  name,
  { head: "manifests", cell: (w) => String(w.spec.workload?.manifests?.length ?? 0) },
  { head: "applied", cell: (w) => statusOf(w.status, "Applied") },
  { head: "available", cell: (w) => statusOf(w.status, "Available") },
  {
    head: "message",
    wide: true,
    cell: (w) => w.status?.conditions?.find((c) => c.status !== "True")?.message ?? "",
  },
  age(nowMs),
]

export const placementColumns = (nowMs: number): readonly ObjectColumn<Placement>[] => [
  namespace,
  name,
  { head: "succeeded", cell: (p) => statusOf(p.status, "PlacementSatisfied") },
  { head: "reason", cell: (p) => p.status?.conditions?.find((c) => c.type === "PlacementSatisfied")?.reason ?? "" },
  { head: "selected", cell: (p) => String(p.status?.numberOfSelectedClusters ?? 0) },
  age(nowMs),
]

export const decisionColumns = (nowMs: number): readonly ObjectColumn<PlacementDecision>[] => [
  namespace,
  name,
  { head: "placement", cell: (d) => d.metadata.labels?.[PLACEMENT_LABEL] ?? "" },
  { head: "selected", cell: (d) => String(d.status?.decisions?.length ?? 0) },
  { head: "clusters", wide: true, cell: (d) => (d.status?.decisions ?? []).map((x) => x.clusterName).join(",") },
  age(nowMs),
]
