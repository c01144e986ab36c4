// Cluster roles: an aggregated ClusterRole has the rules of those that its selectors match.
//
// Reads:    ClusterRole.   Wakes on: every ClusterRole, by the aggregated ones whose selectors match it.
// Writes:   ClusterRole.rules.
// Gives up when: never; a deleted role ends the loop.
import { CLUSTER_ROLES, type ClusterRole, type PolicyRule } from "#api/kubernetes/rbac.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"

export function startAggregation(runtime: Runtime, cluster: Cluster): void {
  const roles = cluster.informers.informer(CLUSTER_ROLES)
  const aggregated = new Set<string>()
  const isAggregated = (role: ClusterRole) => role.aggregationRule !== undefined && role.aggregationRule !== null
  startController(runtime, {
    name: "clusterrole-aggregation",
    workers: 1,
    sources: [
      {
        informer: roles,
        keysOf: ({ object, kind }) => {
          const name = object.metadata.name ?? ""
          if (kind === "deleted") aggregated.delete(name)
          else if (isAggregated(object)) aggregated.add(name)
          // A role without labels matches no selector of those that ship with Kubernetes or OCM.
          return Object.keys(object.metadata.labels ?? {}).length === 0 && !isAggregated(object) ? [] : [...aggregated]
        },
      },
    ],
    reconcile: async (name, signal) => {
      const role = roles.get(name)
      if (role === undefined) return
      await applyPlan(cluster.client, planAggregation(role, roles.list()), { log: runtime.log, signal })
    },
  })
}

/** The union of the rules of all roles that a selector matches, in the order of their names. */
export function planAggregation(role: ClusterRole, all: readonly ClusterRole[]): Plan {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map(labelSelectorOf)
  if (selectors.length === 0) return NOTHING
  const rules: PolicyRule[] = []
  for (const other of all.toSorted((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1))) {
    if (other.metadata.name === role.metadata.name || !selectors.some((s) => s.matches(other.metadata.labels ?? {})))
      continue
    for (const rule of other.rules ?? []) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule)
  }
  if (deepEqual(rules, role.rules ?? [])) return NOTHING
  return {
    actions: [{ do: "patch", type: CLUSTER_ROLES as never, key: { name: role.metadata.name ?? "" }, patch: { rules } }],
  }
}
