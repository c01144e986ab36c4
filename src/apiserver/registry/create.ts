import { clone } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import {
  alreadyExists,
  badRequest,
  hasReason,
  internalError,
  invalid,
  newStatusError,
} from "#apimachinery/status-error.ts"
import { runMutations, runValidations } from "#apiserver/admission/admission.ts"
import { decodeStored, encodeStored, storageKey } from "./codec.ts"
import { trackCreate } from "./field-tracking.ts"
import { generateName, metadataWarnings, stampForCreate, validateMetadata } from "./metadata.ts"
import { storedObject } from "./served-values.ts"
import { checkRules, setDefaults, validateObject } from "./object-schema.ts"
import {
  admissionRequest,
  putOptions,
  strategyContext,
  written,
  type RegistryDeps,
  type WriteRequest,
  type Written,
} from "./write-request.ts"

/** Names tried before a generateName is given up. Source: KEP-4420. */
const GENERATED_NAMES_MAX = 8

/**
 * Stores a new object.
 *
 * @param body  decoded and checked for unknown fields; not changed
 * @param tracked  its managed fields are already what they must be: server-side apply
 * @throws StatusError
 */
export async function createObject(
  deps: RegistryDeps,
  request: WriteRequest,
  body: UnknownObject,
  tracked = false,
): Promise<Written> {
  const { name, generateName: prefix } = body.metadata
  if (name || !prefix) return createNamed(deps, request, clone(body), tracked, name)
  for (let attempt = 1; ; attempt++) {
    try {
      return await createNamed(deps, request, clone(body), tracked, generateName(prefix, deps.random))
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error
      if (attempt < GENERATED_NAMES_MAX) continue
      error.status.message += ", the server was not able to generate a unique name for the object"
      throw error
    }
  }
}

async function createNamed(
  deps: RegistryDeps,
  request: WriteRequest,
  object: UnknownObject,
  tracked: boolean,
  name: string | undefined,
): Promise<Written> {
  const { info, namespace } = request
  const { strategy } = info
  const nowMs = deps.clock.nowMs()
  const context = strategyContext(request, nowMs)
  checkIdentity(request, object)
  stampForCreate(object.metadata, info.namespaced ? namespace : "", deps.random, nowMs)
  setDefaults(info, object, tracked)
  // Before admission and strategy: what they add belongs to nobody.
  if (!tracked) trackCreate(request, object, nowMs)
  // A generated name is drawn after that.
  const isNameGenerated = !object.metadata.name
  if (name) object.metadata.name = name
  await runMutations(deps.admission, admissionRequest(request, "CREATE", nowMs, { object, isNameGenerated }))
  // A custom resource's status is written through its subresource only; built-in kinds differ.
  if (info.custom && strategy.statusSubresource) delete object["status"]
  strategy.prepareForCreate?.(object, context)
  if (strategy.generation === "spec") object.metadata.generation = 1
  const refusal = strategy.admit?.(object, undefined, context)
  if (refusal !== undefined) throw refusal
  const errors = [
    ...validateMetadata(info, object.metadata),
    ...validateObject(info, object),
    ...(strategy.validate?.(object) ?? []),
  ]
  checkRules(request, errors, object)
  if (errors.length > 0) throw invalid(info, object.metadata.name ?? "", errors)
  for (const warning of [...metadataWarnings(object.metadata), ...(strategy.warnings?.(object) ?? [])])
    request.warn(warning)
  await runValidations(deps.admission, admissionRequest(request, "CREATE", nowMs, { object }))
  return storeNew(deps, request, object)
}

async function storeNew(deps: RegistryDeps, request: WriteRequest, object: UnknownObject): Promise<Written> {
  const { info } = request
  const name = object.metadata.name!
  const key = storageKey(info, info.namespaced ? request.namespace : "", name)
  const converted = storedObject(info, object)
  const stored = converted instanceof Promise ? await converted : converted
  const value = encodeStored(stored)
  if (request.dryRun) {
    const existing = deps.storage.get(key)
    if (existing !== undefined) throw exists(request, name, decodeStored(existing))
    const answered =
      info.remote === undefined ? object : (await written(request, true, object, { value, revision: 0 })).object
    const { resourceVersion: _, ...metadata } = answered.metadata
    return { created: true, object: { ...answered, metadata } }
  }
  const result = await deps.storage.put(key, value, 0, putOptions(info, stored))
  if (!result.ok) {
    if (result.current === undefined) throw internalError(`storage refused to create ${key}`)
    throw exists(request, name, decodeStored(result.current))
  }
  return written(request, true, object, { value, revision: result.revision })
}

function checkIdentity({ info, namespace, name }: WriteRequest, object: UnknownObject): void {
  const { metadata } = object
  if (info.namespaced) {
    if (metadata.namespace && metadata.namespace !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
    }
  } else if (metadata.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
  }
  // A create by PUT or apply names the object in its path.
  if (name !== "" && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name ?? ""}) does not match the name on the URL (${name})`)
  }
  if (metadata.resourceVersion) {
    throw newStatusError("", "resourceVersion should not be set on objects to be created")
  }
}

function exists({ info }: WriteRequest, name: string, current: UnknownObject) {
  const error = alreadyExists(info, name)
  if (current.metadata.deletionTimestamp !== undefined) {
    error.status.message = `object is being deleted: ${error.status.message}`
  }
  return error
}
