import { readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * `[number, name, type, flags]`. The type is a scalar's or a full message name. Flags: `r` repeated, `m` a map from
 * strings to the type, `i` a message whose fields JSON writes beside those of its parent, `w` for what is on the wire
 * even when it is empty: in Go no pointer.
 */
export type ProtobufField = [number: number, name: string, type: string, flags?: string]
export type ProtobufMessages = { [message: string]: ProtobufField[] }

type Modules = { api: string; apimachinery: string; apiextensions: string; aggregator: string }
type Schemas = ReadonlyMap<string, { readonly [name: string]: { readonly [key: string]: unknown } }>

const SCALARS = new Set(["string", "bytes", "bool", "int32", "int64", "uint32", "uint64", "double", "float"])

const FILES_OF: { readonly [module in keyof Modules]: readonly string[] } = {
  api: (
    "admissionregistration/v1 apidiscovery/v2 apps/v1 authentication/v1 authorization/v1 autoscaling/v1 autoscaling/v2 " +
    "batch/v1 certificates/v1 coordination/v1 core/v1 discovery/v1 events/v1 flowcontrol/v1 networking/v1 node/v1 " +
    "policy/v1 rbac/v1 resource/v1 scheduling/v1 storage/v1"
  ).split(" "),
  apimachinery: ["pkg/api/resource", "pkg/apis/meta/v1", "pkg/runtime", "pkg/runtime/schema", "pkg/util/intstr"],
  apiextensions: ["pkg/apis/apiextensions/v1"],
  aggregator: ["pkg/apis/apiregistration/v1"],
}

/** Field numbers of every message that a client may send in protobuf. */
export function readProtobufMessages(modules: Modules, schemas: Schemas): ProtobufMessages {
  const messages: ProtobufMessages = {}
  for (const module of Object.keys(FILES_OF) as (keyof Modules)[]) {
    for (const folder of FILES_OF[module]) {
      const own = parseProto(readFileSync(join(modules[module], folder, "generated.proto"), "utf8"))
      const written = readWritten(readFileSync(join(modules[module], folder, "generated.pb.go"), "utf8"))
      for (const [message, fields] of Object.entries(own)) {
        const numbers = written.get(message.slice(message.lastIndexOf(".") + 1))
        for (const field of fields) if (numbers?.has(field[0])) field[3] = `${field[3] ?? ""}w`
      }
      Object.assign(messages, own)
    }
  }
  markInlined(messages, schemas)
  return messages
}

const MESSAGE = /^message (\w+) \{/
const FIELD = /^\s+(optional|repeated) ([\w.]+) (\w+) = (\d+);/
const MAP = /^\s+map<string, ([\w.]+)> (\w+) = (\d+);/

function parseProto(text: string): ProtobufMessages {
  const into: ProtobufMessages = {}
  const packageName = /^package ([\w.]+);/m.exec(text)?.[1]
  if (packageName === undefined) throw new Error("Cannot read protobuf file: no package")
  let fields: ProtobufField[] = []
  const typeOf = (type: string) =>
    SCALARS.has(type)
      ? type
      : type.startsWith(".")
        ? type.slice(1)
        : type.includes(".")
          ? type
          : `${packageName}.${type}`
  for (const line of text.split("\n")) {
    const message = MESSAGE.exec(line)?.[1]
    if (message !== undefined) {
      fields = []
      into[`${packageName}.${message}`] = fields
      continue
    }
    const field = FIELD.exec(line)
    if (field !== null) {
      const [, label, type, name, number] = field
      fields.push([
        Number(number),
        name!,
        typeOf(type!),
        ...((label === "repeated" ? ["r"] : []) as [string?]),
      ] as ProtobufField)
      continue
    }
    const map = MAP.exec(line)
    if (map !== null) fields.push([Number(map[3]), map[2]!, typeOf(map[1]!), "m"])
  }
  return into
}

const MARSHAL = /^func \(m \*(\w+)\) MarshalToSizedBuffer/
const TAG_BYTE = /^\tdAtA\[i\] = 0x([0-9a-f]+)$/

/**
 * Which fields Go's encoder writes without a look at their value, by message. It works from the end to the beginning, so
 * a tag's last byte comes first; what stands under a condition is indented.
 */
function readWritten(text: string): Map<string, Set<number>> {
  const written = new Map<string, Set<number>>()
  let numbers: Set<number> | undefined
  let tag: number[] = []
  for (const line of text.split("\n")) {
    const message = MARSHAL.exec(line)?.[1]
    if (message !== undefined) written.set(message, (numbers = new Set()))
    const byte = TAG_BYTE.exec(line)?.[1]
    if (byte !== undefined) tag.push(parseInt(byte, 16))
    else if (line !== "\ti--") {
      if (tag.length > 0) numbers?.add(Math.floor(tag.reduce((sum, b) => sum * 128 + (b & 127), 0) / 8))
      tag = []
    }
    if (line === "}") numbers = undefined
  }
  return written
}

/** Go embeds structs that JSON flattens and protobuf doesn't: the field's name is then none of the schema's. */
function markInlined(messages: ProtobufMessages, schemas: Schemas): void {
  for (const [message, fields] of Object.entries(messages)) {
    const name = message.replace(/^k8s\.io\./, "io.k8s.")
    const schema = schemas.get(name.slice(0, name.lastIndexOf(".")))?.[name]
    const properties = schema?.properties as { [name: string]: unknown } | undefined
    if (properties === undefined) continue
    for (const field of fields) {
      if (properties[field[1]] === undefined && messages[field[2]] !== undefined && !/[rm]/.test(field[3] ?? ""))
        field[3] = `${field[3] ?? ""}i`
    }
  }
}
