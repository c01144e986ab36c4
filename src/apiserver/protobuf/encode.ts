// Objects in Kubernetes' protobuf form, byte for byte as Go's encoders write them: fields by number, maps by key, and
// what is no pointer in Go even when it is empty.
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import { parseTimeMs } from "#lib/clock.ts"
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
import { ProtobufError } from "./wire.ts"
import { WireWriter } from "./wire-writer.ts"

/** What one object is expected to take; the writer grows. */
const OBJECT_BYTES = 4096

type TypedObject = { readonly apiVersion: string; readonly kind: string }

/** @returns whether objects of the kind can be encoded */
export const hasProtobufForm = (apiVersion: string, kind: string) => messageNameOf(apiVersion, kind) !== undefined

/**
 * An object in the envelope of Kubernetes' protobuf. Members that its kind does not have are left out.
 *
 * @throws ProtobufError for a kind that has no protobuf form
 */
export function encodeProtobufObject(object: TypedObject): Uint8Array {
  const writer = new WireWriter(OBJECT_BYTES)
  writeObject(writer, object)
  return writer.bytes()
}

/**
 * A list, whose items are asked for one after another, the last first: thousands need not be in memory side by side.
 *
 * @throws ProtobufError for a kind that has no protobuf form
 */
export function encodeProtobufList(
  list: TypedObject & { readonly metadata: object },
  itemKind: TypedObject,
  items: { readonly length: number; readonly at: (index: number) => object; readonly bytes: number },
): Uint8Array {
  const writer = new WireWriter(items.bytes + OBJECT_BYTES)
  const name = nameOf(itemKind)
  writeEnvelope(writer, list, () => {
    for (let i = items.length - 1; i >= 0; i--) {
      const before = writer.length
      writeMessage(writer, name, items.at(i) as JsonObject)
      writer.close(2, before)
    }
    const before = writer.length
    writeMessage(writer, `${META}.ListMeta`, list.metadata as JsonObject)
    writer.close(1, before)
  })
  return writer.bytes()
}

/** One event of a watch after its length: metav1.WatchEvent without an envelope, with the object in one. */
export function encodeProtobufEvent(type: string, object: TypedObject): Uint8Array {
  const writer = new WireWriter(OBJECT_BYTES)
  writeObject(writer, object)
  writer.close(1, 0)
  writer.close(2, 0)
  const before = writer.length
  writer.text(type)
  writer.close(1, before)
  const frame = Buffer.allocUnsafe(4)
  frame.writeUInt32BE(writer.length)
  writer.raw(frame)
  return writer.bytes()
}

function writeObject(writer: WireWriter, object: TypedObject): void {
  const name = nameOf(object)
  writeEnvelope(writer, object, () => writeMessage(writer, name, object as unknown as JsonObject))
}

