// `hawser create work`: wraps manifests for clusters, or for all that a placement selects.
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { PLACEMENT_DECISIONS, PLACEMENTS } from "#api/cluster/v1beta1.ts"
import { PLACEMENT_LABEL } from "#api/cluster/names.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { pagesOf } from "./pages.ts"
import { CommandError, EXIT } from "./terminal.ts"

export type CreateWorkOptions = {
  readonly clusters: readonly string[]
  /** `NAMESPACE/NAME`. */
  readonly placement?: string
  /** Follow the placement from now on, by a ManifestWorkReplicaSet. */
  readonly replicaSet: boolean
  readonly overwrite: boolean
}

/**
 * @returns what is to be applied: a ManifestWork for each cluster, or one ManifestWorkReplicaSet
 * @throws CommandError when a cluster or the placement is not there, or a work is, and may not be overwritten
 */
export async function worksFor(
  client: KubeClient,
  name: string,
  manifests: readonly UnknownObject[],
  options: CreateWorkOptions,
): Promise<UnknownObject[]> {
  const { clusters, placement, replicaSet, overwrite } = options
  if (clusters.length > 0 === (placement !== undefined)) {
    throw new CommandError("Cannot create work: want either --clusters or --placement", { exitCode: EXIT.usage })
  }
  const workload = { manifests }
  if (placement === undefined) {
    for (const cluster of clusters) await checkCluster(client, cluster)
  } else if (replicaSet) {
    const [namespace, of] = await checkPlacement(client, placement)
    return [
      {
        apiVersion: "work.open-cluster-management.io/v1alpha1",
        kind: "ManifestWorkReplicaSet",
        metadata: { namespace, name },
        spec: { placementRefs: [{ name: of }], manifestWorkTemplate: { workload } },
      },
    ]
  }
  const chosen = placement === undefined ? clusters : await clustersOf(client, placement)
  if (!overwrite) for (const cluster of chosen) await checkAbsent(client, cluster, name)
  return chosen.map((namespace) => ({
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { namespace, name },
    spec: { workload },
  }))
}

async function checkCluster(client: KubeClient, name: string): Promise<void> {
  if (await isThere(client.get(MANAGED_CLUSTERS, { name }))) return
  throw new CommandError(`Cannot create work: the hub has no cluster "${name}"`, { next: "hawser get clusters" })
}

async function checkPlacement(client: KubeClient, text: string): Promise<[string, string]> {
  const [namespace = "", name = "", ...rest] = text.includes("/") ? text.split("/") : ["default", text]
  if (namespace === "" || name === "" || rest.length > 0) {
    throw new CommandError(`Cannot read --placement "${text}": want NAMESPACE/NAME`, { exitCode: EXIT.usage })
  }
  if (await isThere(client.get(PLACEMENTS, { namespace, name }))) return [namespace, name]
  throw new CommandError(`Cannot create work: there is no placement "${name}" in namespace "${namespace}"`, {
    next: "hawser get placements",
  })
}

async function clustersOf(client: KubeClient, placement: string): Promise<readonly string[]> {
  const [namespace, name] = await checkPlacement(client, placement)
  const clusters: string[] = []
  for await (const page of pagesOf(client, PLACEMENT_DECISIONS, {
    namespace,
    labelSelector: `${PLACEMENT_LABEL}=${name}`,
  })) {
    clusters.push(...page.flatMap(({ status }) => (status?.decisions ?? []).map((decision) => decision.clusterName)))
  }
  if (clusters.length > 0) return clusters
  throw new CommandError(`Cannot create work: placement "${name}" selects no cluster`, {
    next: `kubectl describe placement -n ${namespace} ${name}; with --replicaset the work follows when it does`,
  })
}

async function checkAbsent(client: KubeClient, cluster: string, name: string): Promise<void> {
  if (!(await isThere(client.get(MANIFEST_WORKS, { namespace: cluster, name })))) return
  throw new CommandError(`Cannot create work "${name}": cluster "${cluster}" has one of that name`, {
    next: "--overwrite changes it",
  })
}

async function isThere(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer
    return true
  } catch (error) {
    if (hasReason(error, "NotFound")) return false
    throw error
  }
}
