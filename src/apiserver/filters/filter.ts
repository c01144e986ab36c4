import type { HttpResponse } from "#lib/http.ts"
import type { CallHandler } from "#apiserver/handlers/call.ts"

/** One station of the chain: looks at a call before, and at its answer after, the rest of the chain. */
export type Filter = (next: CallHandler) => CallHandler

/** Runs `after` on the answer, at once when it is there at once. */
export function whenAnswered(
  answer: HttpResponse | Promise<HttpResponse>,
  after: (response: HttpResponse) => HttpResponse,
): HttpResponse | Promise<HttpResponse> {
  return answer instanceof Promise ? answer.then(after) : after(answer)
}
