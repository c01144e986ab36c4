import { clone, deepEqual } from "#apimachinery/json.ts"
import type { ObjectMeta, UnknownObject } from "#apimachinery/meta.ts"
import {
  badRequest,
  conflict,
  invalid,
  MODIFIED_MESSAGE,
  newStatusError,
  notFound,
} from "#apimachinery/status-error.ts"
import { runMutations, runValidations } from "#apiserver/admission/admission.ts"
import type { StoredValue } from "#apiserver/storage/storage.ts"
import { encodeStored, storageKey } from "./codec.ts"
import { createObject } from "./create.ts"
import { trackUpdate } from "./field-tracking.ts"
import { countsForGeneration, metadataWarnings, stampForUpdate, validateMetadataUpdate } from "./metadata.ts"
import { servedObject, storedObject } from "./served-values.ts"
import { checkRules, setDefaults, validateObjectUpdate } from "./object-schema.ts"
import {
  admissionRequest,
  putOptions,
  strategyContext,
  withRevision,
  written,
  type RegistryDeps,
  type WriteRequest,
  type Written,
} from "./write-request.ts"

/** Attempts of a write that says no resourceVersion before it gives up. Source: upstream's patch retries 5 times. */
const ATTEMPTS_MAX = 5

export type Change = {
  /**
   * Makes the new object from what is stored; called again when somebody else wrote in between. The result is private.
   * @param before  in the request's version; shared: never change it
   */
  readonly make: (before: UnknownObject) => UnknownObject
  /** For a name that is not there: the object to create; the write fails with NotFound when this is absent. */
  readonly makeNew?: () => UnknownObject
  /** A uid in the new object is a precondition, as it is in a PUT; else it is a field that may not change. */
  readonly uidPrecondition?: boolean
  /** The object's own managed fields and times are already what they must be: server-side apply. */
  readonly tracked?: boolean
}

/** PUT. @throws StatusError */
export function updateObject(deps: RegistryDeps, request: WriteRequest, body: UnknownObject): Promise<Written> {
  const { info, namespace, name } = request
  const { metadata } = body
  if (metadata.name !== name) {
    const why = metadata.name
      ? `the name of the object (${metadata.name}) does not match the name on the URL (${name})`
      : `the name of the object (${name} based on URL) was undeterminable: name must be provided`
    throw badRequest(why)
  }
  if (metadata.namespace && metadata.namespace !== (info.namespaced ? namespace : "")) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
  }
  const unconditional = info.custom ? false : info.strategy.allowUnconditionalUpdate
  return changeObject(deps, request, {
    uidPrecondition: true,
    make(before) {
      if (!metadata.resourceVersion && !unconditional) {
        const body = "Invalid value: 0: must be specified for an update"
        // Upstream names the resource here where it names the kind elsewhere.
        throw invalid({ group: info.group, kind: info.resource }, name, [
          { field: "metadata.resourceVersion", reason: "FieldValueInvalid", body },
        ])
      }
      const after = clone(body)
      after.metadata.namespace = before.metadata.namespace ?? ""
      if (after.metadata.namespace === "") delete after.metadata.namespace
      return after
    },
    ...(info.strategy.allowCreateOnUpdate ? { makeNew: () => body } : {}),
  })
}

/**
 * Reads, changes and writes one object. A resourceVersion or uid in the new object is a precondition.
 *
 * @throws StatusError
 */
export async function changeObject(deps: RegistryDeps, request: WriteRequest, change: Change): Promise<Written> {
  const { info, namespace, name } = request
  const key = storageKey(info, info.namespaced ? namespace : "", name)
  let current = deps.storage.get(key)
  for (let attempt = 1; ; attempt++) {
    if (current === undefined) {
      if (change.makeNew === undefined) throw notFound(info, name)
      return createObject(deps, request, change.makeNew(), change.tracked)
    }
    const outcome = await attemptChange(deps, request, change, current)
    if ("done" in outcome) return outcome.done
    if (attempt === ATTEMPTS_MAX) throw conflict(info, name, MODIFIED_MESSAGE)
    current = outcome.lostTo
  }
}

type Outcome = { readonly done: Written } | { readonly lostTo: StoredValue | undefined }

async function attemptChange(
  deps: RegistryDeps,
  request: WriteRequest,
  change: Change,
  current: StoredValue,
): Promise<Outcome> {
  const { info, name } = request
  const found = servedObject(info, current)
  const before = found instanceof Promise ? await found : found
  const after = change.make(before)
  checkPreconditions(request, after.metadata, before.metadata, change.uidPrecondition === true)
  const nowMs = deps.clock.nowMs()
  const context = strategyContext(request, nowMs)
  const { strategy } = info
  setDefaults(info, after, change.tracked)
  // Before admission and strategy: what they add or put back belongs to nobody.
  if (change.tracked !== true) trackUpdate(request, before, after, nowMs)
  await runMutations(deps.admission, admissionRequest(request, "UPDATE", nowMs, { object: after, before }))
  delete after.metadata.resourceVersion
  stampForUpdate(after.metadata, before.metadata)
  keepOtherParts(request, after, before)
  strategy.prepareForUpdate?.(after, before, context)
  if (countsForGeneration(info, after, before)) after.metadata.generation = (before.metadata.generation ?? 0) + 1
  const refusal = strategy.admit?.(after, before, context)
  if (refusal !== undefined) throw refusal
  const errors = [
    ...validateMetadataUpdate(after.metadata, before.metadata),
    ...validateObjectUpdate(info, after, before, request.subresource),
    ...(strategy.validateUpdate?.(after, before) ?? []),
  ]
  checkRules(request, errors, after, before)
  if (errors.length > 0) throw invalid(info, name, errors)
  for (const warning of [...metadataWarnings(after.metadata, before.metadata), ...(strategy.warnings?.(after) ?? [])])
    request.warn(warning)
  await runValidations(deps.admission, admissionRequest(request, "UPDATE", nowMs, { object: after, before }))
  if (isUnchanged(after, before)) return unchanged(deps, request, current, before)
  return store(deps, request, after, current)
}

