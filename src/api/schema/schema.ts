import type { JsonSchema, ValidationRule } from "#apimachinery/openapi.ts"

declare const SHAPE: unique symbol

/**
 * A structural schema that the compiler knows the shape of: one definition gives the TypeScript type, the CRD's
 * OpenAPI, its defaults and the text of `kubectl explain`.
 */
export type Schema<T> = JsonSchema & { readonly [SHAPE]?: T }

/** The TypeScript type that a schema describes. */
export type Infer<S> = S extends { readonly [SHAPE]?: infer T } ? T : never

/** A field that objects may leave out. */
export type Optional<T> = { readonly optional: Schema<T> }

/** A field that the schema does not require but that code may count on, since it has a default or always comes. */
export type Assumed<T> = { readonly assumed: Schema<T> }

type Field = Schema<unknown> | Optional<unknown> | Assumed<unknown>
type Fields = { readonly [name: string]: Field }

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly optional: unknown } ? K : never
}[keyof F]
type FieldType<F> = F extends { readonly optional: infer S }
  ? Infer<S>
  : F extends { readonly assumed: infer S }
    ? Infer<S>
    : Infer<F>

/** The object type of a record of fields. */
export type ShapeOf<F extends Fields> = { [K in Exclude<keyof F, OptionalKeys<F>>]: FieldType<F[K]> } & {
  [K in OptionalKeys<F>]?: FieldType<F[K]>
}

/** What most schemas may say besides their type. */
export type Notes = {
  readonly description?: string
  readonly nullable?: boolean
  readonly default?: unknown
  readonly "x-kubernetes-validations"?: readonly ValidationRule[]
}

export const optional = <T>(schema: Schema<T>): Optional<T> => ({ optional: schema })
export const assumed = <T>(schema: Schema<T>): Assumed<T> => ({ assumed: schema })

type StringNotes = Notes & { format?: "byte" | "date-time"; minLength?: number; maxLength?: number; pattern?: string }

export const string = (notes: StringNotes = {}): Schema<string> => ({ type: "string", ...notes })

export const boolean = (notes: Notes = {}): Schema<boolean> => ({ type: "boolean", ...notes })

type IntegerNotes = Notes & { minimum?: number; maximum?: number; format?: "int32" | "int64" }

export const integer = (notes: IntegerNotes = {}): Schema<number> => ({ type: "integer", ...notes })
export const int32 = (notes: IntegerNotes = {}): Schema<number> => integer({ format: "int32", ...notes })
export const int64 = (notes: IntegerNotes = {}): Schema<number> => integer({ format: "int64", ...notes })

/** One of a few words. */
export const oneOf = <const T extends string>(values: readonly T[], notes: Notes = {}): Schema<T> => ({
  type: "string",
  enum: values,
  ...notes,
})

/** RFC 3339. */
export const time = (notes: Notes = {}): Schema<string> => string({ format: "date-time", ...notes })

/** A number or a text such as `25%`. */
export const intOrString = (notes: Notes & { pattern?: string } = {}): Schema<number | string> => ({
  anyOf: [{ type: "integer" }, { type: "string" }],
  "x-kubernetes-int-or-string": true,
  ...notes,
})

/** An amount such as `500m` or `2Gi`. */
export const quantity = (): Schema<string> => ({
  anyOf: [{ type: "integer" }, { type: "string" }],
  "x-kubernetes-int-or-string": true,
  pattern:
    "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$",
})

type ListNotes = Notes & { minItems?: number; maxItems?: number }

export const array = <T>(items: Schema<T>, notes: ListNotes = {}): Schema<T[]> => ({ type: "array", items, ...notes })

/** A list that is replaced as a whole. */
export const atomicList = <T>(items: Schema<T>, notes: ListNotes = {}): Schema<T[]> => ({
  ...array(items, notes),
  "x-kubernetes-list-type": "atomic",
})

/** A list whose items are told apart by some of their fields. */
export const listByKey = <T>(
  keys: readonly (keyof T & string)[],
  items: Schema<T>,
  notes: ListNotes = {},
): Schema<T[]> => ({
  ...array(items, notes),
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": keys,
})

export const map = <T>(values: Schema<T>, notes: Notes = {}): Schema<Record<string, T>> => ({
  type: "object",
  additionalProperties: values,
  ...notes,
})

type ObjectNotes = Notes & { "x-kubernetes-map-type"?: "atomic" }

/** An object of known fields; those neither optional nor assumed are required. */
export function object<const F extends Fields>(fields: F, notes: ObjectNotes = {}): Schema<ShapeOf<F>> {
  const properties: Record<string, JsonSchema> = {}
  const required: string[] = []
  for (const [name, field] of Object.entries(fields)) {
    if ("optional" in field) properties[name] = field.optional as JsonSchema
    else if ("assumed" in field) properties[name] = field.assumed as JsonSchema
    else {
      properties[name] = field as JsonSchema
      required.push(name)
    }
  }
  return { type: "object", properties, ...(required.length === 0 ? {} : { required: required.toSorted() }), ...notes }
}