function nameOf({ apiVersion, kind }: TypedObject): string {
  const name = messageNameOf(apiVersion, kind)
  if (name === undefined) throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`)
  return name
}

/** runtime.Unknown: what it is, its bytes, and two empty fields. */
function writeEnvelope(writer: WireWriter, { apiVersion, kind }: TypedObject, content: () => void): void {
  writer.raw(NO_CONTENT_TYPE)
  const before = writer.length
  content()
  writer.close(2, before)
  const type = writer.length
  writeText(writer, 2, kind)
  writeText(writer, 1, apiVersion)
  writer.close(1, type)
  writer.raw(MAGIC)
}

const NO_CONTENT_TYPE = Buffer.from([0x1a, 0x00, 0x22, 0x00])

function writeText(writer: WireWriter, field: number, text: string): void {
  const before = writer.length
  writer.text(text)
  writer.close(field, before)
}

function writeMessage(writer: WireWriter, name: string, value: unknown): void {
  const special = SPECIAL.get(name)
  if (special !== undefined) return special(writer, value)
  const object = isJsonObject(value) ? value : EMPTY
  for (const field of messageOf(name).backwards) writeField(writer, field, object)
}

const EMPTY: JsonObject = Object.freeze({})

function writeField(writer: WireWriter, field: Field, object: JsonObject): void {
  const { number, name, type, shape, always } = field
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  if (shape === "inlined") writeValue(writer, number, type, object)
  else if (shape === "map") writeMap(writer, field, value)
  else if (shape === "repeated") {
    if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) writeValue(writer, number, type, value[i])
  } else if (always || (value !== undefined && value !== null)) writeValue(writer, number, type, value)
}

function writeMap(writer: WireWriter, { number, type }: Field, value: unknown): void {
  if (!isJsonObject(value)) return
  for (const key of Object.keys(value).sort(byBytes).reverse()) {
    const before = writer.length
    const member = value[key]
    if (type !== "bytes" || typeof member === "string") writeValue(writer, 2, type, member)
    writeText(writer, 1, key)
    writer.close(number, before)
  }
}

/** Go sorts strings by their bytes; JavaScript's order differs beyond U+FFFF only. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function writeValue(writer: WireWriter, field: number, type: string, value: unknown): void {
  switch (type) {
    case "string":
      return writeText(writer, field, typeof value === "string" ? value : "")
    case "bytes":
      return writeBytes(writer, field, Buffer.from(typeof value === "string" ? value : "", "base64"))
    case "bool":
      writer.varint(value === true ? 1 : 0)
      return writer.tag(field, 0)
    case "double":
      writer.double(numberOf(value))
      return writer.tag(field, 1)
    case "int32":
    case "int64":
    case "uint32":
    case "uint64":
      writer.varint(numberOf(value))
      return writer.tag(field, 0)
    default: {
      const before = writer.length
      writeMessage(writer, type, value)
      writer.close(field, before)
    }
  }
}

const numberOf = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : 0)

function writeBytes(writer: WireWriter, field: number, bytes: Uint8Array): void {
  const before = writer.length
  writer.raw(bytes)
  writer.close(field, before)
}

type SpecialWriter = (writer: WireWriter, value: unknown) => void

/** Messages whose JSON is no object of their fields: the inverse of what decoding does. */
const SPECIAL: ReadonlyMap<string, SpecialWriter> = new Map<string, SpecialWriter>([
  [`${META}.Time`, (writer, value) => writeTime(writer, value, 0)],
  [`${META}.MicroTime`, (writer, value) => writeTime(writer, value, 1000)],
  [`${META}.Duration`, (writer, value) => writeValue(writer, 1, "int64", durationNanos(value))],
  [`${META}.FieldsV1`, writeRaw],
  [`${META}.Verbs`, writeItems],
  [QUANTITY, (writer, value) => writeText(writer, 1, value === undefined || value === null ? "0" : String(value))],
  [INT_OR_STRING, writeIntOrString],
  [RAW_EXTENSION, writeRaw],
  [`${EXTENSIONS}.JSON`, writeRaw],
  [`${EXTENSIONS}.JSONSchemaPropsOrArray`, (writer, value) => writeEither(writer, value, 2, SCHEMA)],
  [`${EXTENSIONS}.JSONSchemaPropsOrStringArray`, (writer, value) => writeEither(writer, value, 2, "string")],
  [`${EXTENSIONS}.JSONSchemaPropsOrBool`, writeSchemaOrBool],
  ...EXTRA_VALUES.map((name): [string, SpecialWriter] => [name, writeItems]),
])

const SCHEMA = `${EXTENSIONS}.JSONSchemaProps`

/** @param nanosPerMicro  0 for times that hold seconds only */
function writeTime(writer: WireWriter, value: unknown, nanosPerMicro: number): void {
  const text = typeof value === "string" ? value : ""
  const ms = parseTimeMs(text)
  if (ms === undefined) return
  const micros = nanosPerMicro === 0 ? 0 : Number((/\.(\d{1,6})/.exec(text)?.[1] ?? "0").padEnd(6, "0"))
  writeValue(writer, 2, "int32", micros * nanosPerMicro)
  writeValue(writer, 1, "int64", Math.floor(ms / 1000))
}

const NANOS_PER: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6, us: 1e3, µs: 1e3, ns: 1 }

/** `1h2m3.5s`, as Go prints durations. */
function durationNanos(value: unknown): number {
  let nanos = 0
  for (const [, amount, unit] of String(value ?? "").matchAll(/([\d.]+)(h|ms|m|s|us|µs|ns)/g)) {
    nanos += Number(amount) * NANOS_PER[unit!]!
  }
  return Math.round(String(value).startsWith("-") ? -nanos : nanos)
}

function writeRaw(writer: WireWriter, value: unknown): void {
  if (value === undefined) return
  const before = writer.length
  writer.text(JSON.stringify(value))
  writer.close(1, before)
}

function writeItems(writer: WireWriter, value: unknown): void {
  if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) writeText(writer, 1, String(value[i]))
}

function writeIntOrString(writer: WireWriter, value: unknown): void {
  const isText = typeof value === "string"
  writeText(writer, 3, isText ? value : "")
  writeValue(writer, 2, "int32", value)
  writeValue(writer, 1, "int64", isText ? 1 : 0)
}

/** A schema in field 1, or else a list. */
function writeEither(writer: WireWriter, value: unknown, field: number, type: string): void {
  if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) writeValue(writer, field, type, value[i])
  else if (isJsonObject(value)) writeValue(writer, 1, SCHEMA, value)
}

function writeSchemaOrBool(writer: WireWriter, value: unknown): void {
  if (isJsonObject(value)) writeValue(writer, 2, SCHEMA, value)
  writeValue(writer, 1, "bool", isJsonObject(value) || value === true)
}
