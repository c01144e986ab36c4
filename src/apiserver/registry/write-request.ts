import type { Clock } from "#lib/clock.ts"
import type { Random } from "#lib/random.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { AdmissionPlugin, AdmissionRequest, Operation } from "#apiserver/admission/admission.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import type { ResourceInfo, StrategyContext } from "#apiserver/resource.ts"
import type { Storage } from "#apiserver/storage/storage.ts"
import type { Memo } from "./codec.ts"
import { isStoredForm } from "./conversion.ts"
import { servedObject } from "./served-values.ts"
import type { StoredReader } from "./stored-reader.ts"

/** What the verbs of the registry work with. */
export type RegistryDeps = {
  readonly storage: Storage
  readonly reader: StoredReader
  readonly clock: Clock
  readonly random: Random
  readonly admission: readonly AdmissionPlugin[]
}

/** What every write says besides its body. */
export type WriteRequest = {
  readonly info: ResourceInfo
  /** "" for a cluster-scoped object. */
  readonly namespace: string
  /** "" for a create. */
  readonly name: string
  /** "" for the object itself. */
  readonly subresource: string
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: FieldValidation
  /** Sends a Warning header. */
  readonly warn: (text: string) => void
  /** Records something beside the request in the audit log. */
  readonly annotate?: (key: string, value: string) => void
  /** The options that the client gave, as admission sees them: CreateOptions, UpdateOptions, PatchOptions, DeleteOptions. */
  readonly operationOptions?: (operation: Operation) => object
  /** Admission is not told the name: one of many that are deleted together. */
  readonly isUnnamed?: boolean
}

export type FieldValidation = "Strict" | "Warn" | "Ignore"

/** What a write left behind. */
export type Written = {
  readonly created: boolean
  /** In the version of the request, with its resourceVersion unless it is a dry run's. */
  readonly object: UnknownObject
  /** The stored bytes that the answer is made of; absent when `object` has another form than what is stored. */
  readonly stored?: { readonly value: Uint8Array; readonly revision: number }
}

export function strategyContext(request: WriteRequest, nowMs: number): StrategyContext {
  return { user: request.user, nowMs, subresource: request.subresource === "" ? undefined : request.subresource }
}

export function admissionRequest(
  request: WriteRequest,
  operation: Operation,
  nowMs: number,
  rest: {
    readonly object?: UnknownObject
    readonly before?: UnknownObject
    readonly isNameGenerated?: boolean
  },
): AdmissionRequest {
  const { info, subresource, namespace, user, dryRun, warn, annotate, operationOptions } = request
  const name = request.isUnnamed === true ? "" : request.name || (rest.object?.metadata.name ?? "")
  const options = operationOptions && (() => operationOptions(operation))
  return {
    operation,
    resource: info,
    subresource,
    namespace,
    name,
    user,
    dryRun,
    nowMs,
    warn,
    annotate,
    options,
    ...rest,
  }
}

/** @param stored  what is encoded in the value: those who are told of the write need not parse it */
export function putOptions(info: ResourceInfo, stored: UnknownObject) {
  const memo = (revision: number): Memo => ({ object: withRevision(stored, revision), passing: true })
  return { durable: info.strategy.volatile !== true, memo }
}

export function withRevision(object: UnknownObject, revision: number): UnknownObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
}

/** What the answer to a write says. A webhook that converts is asked once more, so that it is what a reader gets. */
export function written(
  { info }: WriteRequest,
  created: boolean,
  object: UnknownObject,
  stored: { readonly value: Uint8Array; readonly revision: number },
): Written | Promise<Written> {
  const answer = withRevision(object, stored.revision)
  if (info.remote !== undefined && !isStoredForm(info)) {
    const read = Promise.resolve(servedObject(info, { key: "", createRevision: 0, ...stored }))
    return read.then((served) => ({ created, object: served }))
  }
  return isStoredForm(info) ? { created, object: answer, stored } : { created, object: answer }
}
