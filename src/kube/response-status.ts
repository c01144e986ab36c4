import type { HttpResponse } from "#lib/http.ts"
import type { Status, StatusReason } from "#apimachinery/status-error.ts"
import { newStatusError, StatusError } from "#apimachinery/status-error.ts"

/** What a code means when the body does not say. Source: apimachinery api/errors NewGenericServerResponse. */
const GENERIC: Readonly<Record<number, readonly [StatusReason, string]>> = {
  400: ["BadRequest", "the server rejected our request for an unknown reason"],
  401: ["Unauthorized", "the server has asked for the client to provide credentials"],
  403: ["Forbidden", "the server does not allow access to the requested resource"],
  404: ["NotFound", "the server could not find the requested resource"],
  405: ["MethodNotAllowed", "the server does not allow this method on the requested resource"],
  406: ["NotAcceptable", "the server was unable to respond with a content type that the client supports"],
  409: ["Conflict", "the server reported a conflict"],
  410: ["Gone", "the server reported that the requested resource is gone"],
  413: ["RequestEntityTooLarge", "the request is too large for the server"],
  415: ["UnsupportedMediaType", "the server was unable to read the content type that the client sent"],
  422: ["Invalid", "the server rejected our request due to an error in our request"],
  429: ["TooManyRequests", "the server has received too many requests and has asked us to try again later"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: ["Timeout", "the server was unable to return a response in the time allotted"],
}

/**
 * The failure that an answer stands for. A body that is no metav1.Status (a proxy's HTML, plain text of the
 * server's outer filters) gets the reason of its code, and its beginning as the message's end.
 */
export function statusErrorOf(method: string, response: HttpResponse, body: Uint8Array): StatusError {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")
  const status = parseStatus(text)
  if (status !== undefined) return new StatusError({ ...status, code: status.code || response.status })
  // POST is the only verb for which 409 without a reason means that the object is there already.
  const [reason, message] =
    response.status === 409 && method === "POST"
      ? (["AlreadyExists", "the server reported a conflict"] as const)
      : (GENERIC[response.status] ??
        (["InternalError", `an error on the server has prevented the request from succeeding`] as const))
  const beginning = text.trim().slice(0, 200)
  const retryAfterSeconds = retryAfterMs(response) / 1000
  return newStatusError(
    reason,
    beginning === "" ? message : `${message} (${response.status}: ${beginning})`,
    retryAfterSeconds > 0 ? { retryAfterSeconds } : undefined,
    response.status,
  )
}

function parseStatus(text: string): Status | undefined {
  if (!text.startsWith("{")) return undefined
  try {
    const value = JSON.parse(text) as Status
    return value.kind === "Status" ? value : undefined
  } catch {
    return undefined
  }
}

/** @returns the `Retry-After` header in milliseconds, 0 without one or for a date (Kubernetes sends seconds only) */
export function retryAfterMs(response: HttpResponse): number {
  const value = response.headers["retry-after"]
  const seconds = Number(typeof value === "string" ? value : value?.[0])
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
}
