import { forbiddenField, invalidField, requiredField, unsupportedField } from "#apimachinery/field-errors.ts"
import { compareText, deepEqual } from "#apimachinery/json.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { goRegExp } from "./go-regexp.ts"
import { checkDefaults } from "./structural-defaults.ts"
import { checkCompleteness, checkNested } from "./structural-nested.ts"

/** Where in the schema of a CRD a check is: rules differ at the root and for elements of lists. */
type Level = "root" | "item" | "field"

const TYPES = ["array", "boolean", "integer", "number", "object", "string"]

/** What CRDs may not say, though JSON schemas may. */
const UNSUPPORTED = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] as const

/**
 * Whether the schema of a CRD is structural: every field has a type outside of `allOf`, `anyOf`, `oneOf` and `not`, so that
 * the server knows what to prune and to fill in; and whether its extensions fit together.
 *
 * @param path  of the schema in the CRD: `spec.versions[0].schema.openAPIV3Schema`
 * @see apiextensions-apiserver pkg/apiserver/schema/validation.go and pkg/apis/apiextensions/validation
 */
export function validateStructuralSchema(schema: JsonSchema, path: string): FieldError[] {
  const structural = [...checkInvariants(schema, "root", path), ...checkCompleteness(schema, schema, path, path)]
  structural.sort((a, b) => compareText(`${a.field}: ${a.body}`, `${b.field}: ${b.body}`))
  const errors = schema.nullable ? [forbiddenField(`${path}.nullable`, "nullable cannot be true at the root")] : []
  errors.push(...structural)
  if (structural.length === 0) errors.push(...checkDefaults(schema, path))
  return [...errors, ...checkExtensions(schema, path, { isRoot: true, insideMetadata: false })]
}

function checkInvariants(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { additionalProperties, items, properties } = schema
  if (schema.type === "array" && items === undefined) errors.push(requiredField(`${path}.items`, "must be specified"))
  if (items !== undefined) errors.push(...checkInvariants(items, "item", `${path}.items`))
  for (const [name, property] of Object.entries(properties ?? {})) {
    errors.push(...checkInvariants(property, "field", `${path}.properties[${name}]`))
  }
  if (additionalProperties !== undefined) {
    if (level === "root") {
      errors.push(forbiddenField(`${path}.additionalProperties`, "must not be used at the root"))
    }
    if (typeof additionalProperties === "object") {
      errors.push(...checkInvariants(additionalProperties, "field", `${path}.additionalProperties`))
    }
  }
  return [
    ...errors,
    ...checkJunctors(schema, path),
    ...checkType(schema, level, path),
    ...checkMetadata(schema, level, path),
  ]
}

const INTEGER_OR_STRING = [{ type: "integer" }, { type: "string" }]

/** The two ways in which `x-kubernetes-int-or-string` may repeat its types in junctors. */
function checkJunctors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { allOf = [], anyOf = [], oneOf = [], not, pattern } = schema
  if (!deepEqual(anyOf, INTEGER_OR_STRING)) {
    anyOf.forEach((inner, i) => errors.push(...checkNested(inner, `${path}.anyOf[${i}]`)))
  }
  const repeatsTypes = deepEqual(allOf[0]?.anyOf, INTEGER_OR_STRING)
  allOf.forEach((inner, i) => {
    const { anyOf: _, ...rest } = inner
    errors.push(...checkNested(repeatsTypes && i === 0 ? rest : inner, `${path}.allOf[${i}]`))
  })
  oneOf.forEach((inner, i) => errors.push(...checkNested(inner, `${path}.oneOf[${i}]`)))
  if (not !== undefined) errors.push(...checkNested(not, `${path}.not`))
  const regExp = pattern ? goRegExp(pattern) : undefined
  if (regExp instanceof Error) {
    const detail = `must be a valid regular expression, but isn't: ${regExp.message}`
    errors.push(invalidField(`${path}.pattern`, pattern, detail))
  }
  return errors
}

const MISSING_TYPE: { readonly [level in Level]: string } = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
}

