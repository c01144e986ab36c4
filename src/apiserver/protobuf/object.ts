// Objects that arrive in Kubernetes' protobuf form become the JSON objects that everything else knows. Go's typed
// clients send no other form, and do not try again in JSON when it is refused.
import { formatMicroTime, formatTime } from "#lib/clock.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import { setMember, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { once, readGenerated } from "#apiserver/builtin/generated-data.ts"
import { builtinSchemaName } from "#apiserver/builtin/schemas.ts"
import { ProtobufError, WireReader } from "./wire.ts"

/** `k8s\0`: what every object begins with. Source: k8s.io/apimachinery runtime/serializer/protobuf. */
const MAGIC = Buffer.from("k8s\0")

/** Number, name in JSON, type, and `r` for repeated, `m` for a map from strings, `i` for what JSON writes into the parent. */
type Field = readonly [number: number, name: string, type: string, flag?: "r" | "m" | "i"]
type Message = ReadonlyMap<number, Field>

const META = "k8s.io.apimachinery.pkg.apis.meta.v1"
const EXTENSIONS = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1"

const raw = once(() => readGenerated<{ readonly [message: string]: readonly Field[] }>("protobuf.json"))
const messages = new Map<string, Message>()

function messageOf(name: string): Message {
  let message = messages.get(name)
  if (message === undefined) {
    const fields = raw()[name]
    if (fields === undefined) throw new ProtobufError(`unknown message ${name}`)
    message = new Map(fields.map((field) => [field[0], jsonField(name, field)]))
    messages.set(name, message)
  }
  return message
}

/** JSON names that are not those of the protobuf definition. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["Webhooks", "webhooks"],
  ["Expression", "expression"],
  ["Name", "name"],
  ["uID", "uid"],
  ["aPIGroup", "apiGroup"],
])

function jsonField(message: string, [number, name, type, flag]: Field): Field {
  const renamed = message === `${EXTENSIONS}.JSONSchemaProps` ? schemaFieldName(name) : (RENAMED.get(name) ?? name)
  return flag === undefined ? [number, renamed, type] : [number, renamed, type, flag]
}

function schemaFieldName(name: string): string {
  if (name === "ref" || name === "schema") return `$${name}`
  return name.startsWith("xKubernetes") ? name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : name
}

/**
 * An object in the envelope of Kubernetes' protobuf.
 *
 * @throws ProtobufError for what is none, and for kinds that have no protobuf form
 */
