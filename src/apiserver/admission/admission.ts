import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"

export type Operation = "CREATE" | "UPDATE" | "DELETE"

/** What an admission plug-in is asked about. */
export type AdmissionRequest = {
  readonly operation: Operation
  readonly resource: ResourceInfo
  /** "" for the object itself. */
  readonly subresource: string
  /** "" for a cluster-scoped object. */
  readonly namespace: string
  /** "" while a generated name is still to come. */
  readonly name: string
  /** What is to be written, a private copy; absent for DELETE. */
  readonly object?: UnknownObject
  /** What is stored; absent for CREATE. Shared: never change it. */
  readonly before?: UnknownObject
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly nowMs: number
  /** Sends a Warning header. */
  readonly warn: (text: string) => void
}

/**
 * One check between authorization and storage. All `mutate` run before the object is validated, all `validate` after it, in
 * the order of the list. Either refuses by throwing a StatusError. Both may be called again for the same request when
 * somebody else wrote in between.
 */
export type AdmissionPlugin = {
  readonly name: string
  /** Changes `request.object` in place. Not called for DELETE. */
  readonly mutate?: (request: AdmissionRequest) => void | Promise<void>
  readonly validate?: (request: AdmissionRequest) => void | Promise<void>
}

/** Waits only for plug-ins that ask for it, so that a write that needs none is one straight call. */
export async function runMutations(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.mutate?.(request)
    if (pending !== undefined) await pending
  }
}

export async function runValidations(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.validate?.(request)
    if (pending !== undefined) await pending
  }
}
