import { forbiddenField, invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { goRegExp } from "./go-regexp.ts"

/** What only the schema outside of junctors may say, with the words for its presence inside. */
const FORBIDDEN: readonly (readonly [name: keyof JsonSchema, detail: string])[] = [
  ["type", "must be empty to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
]

/** Checks a schema inside `allOf`, `anyOf`, `oneOf` or `not`: it may narrow values, and say nothing of their structure. */
export function checkNested(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [name, detail] of FORBIDDEN) {
    const value = schema[name]
    const isEmpty =
      value === undefined || value === "" || value === false || (Array.isArray(value) && value.length === 0)
    if (!isEmpty) errors.push(forbiddenField(`${path}.${name}`, detail))
  }
  if (schema.additionalProperties !== undefined) {
    errors.push(forbiddenField(`${path}.additionalProperties`, "must be undefined to be structural"))
  }
  if (schema.properties?.["metadata"] !== undefined) {
    errors.push(forbiddenField(`${path}.properties[metadata]`, "must not be specified in a nested context"))
  }
  const regExp = schema.pattern ? goRegExp(schema.pattern) : undefined
  if (regExp instanceof Error) {
    const detail = `must be a valid regular expression, but isn't: ${regExp.message}`
    errors.push(invalidField(`${path}.pattern`, schema.pattern, detail))
  }
  for (const [inner, step] of nestedSchemas(schema)) errors.push(...checkNested(inner, `${path}${step}`))
  return errors
}

/** Every field that junctors speak of must be described outside of them. */
export function checkCompleteness(
  nested: JsonSchema,
  structural: JsonSchema,
  path: string,
  nestedPath: string,
): FieldError[] {
  const errors: FieldError[] = []
  for (const junctor of ["not", "allOf", "anyOf", "oneOf"] as const) {
    for (const [inner, step] of junctorSchemas(nested, junctor)) {
      errors.push(...checkCompleteness(inner, structural, path, `${nestedPath}${step}`))
    }
  }
  const counterpart = (inner: JsonSchema, described: JsonSchema | undefined, step: string): FieldError[] =>
    described === undefined
      ? [requiredField(`${path}${step}`, `because it is defined in ${nestedPath}${step}`)]
      : checkCompleteness(inner, described, `${path}${step}`, `${nestedPath}${step}`)
  // The schema itself is where properties are described; only what its junctors say is compared.
  if (nested === structural) return errors
  if (nested.items !== undefined) errors.push(...counterpart(nested.items, structural.items, ".items"))
  for (const [name, inner] of Object.entries(nested.properties ?? {})) {
    errors.push(...counterpart(inner, structural.properties?.[name], `.properties[${name}]`))
  }
  return errors
}

type Step = readonly [schema: JsonSchema, step: string]

function junctorSchemas(schema: JsonSchema, junctor: "not" | "allOf" | "anyOf" | "oneOf"): Step[] {
  if (junctor === "not") return schema.not === undefined ? [] : [[schema.not, ".not"]]
  return (schema[junctor] ?? []).map((inner, i): Step => [inner, `.${junctor}[${i}]`])
}

function nestedSchemas(schema: JsonSchema): Step[] {
  return [
    ...junctorSchemas(schema, "anyOf"),
    ...junctorSchemas(schema, "allOf"),
    ...junctorSchemas(schema, "oneOf"),
    ...junctorSchemas(schema, "not"),
    ...(schema.items === undefined ? [] : [[schema.items, ".items"] as const]),
    ...Object.entries(schema.properties ?? {}).map(([name, inner]): Step => [inner, `.properties[${name}]`]),
  ]
}
