import type { UnknownObject } from "#apimachinery/meta.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"

/**
 * A create-only resource or subresource that is answered and not stored: access reviews, token requests, evictions,
 * bindings. `token` of `serviceaccounts` has subresource `token`; `subjectaccessreviews` has none.
 */
export type VirtualResource = {
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly create: (request: VirtualRequest) => UnknownObject | Promise<UnknownObject>
}

export type VirtualRequest = {
  readonly object: UnknownObject
  readonly namespace: string
  /** Of the parent, for a subresource. */
  readonly name: string
  readonly user: UserInfo
  readonly nowMs: number
  readonly dryRun: boolean
}
