// What SIG Multicluster's kinds carry: a property of the cluster, to a claim on the hub, to a profile for other tools.
import assert from "node:assert/strict"
import { CLUSTER_PROFILES } from "#api/cluster/profile.ts"
import { CLUSTER_PROPERTIES } from "#api/cluster/property.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CLUSTER_CLAIMS } from "#api/cluster/v1alpha1.ts"
import { MANAGED_CLUSTER_SET_BINDINGS } from "#api/cluster/v1beta2.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import type { KubeClient } from "#kube/client.ts"
import { eventually } from "../support/eventually.ts"

const NAMESPACE = "inventory"

/** Hub and agent run with the gates ClusterProfile and ClusterProperty. */
export async function clusterProfiles(hub: KubeClient, spoke: KubeClient, cluster: string): Promise<void> {
  const property = (name: string, value: string) =>
    spoke.create(CLUSTER_PROPERTIES, {
      apiVersion: "about.k8s.io/v1alpha1",
      kind: "ClusterProperty",
      metadata: { name },
      spec: { value },
    })
  const claim = (name: string, value: string) =>
    spoke.create(CLUSTER_CLAIMS, {
      apiVersion: "cluster.open-cluster-management.io/v1alpha1",
      kind: "ClusterClaim",
      metadata: { name },
      spec: { value },
    })
  await claim("rack", "from the claim")
  await claim("row", "7")
  await property("rack", "from the property")
  await property("novel", "x".repeat(2_000))
  const told = [
    { name: "rack", value: "from the property" },
    { name: "row", value: "7" },
  ]
  await eventually(async () => {
    const { status } = await hub.get(MANAGED_CLUSTERS, { name: cluster })
    assert.deepEqual(status?.clusterClaims, told)
  })

  await hub.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } })
  await hub.create(MANAGED_CLUSTER_SET_BINDINGS, {
    apiVersion: "cluster.open-cluster-management.io/v1beta2",
    kind: "ManagedClusterSetBinding",
    metadata: { name: "global", namespace: NAMESPACE },
    spec: { clusterSet: "global" },
  })
  await eventually(async () => {
    const { metadata, spec, status } = await hub.get(CLUSTER_PROFILES, { namespace: NAMESPACE, name: cluster })
    assert.deepEqual(metadata.labels, {
      "x-k8s.io/cluster-manager": "open-cluster-management",
      "multicluster.x-k8s.io/clusterset": "default",
      "open-cluster-management.io/cluster-name": cluster,
    })
    assert.deepEqual(spec, { displayName: cluster, clusterManager: { name: "open-cluster-management" } })
    assert.deepEqual(status?.properties, told)
    assert.deepEqual(
      status?.conditions?.map(({ type, status: is }) => `${type}=${is}`),
      ["ControlPlaneHealthy=True", "Joined=True"],
    )
    assert.match(status?.version?.kubernetes ?? "", /^v1\./)
  })
  await hub.delete(MANAGED_CLUSTER_SET_BINDINGS, { namespace: NAMESPACE, name: "global" })
  await eventually(async () => assert.deepEqual((await hub.list(CLUSTER_PROFILES, { namespace: NAMESPACE })).items, []))
}
