// Namespaces that a cluster set wants on its clusters, from the hub to the member and back.
import assert from "node:assert/strict"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTER_SETS } from "#api/cluster/v1beta2.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import type { KubeClient } from "#kube/client.ts"
import { eventually } from "../support/eventually.ts"

const SET = "payments"
const PREFIX = "clusterset.open-cluster-management.io/"

/** Controllers of the hub and the cluster's agent run. Ends as it began, but for the namespaces, which stay. */
export async function managedNamespaces(hub: KubeClient, spoke: KubeClient, cluster: string): Promise<void> {
  const want = (names: string[]) =>
    hub.patch(
      MANAGED_CLUSTER_SETS,
      { name: SET },
      { merge: { spec: { managedNamespaces: names.map((name) => ({ name })) } } },
    )
  const told = async () => {
    const { status } = await hub.get(MANAGED_CLUSTERS, { name: cluster })
    return (status?.managedNamespaces ?? []).map(({ name, clusterSet, conditions = [] }) =>
      [clusterSet, name, ...conditions.map((c) => `${c.type}=${c.status} ${c.reason}`)].join(" "),
    )
  }
  const marks = async (name: string) => {
    const { labels = {} } = (await spoke.get(NAMESPACES, { name })).metadata
    return Object.entries(labels).flatMap(([key, value]) => (key.startsWith(PREFIX) ? [value] : []))
  }
  await spoke.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: "ledger" } })
  await hub.create(MANAGED_CLUSTER_SETS, {
    apiVersion: "cluster.open-cluster-management.io/v1beta2",
    kind: "ManagedClusterSet",
    metadata: { name: SET },
    spec: { clusterSelector: { selectorType: "LabelSelector", labelSelector: { matchLabels: { payments: "yes" } } } },
  })
  await want(["ledger", "cards"])
  await hub.patch(MANAGED_CLUSTERS, { name: cluster }, { merge: { metadata: { labels: { payments: "yes" } } } })
  const applied = "NamespaceAvailable=True NamespaceApplied"
  await eventually(async () =>
    assert.deepEqual(await told(), [`payments cards ${applied}`, `payments ledger ${applied}`]),
  )
  assert.deepEqual([await marks("ledger"), await marks("cards")], [["true"], ["true"]])

  await want(["cards"])
  await eventually(async () => {
    assert.deepEqual(await told(), [`payments cards ${applied}`])
    assert.deepEqual([await marks("ledger"), await marks("cards")], [["false"], ["true"]])
  })
  await hub.delete(MANAGED_CLUSTER_SETS, { name: SET })
  await eventually(async () => {
    assert.deepEqual(await told(), [])
    assert.deepEqual([await marks("ledger"), await marks("cards")], [["false"], ["false"]])
  })
  await hub.patch(MANAGED_CLUSTERS, { name: cluster }, { merge: { metadata: { labels: { payments: null } } } })
}
