import { invalidField } from "#apimachinery/field-errors.ts"
import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findUnknownInValue } from "./prune.ts"
import { validateValue } from "./validate.ts"

const resolve: KindSchema["resolve"] = (ref) => {
  throw new Error(`Cannot resolve ${ref}: schemas of custom resources have no references`)
}

/** Defaults must be valid themselves, and hold nothing that would be pruned. */
export function checkDefaults(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { default: value, items, properties } = schema
  if (value !== undefined) {
    const field = `${path}.default`
    if (findUnknownInValue(value, { schema, resolve }).length > 0) {
      errors.push(invalidField(field, value, "must not have unknown fields"))
    }
    for (const error of validateValue(value, { schema, resolve })) {
      errors.push({ ...error, field: error.field === "<nil>" ? field : `${field}.${error.field}` })
    }
  }
  if (items !== undefined) errors.push(...checkDefaults(items, `${path}.items`))
  for (const [name, property] of Object.entries(properties ?? {})) {
    errors.push(...checkDefaults(property, `${path}.properties[${name}]`))
  }
  return errors
}
