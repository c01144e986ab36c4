import { ANONYMOUS } from "#apiserver/authentication/user.ts"
import type { Authenticator } from "#apiserver/request.ts"
import type { Filter } from "./filter.ts"

/** Finds out who asks. A sender without any credential is anonymous; a bad credential is refused with 401. */
export function withAuthentication(authenticator: Authenticator): Filter {
  return (next) => (call) => {
    call.user = call.request.peer.user ?? authenticator.authenticate(call.request) ?? ANONYMOUS
    return next(call)
  }
}
