// What a CustomResourceDefinition must be. Source: apiextensions-apiserver pkg/apis/apiextensions/validation.
import {
  forbiddenField,
  invalidField,
  requiredField,
  tooManyField,
  unsupportedField,
} from "#apimachinery/field-errors.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { isDns1035Label, isDns1123Subdomain } from "#apimachinery/names.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { validateStructuralSchema } from "#apimachinery/schema/structural.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, listIn, textIn } from "#apiserver/builtin/fields.ts"
import { validateWebhookClient } from "#apiserver/builtin/validation/webhook-client.ts"
import { structField } from "#apiserver/builtin/validation/checks.ts"
import type { CustomResourceDefinition, DefinitionColumn, DefinitionNames, DefinitionVersion } from "./definition.ts"
import { validateRules } from "./rules/definition-rules.ts"

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"]
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"]
const DEPRECATION_WARNING_LENGTH_MAX = 256
const SELECTABLE_FIELDS_MAX = 8
const APPROVAL_ANNOTATION = "api-approved.kubernetes.io"

export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { spec, metadata } = definition
  const errors: FieldError[] = []
  const wantedName = `${spec.names.plural}.${spec.group}`
  if (metadata.name !== wantedName) {
    errors.push(invalidField("metadata.name", metadata.name ?? "", 'must be spec.names.plural+"."+spec.group'))
  }
  return [
    ...errors,
    ...validateSpec(definition),
    ...validateStored(definition),
    ...validateApproval(definition, undefined),
  ]
}

export function validateDefinitionUpdate(
  definition: CustomResourceDefinition,
  before: CustomResourceDefinition,
): FieldError[] {
  const { spec } = definition
  const errors = validateSpec(definition, before)
  const immutable = (field: string, value: unknown, old: unknown) => {
    if (!deepEqual(value, old)) errors.push(invalidField(field, value, "field is immutable"))
  }
  const wasEstablished = before.status?.conditions?.some((c) => c.type === "Established" && c.status === "True")
  if (wasEstablished) {
    immutable("spec.scope", spec.scope, before.spec.scope)
    immutable("spec.names.kind", spec.names.kind, before.spec.names.kind)
  }
  immutable("spec.group", spec.group, before.spec.group)
  immutable("spec.names.plural", spec.names.plural, before.spec.names.plural)
  return [...errors, ...validateStored(definition), ...validateApproval(definition, before)]
}

function validateSpec({ spec }: CustomResourceDefinition, before?: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = []
  const { group, scope, versions } = spec
  if (!group) errors.push(requiredField("spec.group", ""))
  else if (isDns1123Subdomain(group).length > 0)
    errors.push(invalidField("spec.group", group, isDns1123Subdomain(group).join(",")))
  else if (!group.includes("."))
    errors.push(invalidField("spec.group", group, "should be a domain with at least one dot"))
  if (!scope) errors.push(requiredField("spec.scope", ""))
  else if (scope !== "Cluster" && scope !== "Namespaced")
    errors.push(unsupportedField("spec.scope", scope, ["Cluster", "Namespaced"]))
  for (const [i, version] of versions.entries()) {
    if (version.schema?.openAPIV3Schema === undefined)
      errors.push(requiredField(`spec.versions[${i}].schema.openAPIV3Schema`, ""))
  }
  for (const [i, version] of versions.entries()) {
    const old = before?.spec.versions.find((v) => v.name === version.name)
    // Rules that were accepted by an older version may cost more than they may now.
    const isKnown = old !== undefined && deepEqual(old.schema, version.schema)
    errors.push(...validateVersion(version, pathsOf(versions, i), !isKnown))
  }
  const [first] = versions
  if (first?.name && isDns1035Label(first.name).length > 0) {
    // Told again of the one version that the API had before it had several.
    errors.push(invalidField("spec.version", first.name, isDns1035Label(first.name).join(",")))
  }
  if (new Set(versions.map((v) => v.name)).size < versions.length) {
    errors.push(versionsError(versions, "must contain unique version names"))
  }
  if (versions.filter((v) => v.storage).length !== 1) {
    errors.push(versionsError(versions, "must have exactly one version marked as storage version"))
  }
  for (const name of ["plural", "singular", "kind", "listKind"] as const) {
    if (!spec.names[name]) errors.push(requiredField(`spec.names.${name}`, ""))
  }
  errors.push(...validateNames(spec.names), ...validateConversion(spec.conversion))
  if ((spec as { preserveUnknownFields?: boolean }).preserveUnknownFields === true) {
    const why =
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
    errors.push(invalidField("spec.preserveUnknownFields", true, why))
  }
  return errors
}

