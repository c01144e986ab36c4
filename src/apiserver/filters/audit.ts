import { isIP } from "node:net"
import type { Clock } from "#lib/clock.ts"
import { isStream, type HttpResponse } from "#lib/http.ts"
import { auditedAnswer } from "#apiserver/audit/answer.ts"
import { auditConfigFor } from "#apiserver/audit/level.plan.ts"
import type { AuditPolicy, Stage } from "#apiserver/audit/policy.ts"
import { AuditTrail, type AuditSink } from "#apiserver/audit/trail.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import { whenAnswered, type Filter } from "./filter.ts"
import { watchedStream } from "./watched-stream.ts"

export type AuditOptions = { readonly policy: AuditPolicy; readonly sink: AuditSink }

/** Records what its user asks for and how that ends. What comes before it in the chain must know the user. */
export function withAudit({ policy, sink }: AuditOptions, clock: Clock): Filter {
  return (next) => (call) => {
    const trail = newTrail(call, policy, sink, call.user)
    call.audit = trail
    if (trail.config.level === "None") return next(call)
    trail.record("RequestReceived", clock.nowMs())
    return whenAnswered(next(call), (response) => {
      const answer = answerOf(call, trail, response)
      if (!isStream(response.body)) {
        trail.record(call.fault ? "Panic" : "ResponseComplete", clock.nowMs(), answer)
        return response
      }
      trail.record("ResponseStarted", clock.nowMs(), answer)
      const end = () => trail.record("ResponseComplete", clock.nowMs(), answer)
      return { ...response, body: watchedStream(response.body, end) }
    })
  }
}

/** Records refusals that come before anybody is known: their one stage is that of the answer, as upstream. */
export function withRefusalAudit({ policy, sink }: AuditOptions, clock: Clock): Filter {
  return (next) => (call) =>
    whenAnswered(next(call), (response) => {
      if (call.audit !== undefined) return response
      const trail = newTrail(call, policy, sink)
      trail.record("ResponseStarted" satisfies Stage, clock.nowMs(), answerOf(call, trail, response))
      return response
    })
}

function newTrail(call: Call, policy: AuditPolicy, sink: AuditSink, user?: UserInfo): AuditTrail {
  const { request, info, auditId, receivedMs } = call
  const known = user === undefined ? {} : { user }
  return new AuditTrail(
    auditConfigFor(policy, { ...info, ...known }),
    {
      auditId,
      requestUri: request.path,
      info,
      ...known,
      sourceIps: sourceIpsOf(call),
      userAgent: request.headers["user-agent"] ?? "",
      receivedMs,
    },
    sink,
  )
}

function answerOf(call: Call, { config }: AuditTrail, response: HttpResponse) {
  const mayBeStatus = response.status >= 400 || call.info.verb === "delete"
  return auditedAnswer(response, { withObject: config.level === "RequestResponse", mayBeStatus })
}

/** Who sent it on, the first first, and who brought it. Source: k8s.io/apimachinery util/net SourceIPs. */
function sourceIpsOf({ request }: Call): string[] {
  const { headers, peer } = request
  const forwarded = (headers["x-forwarded-for"] ?? "").split(",").map((address) => address.trim())
  const all = [...forwarded, (headers["x-real-ip"] ?? "").trim()].filter((address) => isIP(address) !== 0)
  return [...new Set([...all, peer.address])]
}
