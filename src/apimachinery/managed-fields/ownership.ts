// What a write does to the managers of an object. Source: sigs.k8s.io/structured-merge-diff/merge, Updater.
import { compareText } from "#apimachinery/json.ts"
import type { Comparison } from "./compare.ts"
import { FieldSet } from "./field-set.ts"
import { identityText, type Manager, type ManagerIdentity, type Managers } from "./managers.ts"
import type { MergeType } from "./merge-type.ts"
import { memberElement, type PathElement } from "./path-element.ts"
import { reconcileWithSchema } from "./set-schema.ts"

/** A field that a write wants to change and another manager owns. */
export type FieldConflict = { readonly owner: ManagerIdentity; readonly path: PathElement[] }

const path = (...names: string[]) => names.map(memberElement)

/** What the server sets, or what says which object it is: nobody owns it. */
const UNOWNED = FieldSet.of(
  path("apiVersion"),
  path("kind"),
  path("metadata"),
  ...["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation"].map((name) =>
    path("metadata", name),
  ),
  path("metadata", "managedFields"),
  path("metadata", "resourceVersion"),
)

export const withoutUnowned = (set: FieldSet): FieldSet => set.difference(UNOWNED)

/**
 * Fields that a path of the API does not write: `[["status"]]` where status is a subresource. All below them is meant too.
 */
export type ResetFields = readonly (readonly string[])[]

export function resetSet(resetFields: ResetFields | undefined): FieldSet {
  return FieldSet.of(...(resetFields ?? []).map((names) => path(...names)))
}

/** Without what a path of the API does not write. */
export function withoutReset({ removed, modified, added }: Comparison, reset: FieldSet): Comparison {
  return {
    removed: removed.recursiveDifference(reset),
    modified: modified.recursiveDifference(reset),
    added: added.recursiveDifference(reset),
  }
}

/** Managers whose sets fit the schema as it is now. */
export function reconcileManagers(managers: Managers, type: MergeType): Managers {
  const reconciled: Managers = new Map()
  for (const [key, manager] of managers) {
    const set = reconcileWithSchema(manager.set, type)
    reconciled.set(key, set === manager.set ? manager : { ...manager, set })
  }
  return reconciled
}

/** What others own of what changed, sorted as they are told. */
export function findConflicts(managers: Managers, self: string, { modified, added }: Comparison): FieldConflict[] {
  const changed = modified.union(added)
  const conflicts: FieldConflict[] = []
  for (const [, owner] of [...managers].filter(([key]) => key !== self).sort(([a], [b]) => compareText(a, b))) {
    for (const field of owner.set.intersection(changed).paths()) conflicts.push({ owner, path: field })
  }
  return conflicts
}

/** Takes what changed, and what is gone, from all others. Who owns nothing any more leaves. Changes `managers`. */
export function disown(managers: Managers, self: string, { removed, modified, added }: Comparison): void {
  const lost = modified.union(added).union(removed)
  for (const [key, manager] of managers) {
    if (key !== self) setOwned(managers, manager, manager.set.difference(lost))
    else if (manager.set.isEmpty) managers.delete(key)
  }
}

/** Changes `managers`. */
export function setOwned(managers: Managers, manager: Manager, set: FieldSet): void {
  const key = identityText(manager)
  if (set.isEmpty) managers.delete(key)
  else if (set !== manager.set || !managers.has(key)) managers.set(key, { ...manager, set })
}
