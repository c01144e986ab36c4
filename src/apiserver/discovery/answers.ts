import type { HttpResponse } from "#lib/http.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import { negotiate } from "#apiserver/handlers/negotiation.ts"
import { errorResponse, objectResponse } from "#apiserver/handlers/responses.ts"
import type { ServerRequest } from "#apiserver/request.ts"

type Headers = HttpResponse["headers"]

/** An object in the form that the asker accepts. */
export function objectAnswer(request: ServerRequest, object: object, routed?: "object"): HttpResponse {
  return objectResponse(200, object, negotiate(request.headers, { views: [], routed }))
}

/** Bytes with a name of their content, which are not sent again to those who have them. */
export function taggedAnswer(
  request: ServerRequest,
  answer: { readonly body: Uint8Array; readonly etag: string; readonly headers: Headers },
): HttpResponse {
  const headers = { ...answer.headers, etag: answer.etag }
  const known = (request.headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""))
  if (known.includes(answer.etag)) return { status: 304, headers, body: new Uint8Array() }
  return { status: 200, headers, body: answer.body }
}

/** A path below a group that is served, which names nothing. */
export function unknownResource(): HttpResponse {
  return errorResponse(newStatusError("NotFound", "the server could not find the requested resource", {}))
}

/** The clauses of an Accept header, the best first. */
export function acceptClauses(request: ServerRequest): string[] {
  const accept = request.headers["accept"]?.trim() || "*/*"
  return accept
    .split(",")
    .map((clause) => ({ clause: clause.trim(), quality: Number(/;\s*q=([\d.]+)/.exec(clause)?.[1] ?? 1) }))
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ clause }) =>
      clause
        .replace(/;\s*q=[\d.]+/, "")
        .replaceAll(/\s/g, "")
        .toLowerCase(),
    )
}
