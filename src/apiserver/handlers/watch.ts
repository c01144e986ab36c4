import type { HttpResponse } from "#lib/http.ts"
import { randomInt } from "#lib/random.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { invalidListOptions, parseResourceVersion } from "#apiserver/registry/list.ts"
import { newSelection } from "#apiserver/registry/selection.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { startServedWatch } from "#apiserver/watch-cache/served-watch.ts"
import { startWatch, type WatchRequest } from "#apiserver/watch-cache/watch.ts"
import type { Call } from "./call.ts"
import { parseInclude } from "./forms.ts"
import { formOf, namespaceOf, type ResourceDeps } from "./resource-deps.ts"
import { watchFrames } from "./watch-frames.ts"
import { parseFlag, parseInteger } from "./write-options.ts"

/** A watch that names no end gets one between this and twice this. Source: kube-apiserver --min-request-timeout. */
const TIMEOUT_SECONDS_MIN = 1800

export function answerWatch(deps: ResourceDeps, call: Call, info: ResourceInfo): HttpResponse {
  const { query } = call.info
  const form = formOf(call, info, ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"], true)
  const context = { info, form, include: parseInclude(query, form) }
  const resourceVersion = parseResourceVersion(query.get("resourceVersion") ?? "", "watch")
  const sendInitial = parseFlag(query, "sendInitialEvents")
  validate(query, sendInitial)
  const selection = newSelection(info, {
    namespace: namespaceOf(call, info),
    labels: query.get("labelSelector") ?? "",
    fields: query.get("fieldSelector") ?? "",
    ...(call.info.name === "" ? {} : { name: call.info.name }),
  })
  const bookmarks = parseFlag(query, "allowWatchBookmarks") ?? false
  const { countEvents } = deps
  const seconds = parseInteger(query, "timeoutSeconds") ?? 0
  const request: WatchRequest = {
    selection,
    resourceVersion,
    initial: sendInitial === true ? "list and mark" : sendInitial === false || resourceVersion > 0 ? "none" : "list",
    bookmarks,
    timeoutMs:
      (seconds !== 0 ? Math.max(seconds, 0) : TIMEOUT_SECONDS_MIN + randomInt(deps.random, TIMEOUT_SECONDS_MIN)) * 1000,
    ...(countEvents === undefined ? {} : { onSent: (events: number) => countEvents(info, events) }),
    ...watchFrames(context, () => deps.clock.nowMs()),
  }
  return {
    status: 200,
    headers: { "content-type": form.mediaType === "protobuf" ? `${form.contentType};stream=watch` : form.contentType },
    body: {
      start: (sink) =>
        info.remote === undefined ? startWatch(deps, request, sink) : startServedWatch(deps, info, request, sink),
    },
  }
}

function validate(query: URLSearchParams, sendInitial: boolean | undefined): void {
  const match = query.get("resourceVersionMatch") ?? ""
  const errors: FieldError[] = []
  const forbid = (detail: string) =>
    errors.push({ field: "resourceVersionMatch", reason: "FieldValueForbidden", body: `Forbidden: ${detail}` })
  if (sendInitial === undefined) {
    if (match !== "") forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
  } else if (match !== "NotOlderThan") {
    forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    if (match === "") throw invalidListOptions(errors)
    const body = `Unsupported value: ${JSON.stringify(match)}: supported values: "NotOlderThan"`
    errors.push({ field: "resourceVersionMatch", reason: "FieldValueNotSupported", body })
  }
  if (query.get("continue")) forbid("resourceVersionMatch is forbidden when continue is provided")
  if (errors.length > 0) throw invalidListOptions(errors)
}