function validateNames(names: DefinitionNames): FieldError[] {
  const errors: FieldError[] = []
  const check = (field: string, value: string | undefined, mixedCase = false) => {
    const problems = value ? isDns1035Label(mixedCase ? value.toLowerCase() : value) : []
    if (problems.length === 0) return
    const why = `${mixedCase ? "may have mixed case, but should otherwise match: " : ""}${problems.join(",")}`
    errors.push(invalidField(`spec.names.${field}`, value, why))
  }
  check("plural", names.plural)
  check("singular", names.singular)
  check("kind", names.kind, true)
  check("listKind", names.listKind, true)
  for (const [i, name] of (names.shortNames ?? []).entries()) check(`shortNames[${i}]`, name)
  if (names.kind && names.kind === names.listKind) {
    errors.push(invalidField("spec.names.listKind", names.listKind, "kind and listKind may not be the same"))
  }
  for (const [i, name] of (names.categories ?? []).entries()) check(`categories[${i}]`, name)
  return errors
}

/** The list of versions as upstream prints it: its own structs, without what all versions share. */
function versionsError(versions: readonly DefinitionVersion[], why: string): FieldError {
  const value = versions.map((v) => ({
    Name: v.name,
    Served: v.served ?? false,
    Storage: v.storage ?? false,
    Deprecated: v.deprecated ?? false,
    DeprecationWarning: v.deprecationWarning ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  }))
  return structField("Invalid", "spec.versions", value, why)
}

/**
 * Where problems of a version are told. What all versions say alike, upstream has once and above them: errors name it
 * there, in the words of an older version of the API.
 */
function pathsOf(versions: readonly DefinitionVersion[], index: number) {
  const own = `spec.versions[${index}]`
  const isShared = (field: keyof DefinitionVersion) => {
    const [first] = versions
    return first?.[field] !== undefined && versions.every((v) => deepEqual(v[field], first[field]))
  }
  const shared = (field: keyof DefinitionVersion) => (isShared(field) ? `spec.${field}` : `${own}.${field}`)
  return {
    own,
    schema: isShared("schema") ? "spec.validation.openAPIV3Schema" : `${own}.schema.openAPIV3Schema`,
    subresources: shared("subresources"),
    additionalPrinterColumns: shared("additionalPrinterColumns"),
    selectableFields: shared("selectableFields"),
  }
}

function validateVersion(
  version: DefinitionVersion,
  paths: ReturnType<typeof pathsOf>,
  costChecked: boolean,
): FieldError[] {
  const path = paths.own
  const errors: FieldError[] = []
  const problems = isDns1035Label(version.name ?? "")
  if (problems.length > 0) errors.push(invalidField(`${path}.name`, version.name ?? "", problems.join(",")))
  const { deprecationWarning: warning, schema, subresources } = version
  if (warning !== undefined) {
    const wrong = (why: string) => errors.push(invalidField(`${path}.deprecationWarning`, warning, why))
    if (version.deprecated !== true) wrong("can only be set for deprecated versions")
    else if (warning.length > DEPRECATION_WARNING_LENGTH_MAX)
      wrong(`must be <= ${DEPRECATION_WARNING_LENGTH_MAX} characters long`)
    else if (warning === "") wrong("must not be an empty string")
  }
  const root = schema?.openAPIV3Schema
  if (root !== undefined) {
    if (subresources?.status !== undefined && root.type !== "object" && root.type !== undefined) {
      const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
      errors.push(invalidField(`${paths.schema}.type`, root.type, why))
    }
    const structural = validateStructuralSchema(root, paths.schema)
    errors.push(...structural, ...validateRules(root, paths.schema, structural.length === 0, costChecked))
  }
  errors.push(...validateScale(version, `${paths.subresources}.scale`))
  for (const [i, column] of (version.additionalPrinterColumns ?? []).entries()) {
    errors.push(...validateColumn(column, `${paths.additionalPrinterColumns}[${i}]`))
  }
  if (root !== undefined) errors.push(...validateSelectableFields(version, root, paths.selectableFields))
  return errors
}

function simplePathProblem(path: string): string | undefined {
  return path.startsWith(".") ? undefined : "must be a simple json path starting with ."
}

function validateScale({ subresources }: DefinitionVersion, path: string): FieldError[] {
  const scale = subresources?.scale
  if (scale === undefined) return []
  const errors: FieldError[] = []
  const check = (field: string, value: string | undefined, roots: readonly string[], wanted: string) => {
    if (!value) return
    const problem = simplePathProblem(value) ?? (roots.some((r) => value.startsWith(r)) ? undefined : wanted)
    if (problem !== undefined) errors.push(invalidField(`${path}.${field}`, value, problem))
  }
  if (!scale.specReplicasPath) errors.push(requiredField(`${path}.specReplicasPath`, ""))
  check("specReplicasPath", scale.specReplicasPath, [".spec."], "should be a json path under .spec")
  if (!scale.statusReplicasPath) errors.push(requiredField(`${path}.statusReplicasPath`, ""))
  check("statusReplicasPath", scale.statusReplicasPath, [".status."], "should be a json path under .status")
  const either = "should be a json path under either .spec or .status"
  check("labelSelectorPath", scale.labelSelectorPath, [".spec.", ".status."], either)
  return errors
}

