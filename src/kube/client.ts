import type { HttpResponse } from "#lib/http.ts"
import type { KubeList, KubeObject, ObjectKey, ObjectMeta, UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { Status } from "#apimachinery/status-error.ts"

/**
 * What controllers and agents know of a cluster. All methods throw `StatusError` for a refusal and
 * `ConnectionError` when no answer came.
 */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: CallOptions): Promise<T>
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>
  /** Follows changes until the signal aborts, the server ends the stream, or it breaks. Never reconnects. */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions, handler: WatchHandler<T>): Watch
  /** The namespace is taken from the object. */
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>
  /** PUT. With a resourceVersion in the object it fails with Conflict when somebody else wrote first. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T>
  /** Server-side apply. */
  apply<T extends KubeObject>(type: ResourceType<T>, object: T, options: ApplyOptions): Promise<T>
  /** @returns the object while finalizers or a grace period keep it, or a Success status once it is gone */
  delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: DeleteOptions): Promise<T | Status>
  /** POST to a create-only review (`subjectaccessreviews`) or a subresource (`serviceaccounts/NAME/token`). */
  createSubresource<In, Out>(
    type: ResourceType<never> | ResourceType,
    key: ObjectKey,
    subresource: string,
    body: In,
    options?: CallOptions,
  ): Promise<Out>
  /** Any path: `/version`, `/livez`, discovery. @returns the answer whatever its status */
  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: unknown; headers?: Record<string, string> },
  ): Promise<HttpResponse>
}

export type CallOptions = { readonly signal?: AbortSignal }

export type ListOptions = CallOptions & {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan"
  /** Ask for PartialObjectMetadata instead of whole objects. */
  readonly metadataOnly?: boolean
}

export type WatchOptions = Omit<ListOptions, "limit" | "continue"> & {
  readonly sendInitialEvents?: boolean
  readonly allowWatchBookmarks?: boolean
  readonly timeoutSeconds?: number
}

export type WatchHandler<T extends KubeObject> = {
  event(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void
  bookmark(meta: ObjectMeta): void
  /** Once, at the end. `error` is a StatusError (Expired: list again), a ConnectionError, or absent for a clean end. */
  end(error?: Error): void
}

export interface Watch {
  /** Idempotent; the handler hears nothing after it. */
  stop(): void
}

export type WriteOptions = CallOptions & {
  readonly subresource?: string
  readonly fieldManager?: string
  readonly dryRun?: boolean
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore"
}

export type ApplyOptions = WriteOptions & { readonly fieldManager: string; readonly force?: boolean }

export type DeleteOptions = CallOptions & {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground"
  readonly gracePeriodSeconds?: number
}

export type Patch =
  | { readonly merge: unknown }
  | { readonly json: readonly { op: string; path: string; value?: unknown; from?: string }[] }
  | { readonly strategic: unknown }

/** Finds the resource of a kind by discovery. */
export interface RestMapper {
  /** @returns undefined when the server does not serve the kind; asks discovery again at most every few seconds */
  resourceFor(apiVersion: string, kind: string): Promise<ResourceType<UnknownObject> | undefined>
  /** By group and plural, at the server's preferred version. */
  resourceNamed(group: string, resource: string): Promise<ResourceType<UnknownObject> | undefined>
}
