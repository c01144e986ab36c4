// Objects made from a CRD's schema: such as fit, and such as do not.
import fc from "fast-check"

/** The part of an OpenAPI v3 schema that CRDs use. */
export type Schema = {
  readonly type?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly "x-kubernetes-int-or-string"?: boolean
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean
  readonly "x-kubernetes-embedded-resource"?: boolean
}

/** What is made where anything may be, such as a work's manifests. */
const ANYTHING = fc.constantFrom<unknown>(
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "v" } },
  { apiVersion: "v1", kind: "Service", metadata: { name: "a", namespace: "b" }, spec: { ports: [{ port: 80 }] } },
)
const UNFIT = fc.constantFrom<unknown>(null, 7, "unfit value!", true, [], {}, ["x"], { x: "y" }, 1.5, "", -1)
const KEYS = ["a", "b.example/c", "d"]
/** Longer ones say nothing more. */
const LENGTH_MAX = 40
const ITEMS_MAX = 3

/** @param unfit  now and then a value of another type, one field too few or too many, a text or number beyond its bounds */
export function valueOf(schema: Schema, unfit: boolean): fc.Arbitrary<unknown> {
  const fits = fitting(schema, unfit)
  if (!unfit) return fits
  return fc.oneof(
    { weight: 24, arbitrary: fits },
    { weight: 1, arbitrary: fc.oneof(otherThan(schema), beyond(schema)) },
  )
}

/** Upstream takes a list for text with a format, and then forgets who has written what in the object. Nobody writes that. */
const otherThan = ({ type, format }: Schema) =>
  type === "string" && format !== undefined ? UNFIT.filter((value) => !Array.isArray(value)) : UNFIT

function fitting(schema: Schema, unfit: boolean): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema["x-kubernetes-int-or-string"] === true) return intOrString(schema)
  if (schema["x-kubernetes-embedded-resource"] === true) return ANYTHING
  switch (schema.type) {
    case "object":
      return objectOf(schema, unfit)
    case "array":
      return fc.array(valueOf(schema.items ?? {}, unfit), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? ITEMS_MAX, ITEMS_MAX),
      })
    case "string":
      return textOf(schema)
    case "integer":
      return fc.integer({ min: schema.minimum ?? -5, max: schema.maximum ?? 1_000 })
    case "number":
      return fc.constantFrom(0, 1, 0.5, 100)
    case "boolean":
      return fc.boolean()
    default:
      return ANYTHING
  }
}

function objectOf(schema: Schema, unfit: boolean): fc.Arbitrary<unknown> {
  const { properties = {}, additionalProperties, required = [] } = schema
  if (typeof additionalProperties === "object") {
    const values = KEYS.map((key) => [key, valueOf(additionalProperties, unfit)])
    return fc.record(Object.fromEntries(values), { requiredKeys: [], noNullPrototype: true })
  }
  if (Object.keys(properties).length === 0 && schema["x-kubernetes-preserve-unknown-fields"] === true) return ANYTHING
  const isLeftOut = (name: string) => (required.includes(name) ? fc.constant(false).map((no) => no) : fc.boolean())
  const fields = Object.entries(properties).map(([name, field]) => {
    const value = valueOf(field, unfit)
    const missing = unfit && required.includes(name) ? fc.nat(30).map((n) => n === 0) : isLeftOut(name)
    return [name, fc.tuple(missing, value).map(([gone, made]) => (gone ? undefined : made))] as const
  })
  const more: (readonly [string, fc.Arbitrary<unknown>])[] = unfit
    ? [["unknownField", fc.nat(60).map((n) => (n === 0 ? "x" : undefined))]]
    : []
  return fc
    .record(Object.fromEntries([...fields, ...more]), { noNullPrototype: true })
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)))
}

function textOf({ format, pattern, minLength = 0, maxLength = LENGTH_MAX }: Schema): fc.Arbitrary<string> {
  if (format === "date-time") return fc.constantFrom("2020-01-02T03:04:05Z", "2020-01-02T03:04:05.123456Z")
  if (format === "byte") return fc.constantFrom("YQ==", "")
  const within = (text: string) => text.length >= minLength && text.length <= maxLength
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern)).filter(within)
  return fc.oneof(
    fc.constantFrom("a", "b", "default", "1h", ".status.x").filter(within),
    asciiText(minLength, maxLength),
  )
}

const asciiText = (minLength: number, maxLength: number) =>
  fc.string({ unit: "grapheme-ascii", minLength, maxLength: Math.min(maxLength, LENGTH_MAX) })

function intOrString({ pattern }: Schema): fc.Arbitrary<unknown> {
  const texts = fc.constantFrom("5", "50%", "1.5Gi", "100m", "300%", "-1")
  return fc.oneof(
    fc.constantFrom(0, 1, 17),
    pattern === undefined ? texts : texts.filter((text) => new RegExp(pattern).test(text)),
  )
}

/** Of the right type, and not what is allowed. */
function beyond(schema: Schema): fc.Arbitrary<unknown> {
  const { enum: words, type, format, maxLength, minimum, maximum, pattern } = schema
  const values: unknown[] = []
  if (words !== undefined) values.push("Otherwise")
  if (maxLength !== undefined && maxLength <= 1_024) values.push("x".repeat(maxLength + 1))
  if (minimum !== undefined) values.push(minimum - 1)
  if (maximum !== undefined) values.push(maximum + 1)
  if (pattern !== undefined) values.push("-", "a b")
  if (format === "date-time") values.push("yesterday", "2020-01-02", "2020-13-02T03:04:05Z")
  if (type === "integer") values.push(2 ** 40, -(2 ** 40))
  return values.length === 0 ? otherThan(schema) : fc.constantFrom(...values)
}