function checkType(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { type } = schema
  const embedded = schema["x-kubernetes-embedded-resource"] === true
  const preserve = schema["x-kubernetes-preserve-unknown-fields"] === true
  const intOrString = schema["x-kubernetes-int-or-string"] === true
  if (embedded && type !== "object") {
    const detail = "must be object if x-kubernetes-embedded-resource is true"
    errors.push(type ? invalidField(`${path}.type`, type, detail) : requiredField(`${path}.type`, detail))
  } else if (!type && !intOrString && !preserve) errors.push(requiredField(`${path}.type`, MISSING_TYPE[level]))
  if (level === "root" && type && type !== "object") {
    errors.push(invalidField(`${path}.type`, type, "must be object at the root"))
  }
  if (embedded && schema.additionalProperties !== undefined) {
    const detail = "must not be used if x-kubernetes-embedded-resource is set"
    errors.push(forbiddenField(`${path}.additionalProperties`, detail))
  }
  if (embedded && !preserve && Object.keys(schema.properties ?? {}).length === 0) {
    const detail =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
    errors.push(requiredField(`${path}.properties`, detail))
  }
  for (const extension of ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const) {
    if (intOrString && schema[extension]) {
      const detail = "must be false if x-kubernetes-int-or-string is true"
      errors.push(invalidField(`${path}.${extension}`, true, detail))
    }
  }
  return errors
}

/** What every object has may be narrowed, not described anew. */
function checkMetadata(schema: JsonSchema, level: Level, path: string): FieldError[] {
  if (level !== "root" && !schema["x-kubernetes-embedded-resource"]) return []
  const errors: FieldError[] = []
  for (const name of ["kind", "apiVersion"]) {
    const property = schema.properties?.[name]
    if (property !== undefined && property.type !== "string") {
      errors.push(invalidField(`${path}.properties[${name}].type`, property.type ?? "", "must be string"))
    }
  }
  const metadata = schema.properties?.["metadata"]
  if (metadata === undefined) return errors
  const metadataPath = `${path}.properties[metadata]`
  if (metadata.type !== "object") {
    errors.push(invalidField(`${metadataPath}.type`, metadata.type ?? "", "must be object"))
  }
  const { type: _, default: __, description: ___, properties, ...others } = metadata
  const named = Object.keys(properties ?? {}).every((name) => name === "name" || name === "generateName")
  if (level === "root" && (!named || Object.keys(others).length > 0)) {
    const detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
    errors.push(forbiddenField(metadataPath, detail))
  }
  return errors
}

type Surroundings = { readonly isRoot: boolean; readonly insideMetadata: boolean }

function checkExtensions(schema: JsonSchema, path: string, surroundings: Surroundings): FieldError[] {
  const errors: FieldError[] = [...checkSupported(schema, path, surroundings), ...checkListType(schema, path)]
  const { additionalProperties, properties } = schema
  const below = { isRoot: false, insideMetadata: surroundings.insideMetadata }
  if (schema.uniqueItems) {
    const detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
    errors.push(forbiddenField(`${path}.uniqueItems`, detail))
  }
  if (additionalProperties !== undefined) {
    if (Object.keys(properties ?? {}).length > 0 && additionalProperties !== true) {
      const detail = "additionalProperties and properties are mutual exclusive"
      errors.push(forbiddenField(`${path}.additionalProperties`, detail))
    }
    if (typeof additionalProperties === "object") {
      errors.push(...checkExtensions(additionalProperties, `${path}.additionalProperties`, below))
    }
  }
  const isResource = surroundings.isRoot || schema["x-kubernetes-embedded-resource"] === true
  for (const [name, property] of Object.entries(properties ?? {})) {
    const isMeta = isResource && ["metadata", "kind", "apiVersion"].includes(name)
    const inner = isMeta ? { isRoot: false, insideMetadata: true } : below
    const propertyPath = `${path}.properties[${name}]`
    if (isMeta && surroundings.isRoot && property.default !== undefined) {
      errors.push(forbiddenField(`${propertyPath}.default`, `must not be set in top-level ${name}`))
    }
    errors.push(...checkExtensions(property, propertyPath, inner))
  }
  if (schema.items !== undefined) errors.push(...checkExtensions(schema.items, `${path}.items`, below))
  for (const junctor of ["allOf", "oneOf", "anyOf"] as const) {
    schema[junctor]?.forEach((inner, i) => errors.push(...checkExtensions(inner, `${path}.${junctor}[${i}]`, below)))
  }
  if (schema.not !== undefined) errors.push(...checkExtensions(schema.not, `${path}.not`, below))
  return errors
}

