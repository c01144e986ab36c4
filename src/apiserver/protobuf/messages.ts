// What the protobuf messages of Kubernetes' kinds look like, from the generated field numbers.
import { parseApiVersion } from "#apimachinery/gvk.ts"
import { once, readGenerated } from "#apiserver/builtin/generated-data.ts"
import { builtinSchemaName } from "#apiserver/builtin/schemas.ts"
import { ProtobufError } from "./wire.ts"

/** `k8s\0`: what every object begins with. Source: k8s.io/apimachinery runtime/serializer/protobuf. */
export const MAGIC = Buffer.from("k8s\0")

export type Field = {
  readonly number: number
  /** In JSON. */
  readonly name: string
  /** A scalar's or a full message name. */
  readonly type: string
  /** A map is from strings to the type; JSON writes the fields of what is inlined beside those of its parent. */
  readonly shape: "one" | "repeated" | "map" | "inlined"
  /** On the wire even when it is empty. */
  readonly always: boolean
}

export type Message = {
  readonly byNumber: ReadonlyMap<number, Field>
  /** The last field first. */
  readonly backwards: readonly Field[]
}

export const META = "k8s.io.apimachinery.pkg.apis.meta.v1"
export const EXTENSIONS = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1"
export const QUANTITY = "k8s.io.apimachinery.pkg.api.resource.Quantity"
export const INT_OR_STRING = "k8s.io.apimachinery.pkg.util.intstr.IntOrString"
export const RAW_EXTENSION = "k8s.io.apimachinery.pkg.runtime.RawExtension"
export const EXTRA_VALUES: readonly string[] = ["authentication", "authorization", "certificates"].map(
  (group) => `k8s.io.api.${group}.v1.ExtraValue`,
)

/** Flags: see tools/generate-builtin/protobuf.ts. */
type RawField = readonly [number: number, name: string, type: string, flags?: string]

const raw = once(() => readGenerated<{ readonly [message: string]: readonly RawField[] }>("protobuf.json"))
const messages = new Map<string, Message>()

/** @throws ProtobufError when there is no such message */
export function messageOf(name: string): Message {
  let message = messages.get(name)
  if (message === undefined) {
    const rawFields = raw()[name]
    if (rawFields === undefined) throw new ProtobufError(`unknown message ${name}`)
    const fields = rawFields.map((field) => newField(name, field))
    message = {
      byNumber: new Map(fields.map((field) => [field.number, field])),
      backwards: fields.toSorted((a, b) => b.number - a.number),
    }
    messages.set(name, message)
  }
  return message
}

/** @returns the name of a kind's message, undefined for kinds that have no protobuf form */
export function messageNameOf(apiVersion: string, kind: string): string | undefined {
  const { group, version } = parseApiVersion(apiVersion)
  // Options travel under the version of the resource that they are about.
  const schema = kind.endsWith("Options") ? undefined : builtinSchemaName(group, version, kind)
  const name = schema === undefined ? `${META}.${kind}` : messageName(schema)
  return raw()[name] === undefined ? undefined : name
}

/** `io.k8s.api.apps.v1.Deployment` is `k8s.io.api.apps.v1.Deployment`. */
const messageName = (schema: string) => schema.replace(/^io\.k8s\./, "k8s.io.").replaceAll("-", "_")

/** JSON names that are not those of the protobuf definition. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["Webhooks", "webhooks"],
  ["Expression", "expression"],
  ["Name", "name"],
  ["uID", "uid"],
  ["aPIGroup", "apiGroup"],
])

function newField(message: string, [number, name, type, flags = ""]: RawField): Field {
  const renamed = message === `${EXTENSIONS}.JSONSchemaProps` ? schemaFieldName(name) : (RENAMED.get(name) ?? name)
  const shape = flags.includes("r") ? "repeated" : flags.includes("m") ? "map" : flags.includes("i") ? "inlined" : "one"
  return { number, name: renamed, type, shape, always: flags.includes("w") }
}

function schemaFieldName(name: string): string {
  if (name === "ref" || name === "schema") return `$${name}`
  return name.startsWith("xKubernetes") ? name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : name
}
