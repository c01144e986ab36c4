import type { OwnerReference, UnknownObject } from "#apimachinery/meta.ts"
import type { AppliedResource } from "#api/work/parts.ts"
import type { Action } from "#runtime/plan.ts"
import type { Target } from "./manifests.ts"

export type ObservedRemoval = {
  readonly resource: AppliedResource
  readonly target: Target
  /** null: does not exist. */
  readonly live: UnknownObject | null
  readonly owner: OwnerReference
  /** Whether the work leaves the object behind (deleteOption). */
  readonly orphaned: boolean
}

/**
 * - `gone`: nothing of ours is left there
 * - `disown`: the object stays, without our reference
 * - `delete`: it is ours alone
 * - `wait`: it is on its way out, held by finalizers or a grace period
 */
export type RemovalPlan = { readonly step: "gone" | "disown" | "delete" | "wait"; readonly action?: Action }

/**
 * Takes one applied object away, and only if it is beyond doubt the one that we applied: it carries our reference,
 * no other AppliedManifestWork's, and the uid that was recorded. Source: OCM helper.DeleteAppliedResources.
 */
export function planRemoval({ resource, target, live, owner, orphaned }: ObservedRemoval): RemovalPlan {
  if (live === null) return { step: "gone" }
  const owners = live.metadata.ownerReferences ?? []
  if (!owners.some((reference) => reference.uid === owner.uid)) return { step: "gone" }
  const others = owners.filter((reference) => reference.uid !== owner.uid)
  const { uid, resourceVersion } = live.metadata
  const { type, namespace, name } = target
  const key = { name, ...(namespace === undefined ? {} : { namespace }) }
  if (orphaned || others.some((reference) => reference.kind === owner.kind && sameGroup(reference, owner))) {
    return {
      step: "disown",
      action: {
        do: "patch",
        type,
        key,
        patch: { metadata: { ownerReferences: others } },
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    }
  }
  if (uid === undefined || resource.uid !== uid) return { step: "gone" }
  if (live.metadata.deletionTimestamp !== undefined) return { step: "wait" }
  return { step: "delete", action: { do: "delete", type, key, uid, propagationPolicy: "Background" } }
}

const sameGroup = (a: OwnerReference, b: OwnerReference): boolean =>
  a.apiVersion.split("/")[0] === b.apiVersion.split("/")[0]

/** Recorded resources that no manifest names any more. The version does not matter: it is the same object. */
export function untracked(
  recorded: readonly AppliedResource[],
  applied: readonly AppliedResource[],
): readonly AppliedResource[] {
  const keyOf = (r: AppliedResource) => `${r.group ?? ""}/${r.resource}/${r.namespace ?? ""}/${r.name}`
  const kept = new Set(applied.map(keyOf))
  return recorded.filter((resource) => !kept.has(keyOf(resource)))
}

/** Sorted as OCM sorts them: group, version, resource, namespace, name. */
export function sortResources(resources: readonly AppliedResource[]): readonly AppliedResource[] {
  const keyOf = (r: AppliedResource) => [r.group ?? "", r.version, r.resource, r.namespace ?? "", r.name]
  return [...resources].sort((a, b) => {
    const left = keyOf(a)
    const right = keyOf(b)
    const at = left.findIndex((part, i) => part !== right[i])
    return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1
  })
}
