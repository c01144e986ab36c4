// Objects that arrive in Kubernetes' protobuf form become the JSON objects that everything else knows. Go's typed
// clients send no other form, and do not try again in JSON when it is refused.
import { formatMicroTime, formatTime } from "#lib/clock.ts"
import { parseJson } from "#lib/json-text.ts"
import { setMember, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import {
  EXTENSIONS,
  EXTRA_VALUES,
  INT_OR_STRING,
  MAGIC,
  META,
  messageNameOf,
  messageOf,
  QUANTITY,
  RAW_EXTENSION,
  type Field,
} from "./messages.ts"
import { ProtobufError, WireReader } from "./wire.ts"

/** Each object inside of another in its protobuf form counts as so many messages: all that it holds is copied once more. */
const OBJECT_DEPTH = 100

/**
 * An object in the envelope of Kubernetes' protobuf.
 *
 * @param depth  of the messages that it is inside of
 * @throws ProtobufError for what is none, and for kinds that have no protobuf form
 */
export function decodeProtobufObject(bytes: Uint8Array, depth = 0): UnknownObject {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw new ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
  const envelope = new WireReader(body, MAGIC.length, depth)
  let [apiVersion, kind] = ["", ""]
  let content = new WireReader(new Uint8Array())
  while (!envelope.done) {
    const { field, wire } = envelope.tag()
    if (field === 1) ({ apiVersion, kind } = readTypeMeta(envelope.message()))
    else if (field === 2) content = envelope.message()
    else envelope.skip(wire)
  }
  const name = messageNameOf(apiVersion, kind)
  if (name === undefined) throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`)
  return { apiVersion, kind, ...(readMessage(content, name) as JsonObject) } as UnknownObject
}

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
const SPECIAL = new Map<string, (fields: JsonObject, depth: number) => unknown>([
  [`${META}.Time`, (time) => (isEmpty(time) ? undefined : formatTime(millisOf(time)))],
  [`${META}.MicroTime`, (time) => (isEmpty(time) ? undefined : formatMicros(time))],
  [`${META}.Duration`, ({ duration }) => `${Number(duration ?? 0) / 1e9}s`],
  [`${META}.FieldsV1`, ({ Raw }, depth) => parseRaw(Raw, depth)],
  [`${META}.Verbs`, ({ items }) => items ?? []],
  [QUANTITY, ({ string }) => string ?? "0"],
  [INT_OR_STRING, ({ type, intVal, strVal }) => (type === 1 ? (strVal ?? "") : (intVal ?? 0))],
  [RAW_EXTENSION, ({ raw }, depth) => parseRaw(raw, depth)],
  [`${EXTENSIONS}.JSON`, ({ raw }, depth) => parseRaw(raw, depth)],
  [`${EXTENSIONS}.JSONSchemaPropsOrArray`, ({ schema, jSONSchemas }) => schema ?? jSONSchemas],
  [`${EXTENSIONS}.JSONSchemaPropsOrBool`, ({ schema, allows }) => schema ?? allows ?? false],
  [`${EXTENSIONS}.JSONSchemaPropsOrStringArray`, ({ schema, property }) => schema ?? property],
  // A struct's zero values are on the wire whether anybody set them or not; of metadata none means anything.
  [
    `${META}.ObjectMeta`,
    (metadata) => Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== "" && value !== 0)),
  ],
  ...EXTRA_VALUES.map((name): [string, (fields: JsonObject) => unknown] => [name, ({ items }) => items ?? []]),
  [
    `${EXTENSIONS}.JSONSchemaProps`,
    (schema) =>
      Object.fromEntries(
        Object.entries(schema).filter(([name, value]) => SET_IN_SCHEMA.has(name) || (value !== "" && value !== false)),
      ),
  ],
])

/** What a schema has on the wire only where somebody set it: there even an empty text says something. */
const SET_IN_SCHEMA: ReadonlySet<string> = new Set([
  "default",
  "example",
  "additionalItems",
  "additionalProperties",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
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
function parseRaw(encoded: unknown, depth: number): unknown {
  if (typeof encoded !== "string" || encoded === "") return undefined
  const bytes = Buffer.from(encoded, "base64")
  if (bytes.subarray(0, MAGIC.length).equals(MAGIC)) return decodeProtobufObject(bytes, depth + OBJECT_DEPTH)
  try {
    return parseJson(bytes.toString())
  } catch (error) {
    throw new ProtobufError(`embedded JSON: ${(error as Error).message}`)
  }
}

function readMessage(reader: WireReader, name: string): unknown {
  const message = messageOf(name)
  const object: JsonObject = {}
  while (!reader.done) {
    const { field: number, wire } = reader.tag()
    const field = message.byNumber.get(number)
    if (field === undefined) reader.skip(wire)
    else readField(reader, wire, field, object)
  }
  const special = SPECIAL.get(name)
  return special === undefined ? object : special(object, reader.depth)
}

function readField(reader: WireReader, wire: number, { name, type, shape }: Field, object: JsonObject): void {
  if (shape === "map") {
    const [key, value] = readEntry(reader.message(), type)
    const map = (object[name] ??= {}) as JsonObject
    return setMember(map, key, value)
  }
  const value = readValue(reader, wire, type)
  if (shape === "inlined") Object.assign(object, value)
  else if (shape === "repeated") ((object[name] ??= []) as unknown[]).push(value)
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
      return readMessage(reader.message(), type)
  }
}
