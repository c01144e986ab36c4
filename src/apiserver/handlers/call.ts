import type { HttpResponse } from "#lib/http.ts"
import type { AuditTrail } from "#apiserver/audit/trail.ts"
import type { RequestInfo, ServerRequest } from "#apiserver/request.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"

/** One request on its way through the chain. Each filter fills in what it finds out. */
export type Call = {
  readonly request: ServerRequest
  info: RequestInfo
  user: UserInfo
  readonly auditId: string
  /** Texts for Warning headers. */
  readonly warnings: string[]
  /** Headers of the answer that filters found out. */
  readonly headers: Record<string, string>
  readonly receivedMs: number
  /** Set where the server keeps an audit log, once the user is known. */
  audit?: AuditTrail
  /** The answer tells of a fault of ours. */
  fault?: boolean
}

/** Throws StatusError for a refusal. Answers at once where it can: an answer from memory needs no turn of the event loop. */
export type CallHandler = (call: Call) => HttpResponse | Promise<HttpResponse>