function validateColumn(column: DefinitionColumn, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!column.name) errors.push(requiredField(`${path}.name`, ""))
  const types = `must be one of ${COLUMN_TYPES.join(",")}`
  if (!column.type) errors.push(requiredField(`${path}.type`, types))
  else if (!COLUMN_TYPES.includes(column.type)) errors.push(invalidField(`${path}.type`, column.type, types))
  if (column.format && !COLUMN_FORMATS.includes(column.format)) {
    errors.push(invalidField(`${path}.format`, column.format, `must be one of ${COLUMN_FORMATS.join(",")}`))
  }
  if (!column.jsonPath) errors.push(requiredField(`${path}.JSONPath`, ""))
  else {
    const problem = simplePathProblem(column.jsonPath)
    if (problem !== undefined) errors.push(invalidField(`${path}.JSONPath`, column.jsonPath, problem))
  }
  return errors
}

function validateSelectableFields(version: DefinitionVersion, root: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const fields = version.selectableFields ?? []
  for (const [i, { jsonPath }] of fields.entries()) {
    const field = `${path}[${i}].jsonPath`
    if (!jsonPath) {
      errors.push(requiredField(field, ""))
      continue
    }
    const names = jsonPath.replace(/^\./, "").split(".")
    let schema: JsonSchema | undefined = root
    for (const name of names) schema = schema?.properties?.[name]
    if (names[0] === "metadata") errors.push(invalidField(field, jsonPath, "must not point to fields in metadata"))
    if (!["string", "boolean", "integer"].includes(schema?.type ?? "")) {
      const why =
        "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
      errors.push(invalidField(field, jsonPath, why))
    }
  }
  if (fields.length > SELECTABLE_FIELDS_MAX) errors.push(tooManyField(path, fields.length, SELECTABLE_FIELDS_MAX))
  return errors
}

function validateConversion(conversion: CustomResourceDefinition["spec"]["conversion"]): FieldError[] {
  if (conversion === undefined) return []
  const { strategy } = conversion
  if (!strategy) return [requiredField("spec.conversion.strategy", "")]
  if (strategy !== "None" && strategy !== "Webhook") {
    return [unsupportedField("spec.conversion.strategy", strategy, ["None", "Webhook"])]
  }
  const webhook = findObject(conversion, "webhook")
  if (strategy === "None") {
    return webhook === undefined
      ? []
      : [forbiddenField("spec.conversion.webhookClientConfig", "should not be set when strategy is not set to Webhook")]
  }
  const client = findObject(webhook, "clientConfig")
  const errors: FieldError[] = []
  if (client === undefined) {
    errors.push(requiredField("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook"))
  } else errors.push(...validateWebhookClient(client, "spec.conversion.webhookClientConfig"))
  if (listIn(webhook, "conversionReviewVersions").length === 0) {
    errors.push(requiredField("spec.conversion.conversionReviewVersions", ""))
  }
  return errors
}

/** A version that objects may be stored in stays until someone has rewritten them. */
function validateStored({ spec, status }: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = []
  if ((status?.storedVersions ?? []).length === 0) {
    errors.push(invalidField("status.storedVersions", null, "must have at least one stored version"))
  }
  for (const [i, name] of (status?.storedVersions ?? []).entries()) {
    if (spec.versions.some((v) => v.name === name)) continue
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`
    errors.push(invalidField(`status.storedVersions[${i}]`, name, why))
  }
  return errors
}

const PROTECTED_GROUP = /(^|\.)(k8s|kubernetes)\.io$/

/** Groups of Kubernetes itself say who has approved the API. */
function validateApproval(
  definition: CustomResourceDefinition,
  before: CustomResourceDefinition | undefined,
): FieldError[] {
  if (!PROTECTED_GROUP.test(definition.spec.group ?? "")) return []
  const annotation = textIn(definition.metadata.annotations, APPROVAL_ANNOTATION)
  if (before !== undefined && textIn(before.metadata.annotations, APPROVAL_ANNOTATION) === annotation) return []
  const field = `metadata.annotations[${APPROVAL_ANNOTATION}]`
  const see = "see https://github.com/kubernetes/enhancements/pull/1111"
  const must = `protected groups must have approval annotation ${JSON.stringify(APPROVAL_ANNOTATION)}`
  if (annotation === "") return [requiredField(field, `${must}, ${see}`)]
  if (annotation.startsWith("unapproved") || URL.canParse(annotation)) return []
  return [invalidField(field, annotation, `${must} with either a URL or a reason starting with "unapproved", ${see}`)]
}
