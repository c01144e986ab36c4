import type { KubeObject, ObjectKey } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"

/** One write. Plain data, so that a plan can be printed, compared, simulated and kept as a golden file. */
export type Action =
  | { readonly do: "create"; readonly type: ResourceType<never> | ResourceType; readonly object: KubeObject }
  /** PUT; the object carries the resourceVersion that it was planned from. */
  | {
      readonly do: "update"
      readonly type: ResourceType<never> | ResourceType
      readonly object: KubeObject
      readonly subresource?: string
    }
  /** JSON merge patch. uid and resourceVersion, when given, are preconditions. */
  | {
      readonly do: "patch"
      readonly type: ResourceType<never> | ResourceType
      readonly key: ObjectKey
      readonly patch: { readonly [field: string]: unknown }
      readonly subresource?: string
      readonly uid?: string
      readonly resourceVersion?: string
    }
  | {
      readonly do: "apply"
      readonly type: ResourceType<never> | ResourceType
      readonly object: KubeObject
      readonly fieldManager: string
      readonly force?: boolean
      readonly subresource?: string
    }
  | {
      readonly do: "delete"
      readonly type: ResourceType<never> | ResourceType
      readonly key: ObjectKey
      readonly uid?: string
      readonly resourceVersion?: string
      readonly propagationPolicy?: "Orphan" | "Background" | "Foreground"
      readonly gracePeriodSeconds?: number
    }
  /** Independent of each other: carried out side by side, all of them even when some fail; then the pass ends. */
  | { readonly do: "together"; readonly actions: readonly Action[] }

/** What a reconciler decided. No actions and no timer means that the observed state is the wanted one. */
export type Plan = {
  /** Carried out in order; the first failure ends the pass and the next pass plans again. */
  readonly actions: readonly Action[]
  /** Plan again after this long although nothing changed: an expiry, a deadline. */
  readonly requeueAfterMs?: number
  /** Why nothing is done, or what is waited for; for people. */
  readonly why?: readonly string[]
}

export const NOTHING: Plan = { actions: [] }

/**
 * The preconditions of a patch: the very object that was observed, and as it was then. A write that is planned from an
 * older state, by a leader that is none any more for one, then fails and changes nothing.
 */
export function asObserved({ metadata: { uid, resourceVersion } }: KubeObject): {
  readonly uid?: string
  readonly resourceVersion?: string
} {
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) }
}
