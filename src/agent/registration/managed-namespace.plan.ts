import { setCondition } from "#apimachinery/conditions.ts"
import type { Namespace } from "#api/kubernetes/core.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Action } from "#runtime/plan.ts"

const LABEL_PREFIX = "clusterset.open-cluster-management.io/"
const LABEL_NAME_MAX = 63

/** What marks a namespace that a hub's cluster sets want: `true`, or `false` once they do not any more. Source: OCM. */
export const managedNamespaceLabel = (hubHash: string) => LABEL_PREFIX + hubHash.slice(0, LABEL_NAME_MAX)

type Wanted = NonNullable<NonNullable<ManagedCluster["status"]>["managedNamespaces"]>

/** undefined where the namespace is as wanted, else why it is not. */
export type NamespaceOutcomes = ReadonlyMap<string, string | undefined>

/** What the hub wants on this cluster: nothing any more, when it lets the cluster go. */
export function wantedNamespaces({ metadata, status }: ManagedCluster): readonly string[] {
  if (metadata.deletionTimestamp !== undefined) return []
  return [...new Set((status?.managedNamespaces ?? []).map(({ name }) => name))]
}

/** By namespace, what makes it so; namespaces are never deleted. @param marked  those labelled `true` now */
export function planNamespaces(
  wanted: readonly string[],
  marked: readonly Namespace[],
  label: string,
): ReadonlyMap<string, Action> {
  const names = new Set(marked.map(({ metadata }) => metadata.name!))
  const mark = (name: string, value: "true" | "false"): [string, Action] => [
    name,
    { do: "patch", type: NAMESPACES, key: { name }, patch: { metadata: { labels: { [label]: value } } } },
  ]
  return new Map([
    ...wanted.filter((name) => !names.has(name)).map((name) => mark(name, "true")),
    ...[...names].filter((name) => !wanted.includes(name)).map((name) => mark(name, "false")),
  ])
}

/** What the hub wants, with what has become of it; what is not known yet stays as it was said before. */
export function reportNamespaces(wanted: Wanted, outcomes: NamespaceOutcomes, nowMs: number): Wanted {
  return wanted.map((entry) => {
    if (!outcomes.has(entry.name)) return entry
    const failure = outcomes.get(entry.name)
    const condition =
      failure === undefined
        ? {
            type: "NamespaceAvailable",
            status: "True" as const,
            reason: "NamespaceApplied",
            message: "Namespace successfully applied and managed",
          }
        : {
            type: "NamespaceAvailable",
            status: "False" as const,
            reason: "NamespaceApplyFailed",
            message: `Failed to apply namespace: ${failure}`,
          }
    return { ...entry, conditions: setCondition(entry.conditions, condition, nowMs) }
  })
}
