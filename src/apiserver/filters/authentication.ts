import type { Log } from "#lib/log.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { ANONYMOUS, type UserInfo } from "#apiserver/authentication/user.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import type { Authenticator } from "#apiserver/request.ts"
import type { Filter } from "./filter.ts"

/**
 * Finds out who asks. A sender without any credential is anonymous; a bad credential is refused with 401, and only the log
 * is told why.
 */
export function withAuthentication(authenticator: Authenticator, log: Log): Filter {
  return (next) => (call) => {
    if (call.request.peer.user !== undefined) {
      call.user = call.request.peer.user
      return next(call)
    }
    const ready = authenticator.ready?.(call.request)
    if (ready !== undefined) {
      return ready.then(() => {
        call.user = authenticated(call)
        return next(call)
      })
    }
    call.user = authenticated(call)
    return next(call)
  }

  function authenticated(call: Call): UserInfo {
    try {
      return authenticator.authenticate(call.request) ?? ANONYMOUS
    } catch (error) {
      if (hasReason(error, "Unauthorized")) {
        log.info("Unable to authenticate the request", { error: error.cause, auditId: call.auditId })
      }
      throw error
    }
  }
}
