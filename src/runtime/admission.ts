import type { ResourceAttributes } from "#api/kubernetes/authorization.ts"
import type { KubeObject } from "#apimachinery/meta.ts"

/**
 * A write as its checks are told of it. Checks are pure functions of it, so that an embedded server calls them in
 * process and a webhook could as well.
 */
export type AdmissionQuestion<T extends KubeObject> = {
  /** What is to be written. Shared: never change it. */
  readonly object: T
  /** What is stored; absent for a creation. */
  readonly before: T | undefined
  readonly user: { readonly name: string }
  /** Whether the user may do something that RBAC knows and the API does not serve, such as `managedclusters/accept`. */
  readonly mayUser: (attributes: ResourceAttributes) => boolean
  readonly nowMs: number
}
