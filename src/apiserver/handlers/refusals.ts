// Refusals that are no Status, and what the listener refuses by itself.
import type { HttpResponse } from "#lib/http.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import { errorResponse, textResponse } from "./responses.ts"

export const NOT_FOUND: HttpResponse = {
  status: 404,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: Buffer.from("404 page not found\n"),
}

export const tooLarge = (bytesMax: number): HttpResponse =>
  errorResponse(newStatusError("RequestEntityTooLarge", `Request entity too large: limit is ${bytesMax}`))

/** Source: k8s.io/apiserver server/filters/maxinflight.go. */
export function tooMany(): HttpResponse {
  const response = textResponse(429, "Too many requests, please try again later.\n")
  return { ...response, headers: { ...response.headers, "retry-after": "1" } }
}

/** In the words, and in the odd form, of k8s.io/apiserver server/filters/timeout.go. */
export function tooLate(): HttpResponse {
  const message = "Timeout: request did not complete within the allotted timeout"
  const status = { metadata: {}, status: "Failure", message, reason: "Timeout", details: {}, code: 504 }
  const headers = { "content-type": "text/plain; charset=utf-8" }
  return { status: 504, headers, body: Buffer.from(JSON.stringify(status) + "\n") }
}

export const BROKEN: HttpResponse = textResponse(500, "Internal error occurred\n")
