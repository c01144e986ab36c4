import type { Filter } from "./filter.ts"
import { whenAnswered } from "./filter.ts"

/** A warning text is cut so that all of them stay below 4 KiB together. Source: k8s.io/apiserver endpoints/filters/warning.go. */
const WARNINGS_BYTES_MAX = 4 * 1024

/** Adds what every answer has: its audit id, that no cache may keep it, and what the handlers warned of. */
export const withAnswerHeaders: Filter = (next) => (call) =>
  whenAnswered(next(call), (response) => ({
    ...response,
    headers: {
      "audit-id": call.auditId,
      "cache-control": "no-cache, private",
      ...response.headers,
      ...(call.warnings.length === 0 ? {} : { warning: warningHeaders(call.warnings) }),
    },
  }))

function warningHeaders(texts: readonly string[]): string[] {
  const headers: string[] = []
  let bytes = 0
  for (const text of new Set(texts)) {
    const escaped = text.replaceAll(/[\r\n]+/g, " ").replaceAll(/["\\]/g, "\\$&")
    bytes += Buffer.byteLength(escaped)
    if (bytes > WARNINGS_BYTES_MAX) break
    headers.push(`299 - "${escaped}"`)
  }
  return headers
}
