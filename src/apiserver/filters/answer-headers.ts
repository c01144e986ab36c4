import type { Filter } from "./filter.ts"
import { whenAnswered } from "./filter.ts"
import { warningHeaders } from "./warning-headers.ts"

/** Adds what every answer has: its audit id, that no cache may keep it, and what the handlers warned of. */
export const withAnswerHeaders: Filter = (next) => (call) =>
  whenAnswered(next(call), (response) => ({
    ...response,
    headers: {
      "audit-id": call.auditId,
      "cache-control": "no-cache, private",
      ...call.headers,
      ...response.headers,
      ...(call.warnings.length === 0 ? {} : { warning: warningHeaders(call.warnings) }),
    },
  }))
