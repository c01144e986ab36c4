// What a person would look at in a simulated fleet.
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { CLUSTER_LEASE } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { PLACEMENT_DECISIONS } from "#api/cluster/v1beta1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { CONFIG_MAPS, PODS } from "#api/kubernetes/core.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { EmbeddedServer } from "#controlplane/embedded-server.ts"
import type { Simulation, SimulatedMember } from "#simulator/simulation.ts"

const all = <T extends KubeObject>(server: EmbeddedServer, type: ResourceType<T>) =>
  server.informers.informer(type).list()
const find = <T extends KubeObject>(server: EmbeddedServer, type: ResourceType<T>, key: string) =>
  server.informers.informer(type).get(key)

type Condition = { readonly type: string; readonly status: string }
/** A condition's status: `True`, `False`, `Unknown`, or undefined. */
const statusOf = (conditions: readonly Condition[] | undefined, type: string) =>
  (conditions ?? []).find((c) => c.type === type)?.status

export const clusterCondition = ({ hub }: Simulation, name: string, type: string) =>
  statusOf(find(hub, MANAGED_CLUSTERS, name)?.status?.conditions, type)

export const heartbeatAgeMs = ({ hub, clock }: Simulation, name: string): number =>
  clock.nowMs() - parseTimeMs(find(hub, LEASES, `${name}/${CLUSTER_LEASE}`)?.spec?.renewTime)!

export const taintsOf = ({ hub }: Simulation, name: string): string[] =>
  (find(hub, MANAGED_CLUSTERS, name)?.spec.taints ?? []).map(({ key }) => key)

/** Whom a Placement chose, in the order of the names. */
export const chosenBy = ({ hub }: Simulation, namespace: string, placement: string): string[] =>
  all(hub, PLACEMENT_DECISIONS)
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.name!.startsWith(`${placement}-decision`))
    .flatMap(({ status }) => (status?.decisions ?? []).map(({ clusterName }) => clusterName))
    .sort()

export const worksOf = ({ hub }: Simulation, member: string) =>
  all(hub, MANIFEST_WORKS).filter(({ metadata }) => metadata.namespace === member)

/** Whether all works of a member are applied and available in their latest generation, and none is on its way out. */
export const areWorksAvailable = (simulation: Simulation, member: string): boolean =>
  worksOf(simulation, member).every(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined &&
      ["Applied", "Available"].every((type) =>
        (status?.conditions ?? []).some(
          (c) => c.type === type && c.status === "True" && c.observedGeneration === metadata.generation,
        ),
      ),
  )

export const appliedWorksOf = ({ server }: SimulatedMember) => all(server, APPLIED_MANIFEST_WORKS)

export const configOf = ({ server }: SimulatedMember, namespace: string, name: string) =>
  find(server, CONFIG_MAPS, `${namespace}/${name}`)?.data

export const isDeploymentAvailable = ({ server }: SimulatedMember, namespace: string, name: string): boolean =>
  statusOf(find(server, DEPLOYMENTS, `${namespace}/${name}`)?.status?.conditions, "Available") === "True"

/** Names and uids of the pods in a namespace that are ready: the same list means that nothing was started anew. */
export const readyPodsOf = ({ server }: SimulatedMember, namespace: string): string[] =>
  all(server, PODS)
    .filter(
      ({ metadata, status }) => metadata.namespace === namespace && statusOf(status?.conditions, "Ready") === "True",
    )
    .map(({ metadata }) => `${metadata.name} ${metadata.uid}`)
    .sort()
