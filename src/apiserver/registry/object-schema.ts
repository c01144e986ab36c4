// Objects against the schema of their kind: what a body may say, what is filled in, what is refused.
import { goPackageOf } from "#apimachinery/go-text.ts"
import { isJsonObject } from "#apimachinery/json.ts"
import type { ObjectMeta, UnknownObject } from "#apimachinery/meta.ts"
import { findHeadError } from "#apimachinery/object-head.ts"
import { findDuplicateFields } from "#apimachinery/schema/duplicate-fields.ts"
import { zeroNulls } from "#apimachinery/managed-fields/drop-nulls.ts"
import { OBJECT_META } from "#apimachinery/schema/object-meta.ts"
import { rootShape } from "#apimachinery/schema/shape.ts"
import { findDecodeError } from "#apimachinery/schema/decode.ts"
import { setSchemaDefaults } from "#apimachinery/schema/defaults.ts"
import { prune } from "#apimachinery/schema/prune.ts"
import { validateMember, validateSchema } from "#apimachinery/schema/validate.ts"
import { evaluateRules, hasRules } from "#apiserver/apiextensions/rules/evaluate-rules.ts"
import { invalidField, NO_FIELD } from "#apimachinery/field-errors.ts"
import { badRequest, internalError, invalid, newStatusError, type FieldError } from "#apimachinery/status-error.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { WriteRequest } from "./write-request.ts"

/**
 * An object as its kind has it: without fields that the kind does not have, of which the request is told if it wants to be.
 *
 * @param object  may be changed
 * @param text  the JSON that it was read from: only there can a field be found twice
 * @throws StatusError BadRequest when the request is strict or a value has the wrong type
 */
export function decodeObject(request: WriteRequest, object: UnknownObject, text: string | undefined): UnknownObject {
  const problems = reduceToSchema(request.info, object)
  if (request.fieldValidation !== "Ignore" && text !== undefined) {
    problems.push(...findDuplicateFields(text).map((path) => `duplicate field "${path}"`))
  }
  if (problems.length > 0) {
    if (request.fieldValidation === "Strict")
      throw undecodable(request.info, `strict decoding error: ${problems.join(", ")}`)
    if (request.fieldValidation === "Warn") for (const problem of problems) request.warn(problem)
  }
  const typed = withoutNulls(request.info, object)
  const wrong = findWrongTypes(request.info, typed)
  if (wrong !== undefined) throw undecodable(request.info, wrong)
  return typed
}

export type Patched = {
  /** What is quoted in refusals. */
  readonly quoted: () => string
  /** Problems of the patch itself. */
  readonly duplicates: readonly string[]
  readonly type: string
}

/** The same for the outcome of a patch. @throws StatusError Invalid */
export function decodePatched(
  request: WriteRequest,
  before: UnknownObject,
  patched: UnknownObject,
  patch: Patched,
): UnknownObject {
  const { info } = request
  // Quoted as it was before unknown fields were taken out.
  const whole = request.fieldValidation === "Strict" ? patch.quoted() : undefined
  const refuse = (why: string) => {
    const body = `Invalid value: ${JSON.stringify(whole ?? patch.quoted())}: ${why}`
    return newStatusError("Invalid", ` "" is invalid: patch: ${body}`, {
      causes: [{ reason: "FieldValueInvalid", message: body, field: "patch" }],
    })
  }
  const headError = findHeadError(patched)
  if (headError !== undefined) throw refuse(patch.type === "strategic" ? "unrecognized type: string" : headError)
  patched.metadata ??= {}
  checkPatchedKind(info, before, patched, refuse)
  const problems = [...reduceToSchema(info, patched).sort(), ...patch.duplicates]
  const typed = withoutNulls(info, patched)
  const wrong = findWrongTypes(info, typed)
  if (wrong !== undefined) throw refuse(patch.type === "strategic" ? restoreError(wrong) : wrong)
  if (problems.length > 0) {
    if (request.fieldValidation === "Strict") throw refuse(`strict decoding error: ${problems.join(", ")}`)
    if (request.fieldValidation === "Warn") for (const problem of problems) request.warn(problem)
  }
  checkPatchedName(before, typed)
  return typed
}

function checkPatchedKind(
  info: ResourceInfo,
  before: UnknownObject,
  patched: UnknownObject,
  refuse: (why: string) => Error,
): void {
  patched.kind ||= before.kind
  patched.apiVersion ||= before.apiVersion
  if (info.custom && patched.kind !== before.kind) {
    const body = `Invalid value: ${JSON.stringify(patched.kind)}: must be ${info.kind}`
    throw invalid({ group: info.group, kind: patched.kind }, before.metadata.name ?? "", [
      { field: "kind", reason: "FieldValueInvalid", body },
    ])
  }
  if (patched.apiVersion !== before.apiVersion) {
    if (info.custom) {
      throw badRequest(
        `the API version in the data (${patched.apiVersion}) does not match the expected API version (${before.apiVersion})`,
      )
    }
    const kind = JSON.stringify(patched.kind)
    const version = JSON.stringify(patched.apiVersion)
    throw refuse(`no kind ${kind} is registered for version ${version} in scheme "pkg/runtime/scheme.go:111"`)
  }
  if (patched.kind !== before.kind) {
    throw refuse(
      `converting (${info.version}.${patched.kind}) to (${goPackageOf(info.group)}.${info.kind}): unknown conversion`,
    )
  }
}

