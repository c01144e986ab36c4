import type { HttpResponse } from "#lib/http.ts"
import { notFound } from "#apimachinery/status-error.ts"
import { storageKey } from "#apiserver/registry/codec.ts"
import { toServed } from "#apiserver/registry/conversion.ts"
import {
  listStored,
  parseResourceVersion,
  snapshotOf,
  validateListRequest,
  type ListRequest,
} from "#apiserver/registry/list.ts"
import { waitForRevision } from "#apiserver/registry/revision-wait.ts"
import { scaleOf } from "#apiserver/registry/scale.ts"
import { peekStored } from "#apiserver/registry/codec.ts"
import { newSelection } from "#apiserver/registry/selection.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { readServed } from "#apiserver/registry/served-values.ts"
import { CompactedError, type Storage, type StoredValue } from "#apiserver/storage/storage.ts"
import type { Call } from "./call.ts"
import { objectBytes, parseInclude } from "./forms.ts"
import { formOf, namespaceOf, type ResourceDeps } from "./resource-deps.ts"
import { listResponse } from "./list-response.ts"
import { bytesResponse, objectResponse } from "./responses.ts"
import { parseFlag, parseInteger } from "./write-options.ts"

export function answerGet(deps: ResourceDeps, call: Call, info: ResourceInfo): HttpResponse | Promise<HttpResponse> {
  const { query, name, subresource } = call.info
  const form = formOf(call, info, ["Table", "PartialObjectMetadata"])
  const include = parseInclude(query, form)
  const wait = waitForRevision(
    deps.storage,
    deps.clock,
    parseResourceVersion(query.get("resourceVersion") ?? "", "get"),
  )
  const key = storageKey(info, namespaceOf(call, info), name)
  const read = (storage: Storage) => {
    const stored = storage.get(key)
    if (stored === undefined) throw notFound(info, name)
    if (subresource === "scale") return objectResponse(200, scaleOf(info, toServed(info, peekStored(stored))), form)
    const context = { info, form, include, nowMs: deps.clock.nowMs() }
    return bytesResponse(200, objectBytes(context, stored.value, stored.revision), form)
  }
  const present = () => deps.storage.get(key) ?? []
  const answer = () => readStorage(deps, info, () => [present()].flat(), read)
  return wait === undefined ? answer() : wait.then(answer)
}

/** Reads at once, or after a webhook has converted what is needed. */
export function readStorage<T>(
  { storage }: ResourceDeps,
  info: ResourceInfo,
  needed: () => readonly StoredValue[],
  read: (storage: Storage) => T,
): T | Promise<T> {
  return info.remote === undefined ? read(storage) : readServed(storage, info, needed, read)
}

/** Those that a list is of; none where its snapshot is gone, as the list itself will find out. */
export function listedValues(storage: Storage, prefix: string, request: ListRequest): readonly StoredValue[] {
  const revision = snapshotOf(storage, prefix, request)
  try {
    return revision === storage.revision ? storage.list(prefix) : storage.listAt(prefix, revision)
  } catch (error) {
    if (error instanceof CompactedError) return []
    throw error
  }
}

export function answerList(deps: ResourceDeps, call: Call, info: ResourceInfo): HttpResponse | Promise<HttpResponse> {
  const { query } = call.info
  const form = formOf(call, info, ["Table", "PartialObjectMetadataList"])
  const include = parseInclude(query, form)
  const request = parseListRequest(query)
  validateListRequest(request)
  const selection = newSelection(info, {
    namespace: namespaceOf(call, info),
    labels: query.get("labelSelector") ?? "",
    fields: query.get("fieldSelector") ?? "",
  })
  // A snapshot that memory does not go back to may lie on disk.
  const recall = () => deps.storage.recall(snapshotOf(deps.storage, selection.prefix, request))
  const answer = () => recall()?.then(list) ?? list()
  const needed = () => listedValues(deps.storage, selection.prefix, request)
  const list = () => readStorage(deps, info, needed, listFrom)
  const listFrom = (storage: Storage) => {
    const list = listStored(storage, selection.prefix, selection, request)
    return listResponse({ info, form, include, nowMs: deps.clock.nowMs() }, list)
  }
  const wait = waitForRevision(deps.storage, deps.clock, parseResourceVersion(request.resourceVersion, "list"))
  return wait === undefined ? answer() : wait.then(answer)
}

export function parseListRequest(query: URLSearchParams): ListRequest {
  // A list has no end to wait for, yet what names one must be a number.
  parseInteger(query, "timeoutSeconds")
  return {
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    limit: Math.max(parseInteger(query, "limit") ?? 0, 0),
    continue: query.get("continue") ?? "",
    sendInitialEvents: parseFlag(query, "sendInitialEvents"),
  }
}