function checkSupported(schema: JsonSchema, path: string, { insideMetadata }: Surroundings): FieldError[] {
  const errors: FieldError[] = []
  const type: string | undefined = schema.type
  if (type === "null") {
    errors.push(forbiddenField(`${path}.type`, "type cannot be set to null, use nullable as an alternative"))
  } else if (type && !TYPES.includes(type)) errors.push(unsupportedField(`${path}.type`, type, TYPES))
  for (const name of UNSUPPORTED) {
    if (name in schema) errors.push(forbiddenField(`${path}.${name}`, `${name} is not supported`))
  }
  if (insideMetadata && schema["x-kubernetes-embedded-resource"]) {
    const detail = "must not be used inside of resource meta"
    errors.push(forbiddenField(`${path}.x-kubernetes-embedded-resource`, detail))
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    errors.push(invalidField(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"))
  }
  const mapType: string | undefined = schema["x-kubernetes-map-type"]
  if (mapType !== undefined && type !== "object") {
    const detail = "must be object if x-kubernetes-map-type is specified"
    errors.push(type ? invalidField(`${path}.type`, type, detail) : requiredField(`${path}.type`, detail))
  }
  if (mapType !== undefined && mapType !== "atomic" && mapType !== "granular") {
    errors.push(unsupportedField(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]))
  }
  return errors
}

function checkListType(schema: JsonSchema, path: string): FieldError[] {
  const listType: string | undefined = schema["x-kubernetes-list-type"]
  const keys = schema["x-kubernetes-list-map-keys"] ?? []
  const errors: FieldError[] = []
  if (listType !== undefined && schema.type !== "array") {
    const detail = "must be array if x-kubernetes-list-type is specified"
    errors.push(schema.type ? invalidField(`${path}.type`, schema.type, detail) : requiredField(`${path}.type`, detail))
  } else if (listType === "set") errors.push(...checkSetItems(schema.items, `${path}.items`))
  if (listType !== undefined && !["atomic", "set", "map"].includes(listType)) {
    errors.push(unsupportedField(`${path}.x-kubernetes-list-type`, listType, ["atomic", "set", "map"]))
  }
  if (keys.length > 0 && listType !== "map") {
    const detail = "must be map if x-kubernetes-list-map-keys is non-empty"
    const field = `${path}.x-kubernetes-list-type`
    errors.push(listType === undefined ? requiredField(field, detail) : invalidField(field, listType, detail))
  }
  if (listType === "map") errors.push(...checkKeys(schema, keys, path))
  if ((listType === "set" || listType === "map") && schema.items?.nullable) {
    errors.push(
      forbiddenField(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    )
  }
  return errors
}

/** Elements of a set are told apart by the whole of them. */
function checkSetItems(items: JsonSchema | undefined, path: string): FieldError[] {
  const detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
  const listType = items?.["x-kubernetes-list-type"]
  if (items?.type === "array" && listType !== undefined && listType !== "atomic") {
    return [invalidField(`${path}.x-kubernetes-list-type`, listType, detail)]
  }
  if (items?.type === "object" && items["x-kubernetes-map-type"] !== "atomic") {
    return [invalidField(`${path}.x-kubernetes-map-type`, listType ?? null, detail)]
  }
  return []
}

function checkKeys(schema: JsonSchema, keys: readonly string[], path: string): FieldError[] {
  const keysPath = `${path}.x-kubernetes-list-map-keys`
  const errors: FieldError[] = []
  if (keys.length === 0) errors.push(requiredField(keysPath, "must not be empty if x-kubernetes-list-type is map"))
  const { items } = schema
  if (items === undefined)
    return [...errors, requiredField(`${path}.items`, "must have a schema if x-kubernetes-list-type is map")]
  if (items.type !== "object") {
    const detail = "must be object if parent array's x-kubernetes-list-type is map"
    return [...errors, invalidField(`${path}.items.type`, items.type ?? "", detail)]
  }
  for (const [i, key] of keys.entries()) {
    const type = items.properties?.[key]?.type
    if (items.properties?.[key] === undefined) {
      errors.push(invalidField(keysPath, keys, "entries must all be names of item properties"))
    } else if (type === "array" || type === "object") {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
      errors.push(invalidField(`${path}.items.properties[${key}].type`, items.type, detail))
    }
    if (keys.indexOf(key) < i) errors.push(invalidField(keysPath, keys, "must not contain duplicate entries"))
  }
  return [...errors, ...checkKeyPresence(items, keys, path)]
}

/** An element without one of its keys could not be told from others. */
function checkKeyPresence(items: JsonSchema, keys: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const key of keys) {
    const property = items.properties?.[key]
    const propertyPath = `${path}.items.properties[${key}]`
    if (property !== undefined && !items.required?.includes(key) && property.default === undefined) {
      const detail =
        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
      errors.push(requiredField(`${propertyPath}.default`, detail))
    }
    if (property?.nullable) {
      const detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
      errors.push(forbiddenField(`${propertyPath}.nullable`, detail))
    }
  }
  return errors
}
