import { NAMESPACES, type BuiltInCondition, type Namespace } from "#api/kubernetes/core.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { Action } from "#runtime/plan.ts"

export type Remaining = { readonly type: ResourceType<UnknownObject>; readonly object: UnknownObject }

/** Deletes what is there, says what it waits for, and lets the namespace go when nothing is left. Pods go before all else. */
export function planNamespace(
  namespace: Namespace,
  remaining: readonly Remaining[],
  now: string,
): { readonly actions: readonly Action[]; readonly finalize: boolean } {
  if (namespace.metadata.deletionTimestamp === undefined) return { actions: [], finalize: false }
  const ours = (namespace.spec?.finalizers ?? []).includes("kubernetes")
  if (!ours) return { actions: [], finalize: false }
  if (remaining.length === 0) return { actions: [], finalize: true }
  const pods = remaining.filter(({ type }) => type.group === "" && type.resource === "pods")
  const due = (pods.length > 0 ? pods : remaining).filter(
    ({ object }) => object.metadata.deletionTimestamp === undefined,
  )
  const deletions = due.map(({ type, object }): Action => ({
    do: "delete",
    type,
    key: { namespace: namespace.metadata.name ?? "", name: object.metadata.name ?? "" },
    propagationPolicy: "Background",
    ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
  }))
  return {
    actions: [
      ...(deletions.length === 0 ? [] : [{ do: "together" as const, actions: deletions }]),
      ...statusPatch(namespace, remaining, now),
    ],
    finalize: false,
  }
}

/**
 * Only what outlives one pass is worth a condition: objects that wait for their finalizers. While pods do, nothing is said
 * of what remains: nobody has looked at the rest yet.
 */
function statusPatch(namespace: Namespace, remaining: readonly Remaining[], now: string): Action[] {
  const waiting = remaining.filter(({ object }) => (object.metadata.finalizers ?? []).length > 0)
  const isPod = ({ type }: Remaining) => type.group === "" && type.resource === "pods"
  const held = remaining.some(isPod) ? [] : waiting
  const before = namespace.status?.conditions ?? []
  const wanted = [
    conditionOf(
      "NamespaceDeletionDiscoveryFailure",
      undefined,
      "ResourcesDiscovered",
      "All resources successfully discovered",
    ),
    conditionOf(
      "NamespaceDeletionGroupVersionParsingFailure",
      undefined,
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    conditionOf(
      "NamespaceDeletionContentFailure",
      undefined,
      "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization",
    ),
    conditionOf(
      "NamespaceContentRemaining",
      held.length > 0
        ? `Some resources are remaining: ${countBy(
            held.map(({ type }) => `${type.resource}.${type.group}`),
            " has ",
            " resource instances",
          )}`
        : undefined,
      held.length > 0 ? "SomeResourcesRemain" : "ContentRemoved",
      "All content successfully removed",
    ),
    conditionOf(
      "NamespaceFinalizersRemaining",
      held.length > 0
        ? `Some content in the namespace has finalizers remaining: ${countBy(
            held.flatMap(({ object }) => object.metadata.finalizers ?? []),
            " in ",
            " resource instances",
          )}`
        : undefined,
      held.length > 0 ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
      "All content-preserving finalizers finished",
    ),
  ]
  const conditions = wanted.map((condition) => {
    const known = before.find((c) => c.type === condition.type)
    return {
      ...condition,
      lastTransitionTime: known?.status === condition.status ? (known.lastTransitionTime ?? now) : now,
    }
  })
  const due = remaining.some(isPod) ? waiting.some(isPod) : waiting.length > 0
  if (!due || deepEqual(before, conditions)) return []
  return [
    {
      do: "patch",
      type: NAMESPACES as never,
      key: { name: namespace.metadata.name ?? "" },
      patch: { status: { conditions } },
      subresource: "status",
    },
  ]
}

function conditionOf(type: string, problem: string | undefined, reason: string, well: string): BuiltInCondition {
  return { type, status: problem === undefined ? "False" : "True", reason, message: problem ?? well }
}

function countBy(names: readonly string[], infix: string, suffix: string): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name}${infix}${count}${suffix}`)
    .join(", ")
}
