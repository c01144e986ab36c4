import { apiVersionOf } from "#apimachinery/gvk.ts"
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { badRequest } from "#apimachinery/status-error.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { decodeObject } from "#apiserver/registry/object-schema.ts"
import type { WriteRequest } from "#apiserver/registry/write-request.ts"
import { decodeProtobufObject } from "#apiserver/protobuf/decode.ts"
import { ProtobufError } from "#apiserver/protobuf/wire.ts"
import type { Call } from "./call.ts"
import { bodyFormat, type BodyFormat } from "./negotiation.ts"

/** Bytes of a body that cannot be read which are quoted in the refusal. */
const QUOTED_BYTES = 60

/** A body as an object of any kind, unchecked, and the text that it was. @throws StatusError BadRequest */
export function readBody(call: Call, format: BodyFormat): { object: UnknownObject; text: string } {
  const { body } = call.request
  if (format === "protobuf") return { object: readProtobuf(body ?? new Uint8Array()), text: "" }
  const text = body === undefined ? "" : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
  const object = parseText(text, format)
  if (!isJsonObject(object))
    throw unrecognized("json: cannot unmarshal into Go value of type struct { APIVersion string; Kind string }", text)
  if (!isJsonObject(object["metadata"])) object["metadata"] = {}
  return { object: object as UnknownObject, text }
}

function readProtobuf(bytes: Uint8Array): UnknownObject {
  try {
    const object = decodeProtobufObject(bytes)
    object.metadata ??= {}
    return object
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw unrecognized(error.message, bytes)
  }
}

/** A body as an object of the request's kind, with unknown fields removed and told of. @throws StatusError BadRequest */
export function readObject(call: Call, request: WriteRequest, format: BodyFormat): UnknownObject {
  const { object, text } = readBody(call, format)
  const { info, subresource } = request
  const other = subresource === "" ? undefined : info.subresources.find((s) => s.name === subresource)
  const kind = other?.kind ?? info.kind
  const apiVersion = apiVersionOf({ group: other?.group ?? info.group, version: other?.version ?? info.version })
  if (info.custom && kind === info.kind) {
    if (!object.kind) throw badRequest(`Object 'Kind' is missing in '${text.slice(0, 1000)}'`)
    if (!object.apiVersion) throw badRequest(`Object 'apiVersion' is missing in '${text.slice(0, 1000)}'`)
  }
  object.kind ||= kind
  object.apiVersion ||= apiVersion
  if (object.apiVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${apiVersion})`,
    )
  }
  if (object.kind !== kind) {
    const version = apiVersion.slice(apiVersion.indexOf("/") + 1)
    throw badRequest(
      `${object.kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: unknown conversion`,
    )
  }
  call.audit?.requestObject(object)
  return kind === info.kind ? decodeObject(request, object, format === "json" ? text : undefined) : object
}

/** The options object in the body of a DELETE, if there is one. @throws StatusError BadRequest */
export function readOptions(call: Call): JsonObject | undefined {
  const { body } = call.request
  if (body === undefined || body.length === 0) return undefined
  const format = bodyFormat(call.request.headers["content-type"])
  const options = format === "protobuf" ? readProtobuf(body) : parseText(Buffer.from(body).toString(), format)
  if (!isJsonObject(options)) throw unrecognized("not an object", body)
  call.audit?.requestObject(options)
  return options
}

/** A value of JSON or YAML text. @throws StatusError BadRequest */
export function parseText(text: string, format: "json" | "yaml"): unknown {
  try {
    return format === "json" ? JSON.parse(text) : parseYamlDocuments(text)[0]
  } catch (error) {
    throw unrecognized(`couldn't get version/kind; ${format} parse error: ${(error as Error).message}`, text)
  }
}

function unrecognized(why: string, content: string | Uint8Array) {
  const bytes = Buffer.from(content)
  const quoted = bytes.subarray(0, QUOTED_BYTES).toString("hex") + (bytes.length > QUOTED_BYTES ? " ..." : "")
  return badRequest(
    `the object provided is unrecognized (must be of type Object): ${why} (${quoted === "" ? "<empty>" : quoted})`,
  )
}
