import { isJsonObject } from "#apimachinery/json.ts"
import { canonicalQuantity } from "#apimachinery/quantity.ts"
import type { Json } from "./fields.ts"
import { once, readGenerated } from "./generated-data.ts"

/**
 * A typed server reads JSON into structs, fills in defaults and writes the structs out again. Fields that hold nothing
 * vanish on the way, others always appear (`status: {}`, `resources: {}`), and quantities come out in their canonical
 * form. Which ones is known from the generated shapes; here an object is brought into that form without the structs.
 *
 * Codes: see tools/generate-builtin/shapes/main.go.
 */
type Field = { readonly name: string; readonly code: string; readonly struct: string; readonly default: unknown }

type Shape = {
  readonly name: string
  readonly fields: ReadonlyMap<string, Field>
  /** Fields that are there even when nobody set them: with a default, or always written. */
  readonly constant: readonly Field[]
}

/** Fills in the defaults of one struct. Its members may still hold nulls and may be absent. */
export type DefaultRule = (struct: Json) => void
/** By schema name. */
export type DefaultRules = ReadonlyMap<string, DefaultRule>

type RawField = readonly [name: string, code: string, struct: string, value?: unknown]
const shapes = once(() => readGenerated<{ readonly [schema: string]: readonly RawField[] }>("shapes.json"))
const compiled = new Map<string, Shape | undefined>()

function shapeOf(schemaName: string): Shape | undefined {
  if (compiled.has(schemaName)) return compiled.get(schemaName)
  const raw = shapes()[schemaName]
  const fields = raw?.map(([name, code, struct, value]) => ({ name, code, struct, default: value }))
  const shape = fields && {
    name: schemaName,
    fields: new Map(fields.map((f) => [f.name, f])),
    constant: fields.filter(
      (f) => f.default !== undefined || "SNBLq".includes(f.code) || (f.code === "o" && f.struct !== ""),
    ),
  }
  compiled.set(schemaName, shape)
  return shape
}

const ZERO: { readonly [code: string]: unknown } = { S: "", N: 0, B: false, L: null, q: "0" }

/**
 * Brings a struct into the form that a typed server gives it, in place. Doing it twice changes nothing.
 *
 * @param schemaName  `io.k8s.api.apps.v1.Deployment`; a struct without a shape stays as it is
 * @param rules  run on each struct that has one, outer ones first
 */
export function completeStruct(struct: Json, schemaName: string, rules: DefaultRules): void {
  const shape = shapeOf(schemaName)
  if (shape === undefined) return
  dropEmpty(struct, shape)
  rules.get(schemaName)?.(struct)
  for (const field of shape.constant) {
    if (struct[field.name] !== undefined) continue
    struct[field.name] = field.default ?? (field.code === "o" ? {} : ZERO[field.code])
  }
  for (const name in struct) {
    const field = shape.fields.get(name)
    if (field === undefined || field.struct === "") continue
    if (field.struct === "quantity") struct[name] = canonical(struct[name])
    else completeField(struct[name], field, rules)
  }
}

function completeField(value: unknown, field: Field, rules: DefaultRules): void {
  if (Array.isArray(value)) {
    for (const item of value) if (isJsonObject(item)) completeStruct(item, field.struct, rules)
  } else if (isJsonObject(value)) {
    // A map of structs and a struct are both JSON objects; only the code tells them apart.
    if (field.code !== "l" && field.code !== "L") completeStruct(value, field.struct, rules)
    else for (const item of Object.values(value)) completeField(item, { ...field, code: "o" }, rules)
  }
}

/** Removes what decoding into a struct forgets: nulls, and empty values of fields that can't tell empty from absent. */
function dropEmpty(struct: Json, shape: Shape): void {
  for (const name in struct) {
    const value = struct[name]
    const field = shape.fields.get(name)
    if (field === undefined) continue
    if (value === null || value === undefined || isEmpty(value, field.code)) delete struct[name]
  }
}

function isEmpty(value: unknown, code: string): boolean {
  switch (code) {
    case "s":
    case "S":
      return value === ""
    case "n":
    case "N":
      return value === 0
    case "b":
    case "B":
      return value === false
    case "l":
    case "L":
      return value === "" || (Array.isArray(value) ? value.length === 0 : isJsonObject(value) && hasNoMembers(value))
    default:
      return false
  }
}

function hasNoMembers(value: Json): boolean {
  for (const _ in value) return false
  return true
}

/** A quantity or a map of them in canonical form. What is no quantity stays, for validation to refuse. */
function canonical(value: unknown): unknown {
  if (typeof value === "string" || typeof value === "number") {
    try {
      return canonicalQuantity(value)
    } catch {
      return value
    }
  }
  if (isJsonObject(value)) for (const key in value) value[key] = canonical(value[key])
  return value
}

/** What the encoder writes for a struct that nobody has filled: without defaults, but with all fields that always appear. */
export function zeroStruct(schemaName: string): Json {
  const struct: Json = {}
  for (const { name, code, struct: inner } of shapeOf(schemaName)?.fields.values() ?? []) {
    if (code in ZERO) struct[name] = ZERO[code]
    // A time that is not set is null.
    else if (code === "o") struct[name] = inner === "" ? null : zeroStruct(inner)
  }
  return struct
}

/** What the encoder writes for a field of a kind that nobody has filled: `{}`, `{"replicas":0}`; undefined when it writes nothing. */
export function emptyField(schemaName: string, field: string): Json | undefined {
  const found = shapeOf(schemaName)?.fields.get(field)
  if (found === undefined || found.code !== "o" || found.struct === "") return undefined
  const struct: Json = {}
  completeStruct(struct, found.struct, new Map())
  return struct
}
