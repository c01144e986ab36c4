import type { Filter } from "./filter.ts"
import { parseRequestInfo } from "./request-info.ts"

/** Finds out what the request is about. */
export const withRequestInfo: Filter = (next) => (call) => {
  call.info = parseRequestInfo(call.request.method, call.request.path)
  return next(call)
}
