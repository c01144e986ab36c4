import type { JsonObject } from "#apimachinery/json.ts"
import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { FieldError, StatusError } from "#apimachinery/status-error.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"

/**
 * One served version of one resource: what the registry needs to store, check and print its objects. Built-in
 * resources come from generated data and a few strategies; custom ones from their CRD.
 */
export type ResourceInfo = {
  readonly group: string
  readonly version: string
  /** Plural. */
  readonly resource: string
  readonly singular: string
  readonly kind: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** `status`, `scale`, `token`, `approval`, `finalize`, `eviction`, `binding` … with the kind each takes. */
  readonly subresources: readonly SubresourceInfo[]
  readonly custom: boolean
  /**
   * The group/resource that objects are stored under and the version of their stored form. Two served views of one
   * thing (core and events.k8s.io events) share it.
   */
  readonly storage: { readonly group: string; readonly resource: string; readonly version: string }
  /** Loaded on first use; absent for a custom resource without a schema. */
  readonly schema: () => KindSchema | undefined
  readonly strategy: Strategy
  readonly columns: readonly Column[]
  /** Where a custom resource keeps what `scale` shows, as `.spec.replicas`; built-in kinds keep it in the usual places. */
  readonly scale?: { readonly spec: string; readonly status: string; readonly selector?: string }
  /** Extra fields that field selectors may name besides metadata.name and metadata.namespace, with their reader. */
  readonly selectableFields: ReadonlyMap<string, (object: UnknownObject) => string>
  /** Converts a stored object to this version and back; identity when absent. */
  readonly convert?: {
    readonly fromStored: (object: UnknownObject) => UnknownObject
    readonly toStored: (object: UnknownObject) => UnknownObject
  }
  /** Its versions differ in more than their name, and a webhook knows how. See registry/served-values.ts. */
  readonly remote?: RemoteConversion
}

/** Somebody else who converts the objects of a custom resource. */
export type RemoteConversion = {
  /**
   * @param listKind  what the list is called that the objects are for; absent for a single one
   * @returns the objects in another served version, in the same order; those that have it already as they are
   * @throws StatusError
   */
  convert(objects: readonly UnknownObject[], apiVersion: string, listKind?: string): Promise<readonly UnknownObject[]>
}

export type SubresourceInfo = {
  readonly name: string
  readonly kind: string
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly string[]
}

/** A column of `kubectl get`. `priority` > 0 shows with `-o wide` only. */
export type Column = {
  readonly name: string
  readonly type: "string" | "integer" | "number" | "boolean" | "date"
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  /** @param nowMs  for ages */
  readonly cell: (object: UnknownObject, nowMs: number) => unknown
}

/** What differs from kind to kind when objects are written. All functions are pure and may change `object` in place: it is a private copy. */
export type Strategy = {
  /** Fills in defaults after decoding. */
  readonly setDefaults?: (object: UnknownObject) => void
  /** An object of the kind in which nothing is set, as a typed server writes it: what is there already belongs to nobody. */
  readonly emptyObject?: () => JsonObject
  readonly prepareForCreate?: (object: UnknownObject, context: StrategyContext) => void
  readonly prepareForUpdate?: (object: UnknownObject, before: UnknownObject, context: StrategyContext) => void
  readonly validate?: (object: UnknownObject) => readonly FieldError[]
  readonly validateUpdate?: (object: UnknownObject, before: UnknownObject) => readonly FieldError[]
  /** Refuses with something other than 422. */
  readonly admit?: (
    object: UnknownObject,
    before: UnknownObject | undefined,
    context: StrategyContext,
  ) => StatusError | undefined
  /** Every answer about the version says so. */
  readonly deprecation?: string
  readonly warnings?: (object: UnknownObject) => readonly string[]
  /** `spec`: metadata.generation counts changes of spec (for a custom resource: of all but metadata and status). */
  readonly generation: "spec" | "none"
  /** Main writes keep the old status and status writes keep all else but metadata. */
  readonly statusSubresource: boolean
  readonly allowCreateOnUpdate: boolean
  readonly allowUnconditionalUpdate: boolean
  /** DELETE answers with the object instead of a Success status. */
  readonly deleteReturnsObject: boolean
  /** A deletion that says nothing leaves dependents alone. */
  readonly orphansByDefault?: boolean
  /** Seconds that a deletion waits by default; only Pods have one. */
  readonly defaultGracePeriodSeconds?: (object: UnknownObject) => number
  /** When a deletion begins and the object stays for now: a Namespace's phase. */
  readonly prepareForDelete?: (object: UnknownObject, context: StrategyContext) => void
  /** Keeps an object that is being deleted although it has no finalizers: a Namespace with spec.finalizers. */
  readonly holdsDeletion?: (object: UnknownObject) => boolean
  /** Its last writes may be lost in a crash, and cost no disk: Lease. */
  readonly volatile?: boolean
}

export type StrategyContext = {
  readonly user: UserInfo
  readonly nowMs: number
  readonly subresource: string | undefined
}

/** All resources that a server serves now. Changes with CRDs. */
export interface ResourceTable {
  find(group: string, version: string, resource: string): ResourceInfo | undefined
  findKind(group: string, version: string, kind: string): ResourceInfo | undefined
  all(): readonly ResourceInfo[]
  /** Counts up with every change: caches of discovery and OpenAPI hang on it. */
  readonly generation: number
}

export type { JsonSchema }
