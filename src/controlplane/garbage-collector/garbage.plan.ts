import type { OwnerReference, UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { NOTHING, type Action, type Plan } from "#runtime/plan.ts"

export const FOREGROUND_FINALIZER = "foregroundDeletion"
export const ORPHAN_FINALIZER = "orphan"

export type Located = { readonly type: ResourceType<UnknownObject>; readonly object: UnknownObject }

/** What became of the owner that a reference names. */
export type OwnerState =
  | "solid"
  /** It waits for its dependents to go first. */
  | "waiting"
  /** It is not there, or is another object of the same name. */
  | "dangling"
  /** Its kind is not served, or cannot be an owner here: nothing is decided on such a doubt. */
  | "unknown"

export type ObservedGarbage = Located & {
  /** Objects that name this one, by uid, among their owners. */
  readonly dependents: readonly Located[]
  readonly ownerState: (reference: OwnerReference) => OwnerState
}

/** What the garbage collector does about one object: as an owner that goes, or as a dependent whose owners went. */
export function planGarbage(observed: ObservedGarbage): Plan {
  const { object } = observed
  if (object.metadata.deletionTimestamp !== undefined) return planLeavingOwner(observed)
  const references = object.metadata.ownerReferences ?? []
  if (references.length === 0) return NOTHING
  const states = references.map((reference) => ({ reference, state: observed.ownerState(reference) }))
  if (states.some(({ state }) => state === "unknown")) return { actions: [], why: ["an owner's kind is not known"] }
  const solid = states.filter(({ state }) => state === "solid")
  if (solid.length === references.length) return NOTHING
  if (solid.length > 0)
    return {
      actions: [
        ownersPatch(
          observed,
          solid.map(({ reference }) => reference),
        ),
      ],
    }
  const waiting = states.some(({ state }) => state === "waiting") && observed.dependents.length > 0
  if (waiting && blocks(object) && observed.dependents.some(({ object: dependent }) => isLeavingLast(dependent))) {
    // A ring of owners that wait for each other would wait for ever: this one blocks nobody, and goes in the next pass.
    const free = references.map((reference) => ({ ...reference, blockOwnerDeletion: false }))
    return { actions: [ownersPatch(observed, free)] }
  }
  return { actions: [removal(observed, waiting ? "Foreground" : policyOf(object))] }
}

const blocks = ({ metadata }: UnknownObject) =>
  (metadata.ownerReferences ?? []).some((reference) => reference.blockOwnerDeletion === true)

/** Being deleted, after its dependents. */
export const isLeavingLast = ({ metadata }: UnknownObject) =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FOREGROUND_FINALIZER)

function planLeavingOwner(observed: ObservedGarbage): Plan {
  const { object } = observed
  const finalizers = object.metadata.finalizers ?? []
  const uid = object.metadata.uid
  // What owns itself does not wait for itself.
  const dependents = observed.dependents.filter((dependent) => dependent.object.metadata.uid !== uid)
  if (finalizers.includes(ORPHAN_FINALIZER)) {
    const freed = dependents.map((dependent) =>
      ownersPatch(
        dependent,
        (dependent.object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid),
      ),
    )
    return { actions: [...together(freed), finalizerPatch(observed, ORPHAN_FINALIZER)] }
  }
  if (finalizers.includes(FOREGROUND_FINALIZER)) {
    const blocking = dependents.filter(({ object: dependent }) =>
      (dependent.metadata.ownerReferences ?? []).some(
        (reference) => reference.uid === uid && reference.blockOwnerDeletion === true,
      ),
    )
    if (blocking.length === 0) return { actions: [finalizerPatch(observed, FOREGROUND_FINALIZER)] }
    return { actions: [], why: [`waits for ${blocking.length} dependents to go first`] }
  }
  return NOTHING
}

function policyOf({ metadata }: UnknownObject): "Orphan" | "Foreground" | "Background" {
  const finalizers = metadata.finalizers ?? []
  if (finalizers.includes(ORPHAN_FINALIZER)) return "Orphan"
  return finalizers.includes(FOREGROUND_FINALIZER) ? "Foreground" : "Background"
}

const together = (actions: readonly Action[]): Action[] => (actions.length === 0 ? [] : [{ do: "together", actions }])

function removal({ type, object }: Located, propagationPolicy: "Orphan" | "Foreground" | "Background"): Action {
  const { uid, resourceVersion } = object.metadata
  return {
    do: "delete",
    type,
    key: keyOf(object),
    propagationPolicy,
    // Somebody may give it a new owner just now: what was not seen must not be deleted.
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}

function ownersPatch(located: Located, ownerReferences: readonly OwnerReference[]): Action {
  return metadataPatch(located, { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences })
}

function finalizerPatch(located: Located, finalizer: string): Action {
  const finalizers = (located.object.metadata.finalizers ?? []).filter((f) => f !== finalizer)
  return metadataPatch(located, { finalizers: finalizers.length === 0 ? null : finalizers })
}

function metadataPatch({ type, object }: Located, metadata: Record<string, unknown>): Action {
  const { uid, resourceVersion } = object.metadata
  return {
    do: "patch",
    type,
    key: keyOf(object),
    patch: { metadata },
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}

function keyOf({ metadata }: UnknownObject): { namespace?: string; name: string } {
  return { name: metadata.name ?? "", ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) }
}