export function decodeProtobufObject(bytes: Uint8Array): UnknownObject {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw new ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
  const envelope = new WireReader(body, MAGIC.length)
  let [apiVersion, kind] = ["", ""]
  let content: Uint8Array = new Uint8Array()
  while (!envelope.done) {
    const { field, wire } = envelope.tag()
    if (field === 1) ({ apiVersion, kind } = readTypeMeta(new WireReader(envelope.bytes())))
    else if (field === 2) content = envelope.bytes()
    else envelope.skip(wire)
  }
  const { group, version } = parseApiVersion(apiVersion)
  // Options travel under the version of the resource that they are about.
  const schema = kind.endsWith("Options") ? undefined : builtinSchemaName(group, version, kind)
  const name = schema === undefined ? `${META}.${kind}` : messageName(schema)
  if (raw()[name] === undefined) throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`)
  return { apiVersion, kind, ...(readMessage(new WireReader(content), name) as JsonObject) } as UnknownObject
}

/** `io.k8s.api.apps.v1.Deployment` is `k8s.io.api.apps.v1.Deployment`. */
const messageName = (schema: string) => schema.replace(/^io\.k8s\./, "k8s.io.").replaceAll("-", "_")

function readTypeMeta(reader: WireReader): { apiVersion: string; kind: string } {
  const type = { apiVersion: "", kind: "" }
  while (!reader.done) {
    const { field, wire } = reader.tag()
    if (field === 1) type.apiVersion = reader.text()
    else if (field === 2) type.kind = reader.text()
    else reader.skip(wire)
  }
  return type
}

/** Messages whose JSON is no object of their fields. undefined: the field is left out. */
const SPECIAL: ReadonlyMap<string, (fields: JsonObject) => unknown> = new Map([
  [`${META}.Time`, (time) => (isEmpty(time) ? undefined : formatTime(millisOf(time)))],
  [`${META}.MicroTime`, (time) => (isEmpty(time) ? undefined : formatMicros(time))],
  [`${META}.Duration`, ({ duration }) => `${Number(duration ?? 0) / 1e9}s`],
  [`${META}.FieldsV1`, ({ Raw }) => parseRaw(Raw)],
  [`${META}.Verbs`, ({ items }) => items ?? []],
  ["k8s.io.apimachinery.pkg.api.resource.Quantity", ({ string }) => string ?? "0"],
  [
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString",
    ({ type, intVal, strVal }) => (type === 1 ? (strVal ?? "") : (intVal ?? 0)),
  ],
  ["k8s.io.apimachinery.pkg.runtime.RawExtension", ({ raw }) => parseRaw(raw)],
  [`${EXTENSIONS}.JSON`, ({ raw }) => parseRaw(raw)],
  [`${EXTENSIONS}.JSONSchemaPropsOrArray`, ({ schema, jSONSchemas }) => schema ?? jSONSchemas],
  [`${EXTENSIONS}.JSONSchemaPropsOrBool`, ({ schema, allows }) => schema ?? allows ?? false],
  [`${EXTENSIONS}.JSONSchemaPropsOrStringArray`, ({ schema, property }) => schema ?? property],
  // A struct's zero values are on the wire whether anybody set them or not; of metadata none means anything.
  [
    `${META}.ObjectMeta`,
    (metadata) => Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== "" && value !== 0)),
  ],
  ...["authentication", "authorization", "certificates"].map((group): [string, (fields: JsonObject) => unknown] => [
    `k8s.io.api.${group}.v1.ExtraValue`,
    ({ items }) => items ?? [],
  ]),
])

const isEmpty = (fields: JsonObject) => Object.keys(fields).length === 0

/** The first and last second that a date can have in ECMAScript. */
const SECONDS_MAX = 8_640_000_000_000

function millisOf(time: JsonObject): number {
  const seconds = Number(time["seconds"] ?? 0)
  if (Math.abs(seconds) > SECONDS_MAX) throw new ProtobufError(`time out of range: ${seconds}`)
  return seconds * 1000
}

function formatMicros(time: JsonObject): string {
  const micros = Math.floor(Number(time["nanos"] ?? 0) / 1000)
  return formatMicroTime(millisOf(time)).replace(/\.\d+Z$/, `.${String(micros).padStart(6, "0")}Z`)
}

/** @param encoded  the base64 that every field of bytes becomes */
function parseRaw(encoded: unknown): unknown {
  if (typeof encoded !== "string" || encoded === "") return undefined
  const bytes = Buffer.from(encoded, "base64")
  if (bytes.subarray(0, MAGIC.length).equals(MAGIC)) return decodeProtobufObject(bytes)
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    throw new ProtobufError(`embedded JSON: ${(error as Error).message}`)
  }
}

function readMessage(reader: WireReader, name: string): unknown {
  const message = messageOf(name)
  const object: JsonObject = {}
  while (!reader.done) {
    const { field: number, wire } = reader.tag()
    const field = message.get(number)
    if (field === undefined) reader.skip(wire)
    else readField(reader, wire, field, object)
  }
  const special = SPECIAL.get(name)
  return special === undefined ? object : special(object)
}

function readField(reader: WireReader, wire: number, [, name, type, flag]: Field, object: JsonObject): void {
  if (flag === "m") {
    const [key, value] = readEntry(new WireReader(reader.bytes()), type)
    const map = (object[name] ??= {}) as JsonObject
    return setMember(map, key, value)
  }
  const value = readValue(reader, wire, type)
  if (flag === "i") Object.assign(object, value)
  else if (flag === "r") ((object[name] ??= []) as unknown[]).push(value)
  else if (value !== undefined) object[name] = value
}

function readEntry(reader: WireReader, type: string): [string, unknown] {
  let key = ""
  let value: unknown
  while (!reader.done) {
    const { field, wire } = reader.tag()
    if (field === 1) key = reader.text()
    else if (field === 2) value = readValue(reader, wire, type)
    else reader.skip(wire)
  }
  return [key, value ?? (type === "string" || type === "bytes" ? "" : {})]
}

function readValue(reader: WireReader, wire: number, type: string): unknown {
  switch (type) {
    case "string":
      return reader.text()
    case "bytes":
      return Buffer.from(reader.bytes()).toString("base64")
    case "bool":
      return reader.varint() !== 0
    case "double":
      return reader.double()
    case "int32":
    case "int64":
    case "uint32":
    case "uint64":
      return reader.varint()
    default:
      if (wire !== 2) throw new ProtobufError(`illegal wire type ${wire} for ${type}`)
      return readMessage(new WireReader(reader.bytes()), type)
  }
}
