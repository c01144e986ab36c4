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
  const answer = () => {
    const stored = deps.storage.get(storageKey(info, namespaceOf(call, info), name))
    if (stored === undefined) throw notFound(info, name)
    if (subresource === "scale") return objectResponse(200, scaleOf(info, toServed(info, peekStored(stored))), form)
    const context = { info, form, include, nowMs: deps.clock.nowMs() }
    return bytesResponse(200, objectBytes(context, stored.value, stored.revision), form)
  }
  return wait === undefined ? answer() : wait.then(answer)
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
  const list = () => {
    const list = listStored(deps.storage, selection.prefix, selection, request)
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
