// Disruption budgets: how many of their pods may go at the same time.
//
// Reads:    PodDisruptionBudget, Pod, and the workloads that own pods.
// Wakes on: PodDisruptionBudget; the pods that it selects or selected.
// Writes:   PodDisruptionBudget status. Evictions are answered in eviction.ts.
// Gives up when: the budget is gone.
import { DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS } from "#api/kubernetes/apps.ts"
import { PODS, REPLICATION_CONTROLLERS, type Pod } from "#api/kubernetes/core.ts"
import { POD_DISRUPTION_BUDGETS, type PodDisruptionBudget } from "#api/kubernetes/policy.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { keyOf, type KubeObject, type OwnerReference } from "#apimachinery/meta.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planDisruption } from "./disruption.plan.ts"

const BY_NAMESPACE = "disruption/namespace"

/** Kinds that say in spec.replicas how many pods they want. */
const SCALED = [DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, REPLICATION_CONTROLLERS] as unknown as ResourceType[]

export function startDisruption(runtime: Runtime, cluster: Cluster): void {
  const budgets = cluster.informers.informer(POD_DISRUPTION_BUDGETS)
  const pods = cluster.informers.informer(PODS)
  budgets.addIndex(BY_NAMESPACE, (budget) => [budget.metadata.namespace ?? ""])
  pods.addIndex(BY_NAMESPACE, (pod) => [pod.metadata.namespace ?? ""])
  const selects = ({ spec }: PodDisruptionBudget, pod: Pod) =>
    spec?.selector !== undefined && labelSelectorOf(spec.selector).matches(pod.metadata.labels)

  /** A ReplicaSet of a Deployment changes with every rollout; what is wanted is the Deployment's. */
  const scaleOf = (namespace: string, reference: OwnerReference): number | undefined => {
    const type = SCALED.find(({ kind }) => kind === reference.kind)
    const owner = type && cluster.informers.informer(type).get(`${namespace}/${reference.name}`)
    if (owner === undefined || owner.metadata.uid !== reference.uid) return undefined
    const above = (owner.metadata.ownerReferences ?? []).find(({ controller }) => controller === true)
    if (above?.kind === "Deployment") return scaleOf(namespace, above)
    return (owner as KubeObject & { spec?: { replicas?: number } }).spec?.replicas ?? 1
  }

  startController(runtime, {
    name: "disruption",
    workers: 1,
    sources: [
      { informer: budgets, keysOf: ({ kind, object }) => (kind === "deleted" ? [] : [keyOf(object)]) },
      {
        informer: pods,
        keysOf: ({ object, before }) =>
          budgets
            .byIndex(BY_NAMESPACE, object.metadata.namespace ?? "")
            .filter((budget) => selects(budget, object) || (before !== undefined && selects(budget, before)))
            .map(keyOf),
      },
    ],
    reconcile: async (key, signal) => {
      const budget = budgets.get(key)
      if (budget === undefined) return
      const { namespace = "" } = budget.metadata
      const selected = pods.byIndex(BY_NAMESPACE, namespace).filter((pod) => selects(budget, pod))
      const plan = planDisruption(budget, selected, (owner) => scaleOf(namespace, owner), runtime.clock.nowMs())
      await applyPlan(cluster.client, plan, { log: runtime.log, signal })
      return plan
    },
  })
}