async function store(
  deps: RegistryDeps,
  request: WriteRequest,
  after: UnknownObject,
  current: StoredValue,
): Promise<Outcome> {
  const { info } = request
  const converted = storedObject(info, after)
  const stored = converted instanceof Promise ? await converted : converted
  const value = encodeStored(stored)
  if (request.dryRun) {
    return { done: { created: false, object: withRevision(after, current.revision) } }
  }
  if (isFinished(info, after)) {
    // The write that takes the last finalizer away is the deletion. The answer keeps the last revision.
    const result = await deps.storage.delete(current.key, current.revision)
    if (!result.ok) return { lostTo: result.current }
    return { done: { created: false, object: withRevision(after, current.revision) } }
  }
  const result = await deps.storage.put(current.key, value, current.revision, putOptions(info, stored))
  if (!result.ok) return { lostTo: result.current }
  return { done: await written(request, false, after, { value, revision: result.revision }) }
}

/** Whether a deletion only waited for what this object no longer has. */
function isFinished({ strategy }: WriteRequest["info"], after: UnknownObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = after.metadata
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return false
  if ((deletionGracePeriodSeconds ?? 0) > 0) return false
  return strategy.holdsDeletion?.(after) !== true
}

/** A write that changes nothing costs nothing: no revision, no event. */
async function unchanged(
  deps: RegistryDeps,
  request: WriteRequest,
  current: StoredValue,
  before: UnknownObject,
): Promise<Outcome> {
  if (deps.storage.get(current.key) !== current || current.stale === true) {
    // Encrypted as values are no longer: the write is what puts that right. Otherwise it is compared with a write that is still on its way to disk: its success must not be told before that one's.
    const result = await deps.storage.put(current.key, current.value, current.revision)
    if (!result.ok) return { lostTo: result.current }
    return { done: await written(request, false, before, { value: current.value, revision: result.revision }) }
  }
  return { done: await written(request, false, before, { value: current.value, revision: current.revision }) }
}

function isUnchanged(after: UnknownObject, before: UnknownObject): boolean {
  for (const key in after) if (key !== "metadata" && !deepEqual(after[key], before[key])) return false
  for (const key in before) if (!(key in after) && before[key] !== undefined) return false
  const { managedFields: fieldsAfter = [], resourceVersion: _r, ...metadataAfter } = after.metadata
  const { managedFields: fieldsBefore = [], resourceVersion: _s, ...metadataBefore } = before.metadata
  if (!deepEqual(metadataAfter, metadataBefore) || fieldsAfter.length !== fieldsBefore.length) return false
  return fieldsAfter.every((entry, i) => deepEqual({ ...entry, time: "" }, { ...fieldsBefore[i], time: "" }))
}

/**
 * An object made from what is stored carries the stored revision and passes; one that came with a revision of its own
 * passes only while that is the stored one, so that trying again after a lost write refuses it.
 */
function checkPreconditions(
  { info, namespace, name }: WriteRequest,
  after: ObjectMeta,
  before: ObjectMeta,
  uidPrecondition: boolean,
): void {
  if (uidPrecondition && after.uid && after.uid !== before.uid) {
    const place = [...(info.custom ? [info.group] : []), info.resource, ...(namespace === "" ? [] : [namespace]), name]
    const why = `Precondition failed: UID in precondition: ${after.uid}, UID in object meta: ${before.uid ?? ""}`
    const key = `/registry/${place.join("/")}`
    throw conflict(
      info,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    )
  }
  if (!after.resourceVersion) return
  if (!/^[0-9]+$/.test(after.resourceVersion)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(after.resourceVersion)}: invalid syntax`
    throw newStatusError("", why)
  }
  if (after.resourceVersion !== before.resourceVersion) throw conflict(info, name, MODIFIED_MESSAGE)
}

/** Main writes keep the old status; status writes keep everything else. Changes `after`. */
function keepOtherParts({ info, subresource }: WriteRequest, after: UnknownObject, before: UnknownObject): void {
  const { statusSubresource } = info.strategy
  if (subresource === "") {
    if (!statusSubresource) return
    if (before["status"] === undefined) delete after["status"]
    else after["status"] = clone(before["status"])
    return
  }
  if (subresource !== "status") return
  for (const key of Object.keys(after)) if (!(key in before) && key !== "status") delete after[key]
  for (const key of Object.keys(before)) if (key !== "status" && key !== "metadata") after[key] = clone(before[key])
  if (!info.custom) return
  // A custom resource's status writes leave the metadata alone as well.
  const { managedFields } = after.metadata
  after.metadata = { ...before.metadata }
  if (managedFields === undefined) delete after.metadata.managedFields
  else after.metadata.managedFields = managedFields
  delete after.metadata.resourceVersion
}
