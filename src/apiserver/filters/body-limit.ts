import { newStatusError } from "#apimachinery/status-error.ts"
import type { Filter } from "./filter.ts"

/** Source: kube-apiserver MaxRequestBodyBytes. */
const BODY_BYTES_MAX = 3 * 1024 * 1024

/** The listener refuses such bodies while they arrive; callers in this process meet the same bound here. */
export const withBodyLimit: Filter = (next) => (call) => {
  if ((call.request.body?.length ?? 0) > BODY_BYTES_MAX) {
    throw newStatusError("RequestEntityTooLarge", `Request entity too large: limit is ${BODY_BYTES_MAX}`)
  }
  return next(call)
}
