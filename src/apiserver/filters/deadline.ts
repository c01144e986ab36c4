import type { Clock } from "#lib/clock.ts"
import { parseGoDuration } from "#lib/go-duration.ts"
import { badRequest } from "#apimachinery/status-error.ts"
import { tooLate } from "#apiserver/handlers/refusals.ts"
import type { Filter } from "./filter.ts"
import { isLongRunning } from "./long-running.ts"

/** Source: kube-apiserver --request-timeout. */
const TIMEOUT_MS_MAX = 60_000

/**
 * Answers 504 for a request that is not done within a minute, or within the shorter time that its `timeout` names. What
 * it does goes on: a write may still come to pass, as it may upstream.
 */
export function withDeadline(clock: Clock): Filter {
  return (next) => (call) => {
    if (isLongRunning(call.info)) return next(call)
    const timeoutMs = timeoutOf(call.info.query)
    if (timeoutMs < 1) return tooLate()
    const answer = next(call)
    // Callers in this process wait by their own means.
    if (!(answer instanceof Promise) || call.request.peer.user !== undefined) return answer
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(timeoutMs, () => resolve(tooLate()))
      answer.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}

/** @throws StatusError BadRequest for what is no duration */
function timeoutOf(query: URLSearchParams): number {
  const text = query.get("timeout") ?? ""
  if (text === "") return TIMEOUT_MS_MAX
  try {
    const timeoutMs = parseGoDuration(text)
    return timeoutMs > 0 && timeoutMs < TIMEOUT_MS_MAX ? timeoutMs : TIMEOUT_MS_MAX
  } catch (error) {
    throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`)
  }
}
