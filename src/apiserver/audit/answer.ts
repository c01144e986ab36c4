import { isStream, type HttpResponse } from "#lib/http.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { isJsonObject } from "#apimachinery/json.ts"
import { decodeProtobufObject } from "#apiserver/protobuf/decode.ts"

/** A Status is about this long at the most; larger answers are parsed only when they are recorded. */
const STATUS_BYTES_MAX = 64 * 1024

/**
 * What is recorded of an answer: its status, and the object in it where that is asked for. What cannot be read as an
 * object (text, a stream) has none.
 */
export function auditedAnswer(
  response: HttpResponse,
  options: { readonly withObject: boolean; readonly mayBeStatus: boolean },
): { readonly status: object; readonly object?: unknown } {
  const { status: code, body } = response
  const bare = { metadata: {}, code }
  if (isStream(body)) return { status: bare }
  const isStatus = options.mayBeStatus && body.length < STATUS_BYTES_MAX
  const object = options.withObject || isStatus ? readAnswer(body, response.headers["content-type"]) : undefined
  const recorded = options.withObject && object !== undefined ? { object } : {}
  if (!isJsonObject(object) || object["kind"] !== "Status") return { status: bare, ...recorded }
  const { kind: _, apiVersion: __, ...rest } = object
  return { status: { ...rest, code }, ...recorded }
}

function readAnswer(body: Uint8Array, type: unknown): unknown {
  try {
    const text = () => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
    if (type === "application/json") return JSON.parse(text())
    if (type === "application/yaml") return parseYamlDocuments(text())[0]
    return type === "application/vnd.kubernetes.protobuf" ? decodeProtobufObject(body) : undefined
  } catch {
    return undefined
  }
}
