import type { HttpResponse } from "#lib/http.ts"
import { formatYaml } from "#lib/yaml.ts"
import type { Status, StatusError } from "#apimachinery/status-error.ts"
import { encodeProtobufObject } from "#apiserver/protobuf/encode.ts"
import type { Representation } from "./negotiation.ts"

/** JSON bytes that end with a newline, as the API server's do; re-formed when another form was asked for. */
export function bytesResponse(status: number, json: Uint8Array, form: Representation): HttpResponse {
  if (form.mediaType === "json" && !form.pretty) return { status, headers: headersOf(form), body: json }
  return objectResponse(status, JSON.parse(Buffer.from(json).toString()), form)
}

export function objectResponse(status: number, object: unknown, form: Representation): HttpResponse {
  if (form.mediaType === "protobuf") {
    return { status, headers: headersOf(form), body: encodeProtobufObject(object as TypedObject) }
  }
  const text =
    form.mediaType === "yaml" ? formatYaml(object) : JSON.stringify(object, null, form.pretty ? 2 : undefined) + "\n"
  return { status, headers: headersOf(form), body: Buffer.from(text) }
}

type TypedObject = { readonly apiVersion: string; readonly kind: string }

const headersOf = (form: Representation) =>
  form.mediaType === "json" ? JSON_HEADERS : { "content-type": form.contentType }
const JSON_HEADERS = { "content-type": "application/json" }

/** A refusal as clients read it. */
export function errorResponse(error: StatusError, form: Representation = PLAIN): HttpResponse {
  const { status } = error
  const retryAfter = status.details?.retryAfterSeconds
  const response = objectResponse(status.code, status, form)
  if (retryAfter === undefined) return response
  return { ...response, headers: { ...response.headers, "retry-after": String(retryAfter) } }
}

const PLAIN: Representation = { mediaType: "json", contentType: "application/json", pretty: false }

/** A success has no code of its own in the body. */
export function successResponse(status: Status, form: Representation, httpStatus = 200): HttpResponse {
  const { code: _, ...body } = status
  return objectResponse(httpStatus, body, form)
}

export function textResponse(status: number, text: string): HttpResponse {
  const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" }
  return { status, headers, body: Buffer.from(text) }
}
