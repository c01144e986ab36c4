import type { HttpResponse } from "#lib/http.ts"
import type { Log } from "#lib/log.ts"
import { internalError, newStatusError, StatusError } from "#apimachinery/status-error.ts"
import { refusalForm } from "#apiserver/handlers/negotiation.ts"
import { isPretty } from "#apiserver/handlers/resource-deps.ts"
import { errorResponse } from "#apiserver/handlers/responses.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import { DatabaseError } from "#apiserver/storage/storage-errors.ts"
import type { Filter } from "./filter.ts"

/**
 * Turns whatever the rest of the chain throws into an answer. A full disk is 507: the write may be tried again once there is
 * space. What else is no refusal is a fault of ours: 500, and logged.
 */
export function withFailures(log: Log): Filter {
  const answer = (call: Call, error: unknown): HttpResponse => {
    const form = refusalForm(call.request.headers, isPretty(call))
    if (error instanceof StatusError) return errorResponse(error, form)
    if (error instanceof DatabaseError && error.problem === "no space") {
      log.warn("Write refused: no space", { error, path: call.request.path, auditId: call.auditId })
      return errorResponse(newStatusError("InsufficientStorage", error.message), form)
    }
    call.fault = true
    log.error("Request failed", { error, method: call.request.method, path: call.request.path, auditId: call.auditId })
    return errorResponse(internalError(error instanceof Error ? error.message : String(error)), form)
  }
  return (next) => (call) => {
    try {
      const response = next(call)
      return response instanceof Promise ? response.catch((error: unknown) => answer(call, error)) : response
    } catch (error) {
      return answer(call, error)
    }
  }
}
