// Checks that several kinds share, in the words of Kubernetes. Each returns the problems, none when all is well.
import { escapeHtml } from "#apimachinery/go-text.ts"
import { duplicateField, invalidField, requiredField, unsupportedField } from "#apimachinery/field-errors.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, itemsIn, listIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"

const PORT_MAX = 65_535
const PORT_NAME_LENGTH_MAX = 15

export function atLeast(field: string, value: unknown, min: number): FieldError[] {
  if (typeof value !== "number" || value >= min) return []
  return [invalidField(field, value, `must be greater than or equal to ${min}`)]
}

/** The named numbers of an object are not negative. */
export function nonNegative(object: Json, path: string, ...fields: readonly string[]): FieldError[] {
  return fields.flatMap((field) => atLeast(`${path}.${field}`, object[field], 0))
}

/** The named fields have one of their values, if any. */
export function oneOf(field: string, value: unknown, supported: readonly string[]): FieldError[] {
  if (value === undefined || supported.includes(value as string)) return []
  return [unsupportedField(field, value, supported)]
}

export function port(field: string, value: unknown): FieldError[] {
  if (typeof value === "number" && value >= 1 && value <= PORT_MAX) return []
  return [invalidField(field, value ?? 0, `must be between 1 and ${PORT_MAX}, inclusive`)]
}

/** A number of a port, or the name of one. */
export function portOrName(field: string, value: unknown): FieldError[] {
  return typeof value === "string" ? portName(field, value) : port(field, value)
}

/** Source: apimachinery util/validation.IsValidPortName. */
export function portName(field: string, value: string): FieldError[] {
  const problems: string[] = []
  if (value.length > PORT_NAME_LENGTH_MAX) problems.push(`must be no more than ${PORT_NAME_LENGTH_MAX} characters`)
  if (!/^[-a-z0-9]+$/.test(value))
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
  if (!/[a-z]/.test(value)) problems.push("must contain at least one letter (a-z)")
  if (value.includes("--")) problems.push("must not contain consecutive hyphens")
  if (/^-|-$/.test(value)) problems.push("must not begin or end with a hyphen")
  return problems.map((problem) => invalidField(field, value, problem))
}

const invalidFor = (field: string, value: string, problems: readonly string[]) =>
  problems.map((problem) => invalidField(field, value, problem))

/** A name that must be there. */
export function dnsLabel(field: string, value: string): FieldError[] {
  return value === "" ? [requiredField(field)] : invalidFor(field, value, isDns1123Label(value))
}

/** A name that may be left out. */
export function dnsSubdomain(field: string, value: unknown): FieldError[] {
  return typeof value !== "string" || value === "" ? [] : invalidFor(field, value, isDns1123Subdomain(value))
}

export function requiredText(object: Json, path: string, ...fields: readonly string[]): FieldError[] {
  return fields.filter((field) => textIn(object, field) === "").map((field) => requiredField(`${path}.${field}`))
}

export function labels(field: string, value: unknown): FieldError[] {
  return Object.entries((value as Json | undefined) ?? {}).flatMap(([key, text]) => [
    ...invalidFor(field, key, isQualifiedName(key)),
    ...invalidFor(field, String(text), isLabelValue(String(text))),
  ])
}

/** metav1.LabelSelector. Source: apimachinery meta/v1/validation. */
export function labelSelector(field: string, selector: unknown): FieldError[] {
  const expressions = itemsIn(selector, "matchExpressions").flatMap((expression, i) => {
    const path = `${field}.matchExpressions[${i}]`
    const operator = textIn(expression, "operator")
    const values = listIn(expression, "values")
    const errors: FieldError[] = []
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0)
        errors.push(requiredField(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) {
        const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.push({ field: `${path}.values`, reason: "FieldValueForbidden", body: `Forbidden: ${why}` })
      }
    } else errors.push(invalidField(`${path}.operator`, operator, "not a valid selector operator"))
    errors.push(...invalidFor(`${path}.key`, textIn(expression, "key"), isQualifiedName(textIn(expression, "key"))))
    for (const [j, value] of values.entries()) {
      errors.push(...invalidFor(`${path}.values[${j}]`, String(value), isLabelValue(String(value))))
    }
    return errors
  })
  return [...labels(`${field}.matchLabels`, findObject(selector, "matchLabels")), ...expressions]
}

const PERCENT = /^[0-9]+%$/
const PERCENT_RULE =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

/** A number that is not negative, or a percentage. */
export function numberOrPercent(field: string, value: unknown): FieldError[] {
  if (typeof value === "string") return PERCENT.test(value) ? [] : [invalidField(field, value, PERCENT_RULE)]
  return atLeast(field, value, 0)
}

export function notAboveHundredPercent(field: string, value: unknown): FieldError[] {
  if (typeof value !== "string" || !PERCENT.test(value) || Number.parseInt(value) <= 100) return []
  return [invalidField(field, value, "must not be greater than 100%")]
}

const IP_RULE = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
const CIDR_RULE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

export function ipAddress(field: string, value: string): FieldError[] {
  return ipVersion(value) === 0 ? [invalidField(field, value, IP_RULE)] : []
}

export function cidr(field: string, value: string): FieldError[] {
  const [address = "", bits, ...rest] = value.split("/")
  const version = ipVersion(address)
  const isBits = bits !== undefined && /^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
  return version !== 0 && isBits && rest.length === 0 ? [] : [invalidField(field, value, CIDR_RULE)]
}

/** @returns 4, 6, or 0 for what is no address */
export function ipVersion(value: string): 0 | 4 | 6 {
  const parts = value.split(".")
  if (parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255)) return 4
  if (!value.includes(":") || !/^[0-9a-fA-F:.]+$/.test(value)) return 0
  return URL.canParse(`http://[${value}]/`) ? 6 : 0
}

/** Every value of a field at most once. */
export function unique(items: readonly Json[], path: string, name: string): FieldError[] {
  const seen = new Set<string>()
  return items.flatMap((item, i) => {
    const value = textIn(item, name)
    if (value === "" || !seen.has(value)) {
      seen.add(value)
      return []
    }
    return [duplicateField(`${path}[${i}].${name}`, value)]
  })
}

/** A field that nobody may change. */
export function immutable(field: string, value: unknown, before: unknown): FieldError[] {
  return deepEqual(value, before) ? [] : [invalidField(field, value ?? null, "field is immutable")]
}

/**
 * An error about a value that Go prints as a struct of its own: fields in their order, under Go's names.
 *
 * @param detail  `must be …`, or the supported values
 */
export function structField(
  kind: "Invalid" | "NotSupported" | "Duplicate",
  field: string,
  value: object,
  detail: string,
): FieldError {
  const word = { Invalid: "Invalid", NotSupported: "Unsupported", Duplicate: "Duplicate" }[kind]
  const body = `${word} value: ${escapeHtml(JSON.stringify(value))}${detail === "" ? "" : `: ${detail}`}`
  return { field, reason: `FieldValue${kind}`, body }
}
