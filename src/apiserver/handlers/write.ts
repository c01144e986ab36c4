import type { HttpResponse } from "#lib/http.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { decodeMetadata } from "#apiserver/registry/codec.ts"
import { createObject } from "#apiserver/registry/create.ts"
import { listStored, validateListRequest } from "#apiserver/registry/list.ts"
import { patchObject, patchTypeOf } from "#apiserver/registry/patch.ts"
import { deletedStatus, deleteObject, parseDeleteOptions, type Removed } from "#apiserver/registry/remove.ts"
import { updateScale } from "#apiserver/registry/scale.ts"
import { newSelection } from "#apiserver/registry/selection.ts"
import { updateObject } from "#apiserver/registry/update.ts"
import type { WriteRequest, Written } from "#apiserver/registry/write-request.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { Storage } from "#apiserver/storage/storage.ts"
import { readObject, readOptions } from "./body.ts"
import type { Call } from "./call.ts"
import { objectBytes, parseInclude, viewOf } from "./forms.ts"
import { bodyFormat } from "./negotiation.ts"
import type { Representation } from "./negotiation.ts"
import { listedValues, parseListRequest, readStorage } from "./read.ts"
import { deleteOperationOptions } from "./operation-options.ts"
import { formOf, namespaceOf, writeRequest, type ResourceDeps } from "./resource-deps.ts"
import { listResponse } from "./list-response.ts"
import { bytesResponse, objectResponse, successResponse } from "./responses.ts"
import { parseWriteOptions } from "./write-options.ts"

export async function answerCreate(deps: ResourceDeps, call: Call, info: ResourceInfo): Promise<HttpResponse> {
  const options = parseWriteOptions("CreateOptions", call.info.query, call.request.headers)
  const request = writeRequest(call, info, options)
  const body = readObject(call, request, bodyFormat(call.request.headers["content-type"], info.custom), deps.resources)
  const form = writtenForm(call, info)
  return writtenResponse(deps, call, info, await createObject(deps, { ...request, name: "" }, body), form)
}

export async function answerUpdate(deps: ResourceDeps, call: Call, info: ResourceInfo): Promise<HttpResponse> {
  const options = parseWriteOptions("UpdateOptions", call.info.query, call.request.headers)
  const request = writeRequest(call, info, options)
  const body = readObject(call, request, bodyFormat(call.request.headers["content-type"], info.custom), deps.resources)
  if (call.info.subresource === "scale") {
    return objectResponse(200, await updateScale(deps, request, () => body), formOf(call, info, []))
  }
  const form = writtenForm(call, info)
  return writtenResponse(deps, call, info, await updateObject(deps, request, body), form)
}

export async function answerPatch(deps: ResourceDeps, call: Call, info: ResourceInfo): Promise<HttpResponse> {
  const type = patchTypeOf(info, call.request.headers["content-type"])
  const options = parseWriteOptions("PatchOptions", call.info.query, call.request.headers, {
    isApply: type === "apply",
  })
  const request = writeRequest(call, info, options)
  const patch = { type, bytes: call.request.body ?? new Uint8Array(), force: options.force }
  const form = writtenForm(call, info)
  call.audit?.requestPatch(patch.bytes)
  const result = await patchObject(deps, request, patch)
  if ("scale" in result) return objectResponse(200, result.scale, formOf(call, info, []))
  return writtenResponse(deps, call, info, result, form)
}

/** Found out before anything is written: a write whose answer nobody could read is not carried out. */
const writtenForm = (call: Call, info: ResourceInfo) => formOf(call, info, ["Table", "PartialObjectMetadata"])

function writtenResponse(
  deps: ResourceDeps,
  call: Call,
  info: ResourceInfo,
  written: Written,
  form: Representation,
): HttpResponse {
  const context = { info, form, include: parseInclude(call.info.query, form), nowMs: deps.clock.nowMs() }
  const status = written.created ? 201 : 200
  const { stored, object } = written
  if (stored === undefined) return objectResponse(status, viewOf(context, object), form)
  return bytesResponse(status, objectBytes(context, stored.value, stored.revision), form)
}

export async function answerDelete(deps: ResourceDeps, call: Call, info: ResourceInfo): Promise<HttpResponse> {
  const { request, options } = deletion(call, info)
  const form = writtenForm(call, info)
  if (info.resource === "jobs" && options.propagationPolicy === undefined && options.orphanDependents === undefined) {
    request.warn(JOB_PODS_STAY)
  }
  const removed = await deleteObject(deps, request, options)
  if (removed.gone && !info.strategy.deleteReturnsObject) {
    return successResponse(deletedStatus(request, removed.object.metadata.uid), form)
  }
  const context = { info, form, include: parseInclude(call.info.query, form), nowMs: deps.clock.nowMs() }
  // Source: rest.DeleteResource: 202 says that dependents are still to go.
  const status = !removed.gone && options.orphanDependents === false ? 202 : 200
  return objectResponse(status, viewOf(context, removed.object), form)
}

const JOB_PODS_STAY =
  "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"

/** Deletes what the selectors leave, one by one: not atomic. Answers with the list that it acted on. */
export async function answerDeleteCollection(
  deps: ResourceDeps,
  call: Call,
  info: ResourceInfo,
): Promise<HttpResponse> {
  const { query } = call.info
  const { request, options } = deletion(call, info)
  const form = formOf(call, info, ["PartialObjectMetadataList", "Table"])
  const list = parseListRequest(query)
  validateListRequest(list)
  const selection = newSelection(info, {
    namespace: namespaceOf(call, info),
    labels: query.get("labelSelector") ?? "",
    fields: query.get("fieldSelector") ?? "",
  })
  const needed = () => listedValues(deps.storage, selection.prefix, list)
  const read = (storage: Storage) => listStored(storage, selection.prefix, selection, list)
  const found = await readStorage(deps, info, needed, read)
  const deletions: Promise<Removed | undefined>[] = []
  for (const item of found.items) {
    const { name = "", namespace = "" } = decodeMetadata(item)
    deletions.push(deleteObject(deps, { ...request, name, namespace, isUnnamed: true }, options).catch(ignoreNotFound))
  }
  await Promise.all(deletions)
  const context = { info, form, include: parseInclude(query, form), nowMs: deps.clock.nowMs() }
  return listResponse(context, found)
}

function ignoreNotFound(error: unknown): undefined {
  if (!hasReason(error, "NotFound")) throw error
}

function deletion(call: Call, info: ResourceInfo) {
  const body = readOptions(call)
  const dryRun = Array.isArray(body?.["dryRun"]) ? (body["dryRun"] as unknown[]) : []
  const writeOptions = parseWriteOptions("DeleteOptions", call.info.query, call.request.headers, { dryRun })
  const request: WriteRequest = {
    ...writeRequest(call, info, writeOptions),
    operationOptions: () => deleteOperationOptions(call.info.query, body),
  }
  return { request, options: parseDeleteOptions(body, call.info.query) }
}
