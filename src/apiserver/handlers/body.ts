import { goJsonError } from "#apimachinery/go-json-error.ts"
import { goPackageOf } from "#apimachinery/go-text.ts"
import { apiVersionOf, parseApiVersion } from "#apimachinery/gvk.ts"
import type { JsonObject } from "#apimachinery/json.ts"
import { zeroNulls } from "#apimachinery/managed-fields/drop-nulls.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { findHeadError, findMetadataError } from "#apimachinery/object-head.ts"
import { findDecodeError } from "#apimachinery/schema/decode.ts"
import { rootShape } from "#apimachinery/schema/shape.ts"
import { badRequest, invalid } from "#apimachinery/status-error.ts"
import { parseJson } from "#lib/json-text.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { once } from "#apiserver/builtin/generated-data.ts"
import { builtinKindSchema, builtinSchema, resolveBuiltinRef } from "#apiserver/builtin/schemas.ts"
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
  const problem = findHeadError(object)
  if (problem !== undefined) throw unrecognized(kind, problem, text)
  return { object: named(object as UnknownObject, kind), text }
}

/** Everything is asked of its metadata: they are there in the end. @throws StatusError BadRequest */
function named(object: UnknownObject, kind: string): UnknownObject {
  object.metadata ??= {}
  const problem = findMetadataError(kind, object.metadata)
  if (problem !== undefined) {
    const { version } = parseApiVersion(object.apiVersion || "v1")
    throw undecodable({ kind, version }, problem)
  }
  return object
}

const undecodable = ({ kind, version }: { readonly kind: string; readonly version: string }, why: string) =>
  badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`)

function readProtobuf(bytes: Uint8Array, kind: string): UnknownObject {
  try {
    return named(decodeProtobufObject(bytes), kind)
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
  return kind === info.kind
    ? decodeObject(request, object, format === "json" ? text : undefined)
    : decodeTyped(object, wanted)
}

/** An object of a kind that is not stored, in its types. @throws StatusError BadRequest */
export function decodeTyped(object: UnknownObject, as: Wanted): UnknownObject {
  const schema = builtinKindSchema(as.group, as.version, as.kind)
  if (schema === undefined) return object
  const wrong = findDecodeError({ ...object, kind: as.kind }, schema)
  if (wrong !== undefined) throw undecodable(as, wrong)
  return zeroNulls(object, rootShape(schema))
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
  const options = format === "protobuf" ? readProtobuf(body, OPTIONS_KIND) : readOptionsText(body, format)
  const schema = deleteOptionsSchema()
  const wrong = findDecodeError({ ...options, kind: OPTIONS_KIND }, schema)
  if (wrong !== undefined) throw badRequest(wrong)
  call.audit?.requestObject(options)
  return zeroNulls(options, rootShape(schema))
}

const OPTIONS_KIND = "DeleteOptions"

const deleteOptionsSchema = once(() => ({
  schema: builtinSchema("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"),
  resolve: resolveBuiltinRef,
}))

function readOptionsText(body: Uint8Array, format: Exclude<BodyFormat, "protobuf">): UnknownObject {
  const options = parseText(Buffer.from(body).toString(), format, badRequest) ?? {}
  const problem = findHeadError(options)
  if (problem !== undefined) throw badRequest(problem)
  checkOptionsKind(options as UnknownObject)
  return options as UnknownObject
}

/** Options may say what they are, in any version that knows them. */
function checkOptionsKind({ kind, apiVersion }: JsonObject): void {
  if (!kind || kind === OPTIONS_KIND) return
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
    return format === "json" ? parseJson(text) : parseYamlDocuments(text)[0]
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
