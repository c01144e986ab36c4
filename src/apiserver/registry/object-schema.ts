// Objects against the schema of their kind: what a body may say, what is filled in, what is refused.
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { findDuplicateFields } from "#apimachinery/schema/duplicate-fields.ts"
import { dropNulls } from "#apimachinery/managed-fields/drop-nulls.ts"
import { rootShape } from "#apimachinery/schema/shape.ts"
import { findDecodeError } from "#apimachinery/schema/decode.ts"
import { setSchemaDefaults } from "#apimachinery/schema/defaults.ts"
import { prune } from "#apimachinery/schema/prune.ts"
import { validateSchema } from "#apimachinery/schema/validate.ts"
import { badRequest, newStatusError, type FieldError } from "#apimachinery/status-error.ts"
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

/**
 * The same for the outcome of a patch.
 *
 * @param patch  quoted in refusals
 * @throws StatusError Invalid
 */
export function decodePatched(
  request: WriteRequest,
  before: UnknownObject,
  patched: UnknownObject,
  patch: string,
): UnknownObject {
  const { info } = request
  const refuse = (why: string) =>
    newStatusError("Invalid", ` "" is invalid: patch: Invalid value: ${JSON.stringify(patch)}: ${why}`, {
      causes: [
        { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(patch)}: ${why}`, field: "patch" },
      ],
    })
  if (!isJsonObject(patched)) throw refuse("the patched object is no object")
  if (!isJsonObject(patched.metadata)) patched.metadata = {}
  if (patched.kind !== before.kind || patched.apiVersion !== before.apiVersion) {
    if (info.custom || patched.apiVersion !== apiVersionOf(info)) {
      throw badRequest(
        `the API version in the data (${patched.apiVersion}) does not match the expected API version (${before.apiVersion})`,
      )
    }
    patched.kind = before.kind
  }
  for (const field of ["name", "namespace"] as const) {
    if (patched.metadata[field] === before.metadata[field]) continue
    const what = field === "name" ? "name" : "namespace"
    throw badRequest(
      field === "name"
        ? `the name of the object (${patched.metadata.name ?? ""}) does not match the name on the URL (${before.metadata.name})`
        : `the ${what} of the provided object does not match the ${what} sent on the request`,
    )
  }
  const problems = reduceToSchema(info, patched)
  if (problems.length > 0) {
    if (request.fieldValidation === "Strict") throw refuse(`strict decoding error: ${problems.join(", ")}`)
    if (request.fieldValidation === "Warn") for (const problem of problems) request.warn(problem)
  }
  const typed = withoutNulls(info, patched)
  const wrong = findWrongTypes(info, typed)
  if (wrong !== undefined) throw refuse(wrong)
  return typed
}

/** To a typed server a field that is null is one that is not set. */
function withoutNulls(info: ResourceInfo, object: UnknownObject): UnknownObject {
  const kind = info.custom ? undefined : info.schema()
  return kind === undefined ? object : dropNulls(object, rootShape(kind))
}

function reduceToSchema(info: ResourceInfo, object: UnknownObject): string[] {
  const kind = info.schema()
  return kind === undefined ? [] : prune(object, kind).map((path) => `unknown field "${path}"`)
}

/** A typed server cannot even read a value of the wrong type. Of a custom resource only the metadata is typed. */
function findWrongTypes(info: ResourceInfo, object: UnknownObject): string | undefined {
  const kind = info.schema()
  return kind && findDecodeError(object, kind, info.custom ? "metadata" : undefined)
}

function undecodable({ kind, version }: ResourceInfo, why: string) {
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`)
}

/** Fills in what is missing. Changes `object`. */
export function setDefaults(info: ResourceInfo, object: UnknownObject): void {
  const kind = info.custom ? info.schema() : undefined
  if (kind !== undefined) setSchemaDefaults(object, kind)
  info.strategy.setDefaults?.(object)
}

/** Built-in kinds have validation of their own; the schema of a custom one is all that is known of it. */
export function validateObject(info: ResourceInfo, object: UnknownObject): FieldError[] {
  const kind = info.custom ? info.schema() : undefined
  return kind === undefined ? [] : validateSchema(object, kind)
}

/** Problems that were there before and have not been touched are let pass. Source: KEP-4008. */
export function validateObjectUpdate(info: ResourceInfo, after: UnknownObject, before: UnknownObject): FieldError[] {
  const errors = validateObject(info, after)
  if (errors.length === 0) return errors
  const old = new Set(validateObject(info, before).map((error) => `${error.field}: ${error.body}`))
  return errors.filter((error) => !old.has(`${error.field}: ${error.body}`))
}
