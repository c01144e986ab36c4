// Who set which field: metadata.managedFields.
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { applyPatch } from "#apimachinery/managed-fields/apply.ts"
import { updateManagedFields } from "#apimachinery/managed-fields/update.ts"
import type { ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"
import type { WriteRequest } from "./write-request.ts"

/** Books the fields of a new object under the request's manager. Changes `object`. */
export function trackCreate(request: WriteRequest, object: UnknownObject, nowMs: number): void {
  track(request, undefined, object, nowMs)
}

/** Books what the request changed under its manager. Changes `after`. */
export function trackUpdate(request: WriteRequest, before: UnknownObject, after: UnknownObject, nowMs: number): void {
  track(request, before, after, nowMs)
}

function track(request: WriteRequest, before: UnknownObject | undefined, after: UnknownObject, nowMs: number): void {
  if (isUntracked(request)) return void delete after.metadata.managedFields
  const entries = updateManagedFields({ ...callOf(request), before, after, nowMs }).map((entry) =>
    request.subresource === "scale" ? withoutScaleTime(entry) : entry,
  )
  if (entries.length === 0) delete after.metadata.managedFields
  else after.metadata.managedFields = entries
}

/** Upstream loses the time on the way from the Scale to the object. */
function withoutScaleTime(entry: ManagedFieldsEntry): ManagedFieldsEntry {
  if (entry.subresource !== "scale") return entry
  const { time: _, ...rest } = entry
  return rest
}

/**
 * Server-side apply: the new object, managed fields included.
 *
 * @throws StatusError Conflict naming the fields that others own
 */
export function applyConfiguration(
  request: WriteRequest,
  apply: {
    readonly live: UnknownObject | undefined
    readonly config: UnknownObject
    readonly force: boolean
    readonly nowMs: number
  },
): UnknownObject {
  const { object } = applyPatch({ ...callOf(request), ...apply })
  return object
}

function callOf(request: WriteRequest) {
  const { info, fieldManager, subresource } = request
  return {
    resetFields: resetFieldsOf(request),
    schema: info.schema(),
    empty: info.strategy.emptyObject?.(),
    manager: fieldManager,
    apiVersion: apiVersionOf(info),
    subresource: subresource === "" ? undefined : subresource,
  }
}

/** What this path does not write, and so cannot own. */
function resetFieldsOf({ info, subresource }: WriteRequest): (readonly string[])[] {
  if (subresource === "status") {
    // Source: pkg/registry/apps/deployment/strategy.go.
    return info.group === "apps" && info.resource === "deployments" ? [["spec"], ["metadata", "labels"]] : [["spec"]]
  }
  return info.strategy.statusSubresource ? [["status"]] : []
}

/** Source: pkg/registry/certificates/certificates/strategy.go, which drops them. */
function isUntracked({ info }: WriteRequest): boolean {
  return info.group === "certificates.k8s.io" && info.resource === "certificatesigningrequests"
}
