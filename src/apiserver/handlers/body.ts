import { goJsonError } from "#apimachinery/go-json-error.ts"
import { goJsonKind, goPackageOf } from "#apimachinery/go-text.ts"
import { apiVersionOf, parseApiVersion } from "#apimachinery/gvk.ts"
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { badRequest, invalid } from "#apimachinery/status-error.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { decodeObject } from "#apiserver/registry/object-schema.ts"
import type { WriteRequest } from "#apiserver/registry/write-request.ts"
import { decodeProtobufObject } from "#apiserver/protobuf/decode.ts"
import { ProtobufError } from "#apiserver/protobuf/wire.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import type { Call } from "./call.ts"
import { bodyFormat, type BodyFormat } from "./negotiation.ts"

/** Bytes of a body that cannot be read which are quoted in the refusal. */
const QUOTED_BYTES = 30

/** A body as an object of any kind, unchecked, and the text that it was. @param kind  the one that is wanted. @throws StatusError BadRequest */
export function readBody(call: Call, format: BodyFormat, kind: string): { object: UnknownObject; text: string } {
  const { body } = call.request
  if (format === "protobuf") return { object: readProtobuf(body ?? new Uint8Array(), kind), text: "" }
  const text = body === undefined ? "" : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
  const object = parseText(text, format, (why) => unrecognized(kind, why, text)) ?? {}
  const refuse = (why: string) => unrecognized(kind, `couldn't get version/kind; json parse error: ${why}`, text)
  if (!isJsonObject(object))
    throw refuse(`json: cannot unmarshal ${goJsonKind(object)} into Go value of type ${TYPE_META}`)
  for (const field of ["apiVersion", "kind"]) {
    const value = object[field] ?? ""
    if (typeof value === "string") continue
    throw refuse(`json: cannot unmarshal ${goJsonKind(value)} into Go struct field .${field} of type string`)
  }
  object["metadata"] ??= {}
  return { object: object as UnknownObject, text }
}

/** What Go calls the struct that it reads version and kind into. */
const TYPE_META =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

function readProtobuf(bytes: Uint8Array, kind: string): UnknownObject {
  try {
    const object = decodeProtobufObject(bytes)
    object.metadata ??= {}
    return object
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw unrecognized(kind, error.message, bytes)
  }
}

/** A body as an object of the request's kind, with unknown fields removed and told of. @throws StatusError BadRequest */
export function readObject(
  call: Call,
  request: WriteRequest,
  format: BodyFormat,
  resources: ResourceTable,
): UnknownObject {
  const { info, subresource } = request
  const other = subresource === "" ? undefined : info.subresources.find((s) => s.name === subresource)
  const kind = other?.kind ?? info.kind
  const { object, text } = readBody(call, format, kind)
  const group = other?.group ?? info.group
  const wanted = { group, version: other?.version ?? info.version, kind }
  if (info.custom && kind === info.kind) checkCustomKind(object, wanted, text)
  else checkBuiltinKind(object, wanted, resources)
  call.audit?.requestObject(object)
  return kind === info.kind ? decodeObject(request, object, format === "json" ? text : undefined) : object
}

type Wanted = { readonly group: string; readonly version: string; readonly kind: string }

/** Custom resources are read as they are, and have to say what they are. */
function checkCustomKind(object: UnknownObject, wanted: Wanted, text: string): void {
  const apiVersion = apiVersionOf(wanted)
  if (!object.kind) throw unrecognized(wanted.kind, `Object 'Kind' is missing in '${text.slice(0, 1000)}'`, text)
  if ((object.apiVersion ?? "") !== apiVersion) {
    throw badRequest(
      `the API version in the data (${object.apiVersion ?? ""}) does not match the expected API version (${apiVersion})`,
    )
  }
  if (object.kind === wanted.kind) return
  const body = `Invalid value: ${JSON.stringify(object.kind)}: must be ${wanted.kind}`
  throw invalid({ group: wanted.group, kind: object.kind }, String(object.metadata?.name ?? ""), [
    { field: "kind", reason: "FieldValueInvalid", body },
  ])
}

/** Whoever says nothing means what the path says. What is said is decoded as that, and then converted, which fails. */
export function checkBuiltinKind(object: UnknownObject, wanted: Wanted, resources: ResourceTable): void {
  const apiVersion = apiVersionOf(wanted)
  object.kind ||= wanted.kind
  object.apiVersion ||= apiVersion
  if (object.apiVersion === apiVersion && object.kind === wanted.kind) return
  const { kind } = object
  const { group, version } = parseApiVersion(object.apiVersion)
  const found = resources.findKind(group, version, kind)
  const why =
    found === undefined || found.custom
      ? `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(object.apiVersion)} in scheme "pkg/runtime/scheme.go:111"`
      : `converting (${version}.${kind}) to (${goPackageOf(wanted.group)}.${wanted.kind}): unknown conversion`
  throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${wanted.kind}: ${why}`)
}

/** The options object in the body of a DELETE, if there is one. @throws StatusError BadRequest */
export function readOptions(call: Call): JsonObject | undefined {
  const { body } = call.request
  if (body === undefined || body.length === 0) return undefined
  const format = bodyFormat(call.request.headers["content-type"])
  const options = format === "protobuf" ? readProtobuf(body, "DeleteOptions") : readOptionsText(body, format)
  call.audit?.requestObject(options)
  return options
}

function readOptionsText(body: Uint8Array, format: Exclude<BodyFormat, "protobuf">) {
  const text = Buffer.from(body).toString()
  const options = parseText(text, format, badRequest) ?? {}
  if (!isJsonObject(options)) throw unrecognized("DeleteOptions", "not an object", text)
  checkOptionsKind(options)
  return options
}

/** Options may say what they are, in any version that knows them. */
function checkOptionsKind({ kind, apiVersion }: JsonObject): void {
  if (!kind || kind === "DeleteOptions") return
  const version = JSON.stringify(apiVersion ?? "")
  throw badRequest(
    `no kind ${JSON.stringify(kind)} is registered for version ${version} in scheme "pkg/runtime/scheme.go:111"`,
  )
}

/**
 * A value of JSON or YAML text; undefined for YAML without a document.
 *
 * @param refuse  makes the refusal of text that cannot be read
 */
export function parseText(text: string, format: "json" | "yaml", refuse: (why: string) => Error): unknown {
  try {
    return format === "json" ? JSON.parse(text) : parseYamlDocuments(text)[0]
  } catch (error) {
    if (format === "yaml") throw refuse(`yaml: ${(error as Error).message}`)
    throw refuse(`couldn't get version/kind; json parse error: ${goJsonError(text) ?? (error as Error).message}`)
  }
}

/** Source: k8s.io/apiserver endpoints/handlers transformDecodeError. */
function unrecognized(kind: string, why: string, content: string | Uint8Array) {
  const bytes = Buffer.from(content)
  const quoted = bytes.subarray(0, QUOTED_BYTES).toString(bytes[0] === OPEN ? "utf8" : "hex")
  const summary = quoted + (bytes.length > QUOTED_BYTES ? " ..." : "")
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summary === "" ? "<empty>" : summary})`,
  )
}

const OPEN = 0x7b
