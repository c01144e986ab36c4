// What a request goes through, first to last. An answer comes back the other way.
import type { Clock } from "#lib/clock.ts"
import type { HttpResponse } from "#lib/http.ts"
import type { Log } from "#lib/log.ts"
import { uuid, type Random } from "#lib/random.ts"
import { ANONYMOUS } from "./authentication/user.ts"
import { withAnswerHeaders } from "./filters/answer-headers.ts"
import { withAudit, withRefusalAudit, type AuditOptions } from "./filters/audit.ts"
import { withAuthentication } from "./filters/authentication.ts"
import { withAuthorization, withImpersonation } from "./filters/authorization.ts"
import { withBodyLimit } from "./filters/body-limit.ts"
import { withDeadline } from "./filters/deadline.ts"
import { withFailures } from "./filters/failures.ts"
import { withFlow, withInFlightLimit, type InFlight, type InFlightLimits } from "./filters/flow-control.ts"
import type { Filter } from "./filters/filter.ts"
import { withRequestInfo } from "./filters/request-info-filter.ts"
import type { Flow } from "./flow-control/flow-classifier.ts"
import type { FlowRequest } from "./flow-control/flow-schema.plan.ts"
import type { Call, CallHandler } from "./handlers/call.ts"
import type { Authenticator, Authorizer, Handler, RequestInfo } from "./request.ts"

export type ChainOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly classify: (request: FlowRequest) => Flow | undefined
  readonly inFlight: InFlight
  readonly inFlightLimits: InFlightLimits
  /** Counts requests. */
  readonly measure?: Filter
  readonly audit?: AuditOptions
  readonly resources: CallHandler
  readonly plain: CallHandler
  /** Answers what other servers answer; undefined for all else. */
  readonly aggregated?: (call: Call) => Promise<HttpResponse> | undefined
}

export function newHandlerChain(options: ChainOptions): Handler {
  const { audit, clock, random, log, authenticator, authorizer } = options
  const filters: readonly Filter[] = [
    ...(options.measure === undefined ? [] : [options.measure]),
    withAnswerHeaders,
    withFailures(log),
    withRequestInfo,
    // What is recorded of a refusal is its answer: each of the two has what makes one behind it.
    ...(audit === undefined ? [] : [withRefusalAudit(audit, clock), withFailures(log)]),
    withDeadline(clock),
    withBodyLimit,
    withAuthentication(authenticator, log),
    ...(audit === undefined ? [] : [withAudit(audit, clock), withFailures(log)]),
    withImpersonation(authorizer),
    withFlow(options.classify),
    withInFlightLimit(options.inFlightLimits, options.inFlight),
    withAuthorization(authorizer),
  ]
  const last: CallHandler = (call) =>
    options.aggregated?.(call) ?? (call.info.isResource ? options.resources(call) : options.plain(call))
  const chain = filters.reduceRight((next, filter) => filter(next), last)
  return async (request): Promise<HttpResponse> => {
    const auditId = request.headers["audit-id"] ?? uuid(random)
    const call: Call = {
      request,
      info: UNKNOWN,
      user: ANONYMOUS,
      auditId,
      warnings: [],
      headers: {},
      receivedMs: clock.nowMs(),
    }
    return chain(call)
  }
}

/** Until the path has been read. */
const UNKNOWN: RequestInfo = {
  isResource: false,
  verb: "",
  path: "",
  query: new URLSearchParams(),
  group: "",
  version: "",
  namespace: "",
  resource: "",
  subresource: "",
  name: "",
  parts: [],
}
