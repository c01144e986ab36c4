/**
 * Problems of fields in the words of Kubernetes. Source: k8s.io/apimachinery/pkg/util/validation/field.
 */
import { goJson, goNumber, goQuote } from "./go-text.ts"
import type { FieldError } from "./status-error.ts"

/** The field of an error that concerns the whole object, as upstream prints its absent path. */
export const NO_FIELD = "<nil>"

export const requiredField = (field: string, detail = ""): FieldError => ({
  field,
  reason: "FieldValueRequired",
  body: withDetail("Required value", detail),
})

export const forbiddenField = (field: string, detail: string): FieldError => ({
  field,
  reason: "FieldValueForbidden",
  body: withDetail("Forbidden", detail),
})

export const invalidField = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  reason: "FieldValueInvalid",
  body: withDetail(`Invalid value: ${valueText(value)}`, detail),
})

export const wrongType = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  reason: "FieldValueTypeInvalid",
  body: withDetail(`Invalid value: ${valueText(value)}`, detail),
})

/** @param supported  in the order in which they are to be printed */
export const unsupportedField = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  field,
  reason: "FieldValueNotSupported",
  body: withDetail(
    `Unsupported value: ${valueText(value)}`,
    supported.length === 0 ? "" : `supported values: ${supported.map(goQuote).join(", ")}`,
  ),
})

export const duplicateField = (field: string, value: unknown): FieldError => ({
  field,
  reason: "FieldValueDuplicate",
  body: `Duplicate value: ${valueText(value)}`,
})

export const notFoundField = (field: string, value: unknown): FieldError => ({
  field,
  reason: "FieldValueNotFound",
  body: `Not found: ${valueText(value)}`,
})

export const tooLongField = (field: string, bytesMax: number): FieldError => ({
  field,
  reason: "FieldValueTooLong",
  body: `Too long: may not be more than ${bytesMax} ${bytesMax === 1 ? "byte" : "bytes"}`,
})

export const tooManyField = (field: string, actual: number, max: number): FieldError => ({
  field,
  reason: "FieldValueTooMany",
  body: `Too many: ${actual}: must have at most ${max} ${max === 1 ? "item" : "items"}`,
})

function valueText(value: unknown): string {
  if (typeof value === "string") return goQuote(value)
  return typeof value === "number" ? goNumber(value) : goJson(value)
}

function withDetail(what: string, detail: string): string {
  return detail === "" ? what : `${what}: ${detail}`
}