function checkPatchedName({ metadata: before }: UnknownObject, { metadata }: UnknownObject): void {
  if (!metadata.name) {
    throw badRequest(`the name of the object (${before.name} based on URL) was undeterminable: name must be provided`)
  }
  if (typeof metadata.name !== "string") return // told of with the other types
  if (metadata.name !== before.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${before.name})`)
  }
  if (metadata.namespace !== before.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
  }
}

/** A strategic patch works on values that were decoded already, and fails in other words on putting them back. */
function restoreError(decodeError: string): string {
  const [, kind = "", type = ""] = /^json: cannot unmarshal (\w+) into .* of type (.+)$/.exec(decodeError) ?? []
  if (type === "") return decodeError
  const from = { array: "slice", object: "map", number: "int64" }[kind] ?? kind
  if (type.startsWith("[]")) return `cannot restore slice from ${from}`
  if (type.startsWith("map[")) return `cannot restore map from ${from}`
  return type.includes(".") ? `cannot restore struct from: ${from}` : `unrecognized type: ${type}`
}

/** To a typed server a field that is null is one that is not set, and a null in a list is an element that says nothing. */
function withoutNulls(info: ResourceInfo, object: UnknownObject): UnknownObject {
  if (info.custom) {
    const { metadata } = object
    if (isJsonObject(metadata)) object.metadata = zeroNulls(metadata, OBJECT_META)
    return object
  }
  const kind = info.schema()
  return kind === undefined ? object : zeroNulls(object, rootShape(kind))
}

function reduceToSchema(info: ResourceInfo, object: UnknownObject): string[] {
  const kind = info.schema()
  const problems = kind === undefined ? [] : prune(object, kind).map((path) => `unknown field "${path}"`)
  return info.custom ? problems.sort() : problems
}

/** A typed server cannot even read a value of the wrong type. Of a custom resource only the metadata is typed. */
function findWrongTypes(info: ResourceInfo, object: UnknownObject): string | undefined {
  const kind = info.schema()
  return kind && findDecodeError(object, kind, info.custom ? "metadata" : undefined)
}

function undecodable({ kind, version }: ResourceInfo, why: string) {
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`)
}

/**
 * An applied object as its kind has it.
 *
 * @throws StatusError for values that fit the schema and yet cannot be read: text that is no base64
 */
export function typedApplied(info: ResourceInfo, object: UnknownObject): UnknownObject {
  const typed = withoutNulls(info, object)
  const wrong = findWrongTypes(info, typed)
  if (wrong === undefined) return typed
  const kind = `${info.group}/${info.version}, Kind=${info.kind}`
  const why = `unable to convert unstructured object to ${kind}: error decoding from json: ${wrong}`
  const described = `${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}; ${kind}`
  throw newStatusError("", `failed to convert new object (${described}) to proper version: ${why}`)
}

/**
 * An object that somebody else has made, without what its kind doesn't have.
 *
 * @param object  may be changed
 * @throws StatusError InternalError for values of wrong types
 */
export function typedObject(info: ResourceInfo, object: UnknownObject): UnknownObject {
  reduceToSchema(info, object)
  const typed = withoutNulls(info, object)
  const wrong = findWrongTypes(info, typed)
  if (wrong !== undefined) throw internalError(wrong)
  return typed
}

/**
 * Fills in what is missing. Changes `object`.
 *
 * @param applied  made by server-side apply: upstream does not decode such an object again, and so refuses its nulls
 */
export function setDefaults(info: ResourceInfo, object: UnknownObject, applied = false): void {
  const kind = info.custom ? info.schema() : undefined
  if (kind !== undefined) setSchemaDefaults(object, kind, applied)
  if (info.custom) dropEmptyMetadata(object.metadata)
  info.strategy.setDefaults?.(object)
}

/** Built-in kinds have validation of their own; the schema of a custom one is all that is known of it. */
export function validateObject(info: ResourceInfo, object: UnknownObject): FieldError[] {
  const kind = info.custom ? info.schema() : undefined
  return kind === undefined ? [] : validateSchema(object, kind)
}

/**
 * Problems that were there before and have not been touched are let pass. Source: KEP-4008.
 *
 * @param subresource  of a write of the status, the status alone is checked
 */
export function validateObjectUpdate(
  info: ResourceInfo,
  after: UnknownObject,
  before: UnknownObject,
  subresource: string | undefined,
): FieldError[] {
  const kind = info.custom ? info.schema() : undefined
  if (kind === undefined) return []
  const validate = (object: UnknownObject) =>
    subresource === "status" ? validateMember(object, "status", kind) : validateSchema(object, kind)
  const errors = validate(after)
  if (errors.length === 0) return errors
  const old = new Set(validate(before).map((error) => `${error.field}: ${error.body}`))
  return errors.filter((error) => !old.has(`${error.field}: ${error.body}`))
}

/** Problems with which an object is not what its rules are about. */
const BLOCKING = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
])
const NOT_CHECKED =
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"

/**
 * Adds what the rules of a custom resource say. Rules that fail where nothing changed are told as warnings.
 *
 * @param errors  what is wrong with the object apart from that
 */
export function checkRules(
  { info, warn }: Pick<WriteRequest, "info" | "warn">,
  errors: FieldError[],
  after: UnknownObject,
  before?: UnknownObject,
): void {
  const kind = info.custom ? info.schema() : undefined
  if (kind === undefined || !hasRules(kind.schema)) return
  if (errors.some(({ reason }) => BLOCKING.has(reason))) {
    errors.push(invalidField(NO_FIELD, null, NOT_CHECKED))
    return
  }
  const problems = evaluateRules(after, before, kind.schema)
  errors.push(...problems.errors)
  for (const { field, body } of problems.warnings) warn(`${field}: ${body}`)
}

/** Metadata is typed in every kind: what is empty is not there. Changes `metadata`. */
function dropEmptyMetadata(metadata: ObjectMeta): void {
  for (const field of ["annotations", "finalizers", "labels", "ownerReferences"] as const) {
    const value = metadata[field]
    if (value !== undefined && Object.keys(value ?? {}).length === 0) delete metadata[field]
  }
}
