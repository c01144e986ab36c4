import type { Random } from "#lib/random.ts"
import type { TokenReviewer } from "#apiserver/authentication/authenticator.ts"
import type { ServiceAccountIssuer } from "#apiserver/authentication/service-account-issuer.ts"
import type { RbacAuthorizer } from "#apiserver/authorization/rbac-authorizer.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"
import { accessReviews } from "./access-reviews.ts"
import { identityReviews } from "./identity-reviews.ts"
import { tokenRequests } from "./token-request.ts"

/** Everything that is asked of a server about access and identity, and answered without being stored. */
export function reviewResources(options: {
  readonly reader: ObjectReader
  readonly authorizer: RbacAuthorizer
  readonly authenticator: TokenReviewer
  readonly issuer: ServiceAccountIssuer
  readonly random: Random
}): VirtualResource[] {
  return [...accessReviews(options.authorizer), ...identityReviews(options.authenticator), tokenRequests(options)]
}
