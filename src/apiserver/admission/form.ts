// A request in the form in which webhooks and policies are asked about it.
import { isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { internalError } from "#apimachinery/status-error.ts"
import { typedObject } from "#apiserver/registry/object-schema.ts"
import { convertObject } from "#apiserver/registry/served-values.ts"
import { scaleOf, writeReplicas } from "#apiserver/registry/scale.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { AdmissionRequest } from "./admission.ts"
import { kindOf } from "./matching.ts"

/** Through `scale` webhooks see the Scale, and not the object that holds its numbers. */
export function viewedRequest(request: AdmissionRequest): AdmissionRequest {
  if (request.subresource !== "scale") return request
  const { resource, object, before } = request
  return {
    ...request,
    ...(object === undefined ? {} : { object: scaleOf(resource, object) }),
    ...(before === undefined ? {} : { before: scaleOf(resource, before) }),
  }
}

/** The request as validating webhooks see it: what is about to replace an object says which version of it. */
export function validatedRequest(request: AdmissionRequest): AdmissionRequest {
  const { object, before } = request
  if (object === undefined || before === undefined) return viewedRequest(request)
  const metadata = { ...object.metadata, resourceVersion: before.metadata.resourceVersion ?? "" }
  return viewedRequest({ ...request, object: { ...object, metadata } })
}

/**
 * The request as mutating webhooks see it: a new object has neither uid nor creation time yet, nor the name that is made of
 * its prefix. Until it is closed, the request's object is without them.
 */
export function openRequest(whole: AdmissionRequest): { readonly request: AdmissionRequest; close(): void } {
  const { object, operation, subresource } = whole
  if (object !== undefined && subresource === "scale") {
    const request = viewedRequest(whole)
    return { request, close: () => writeReplicas(whole.resource, object, request.object!) }
  }
  if (object?.metadata?.uid === undefined || operation !== "CREATE") return { request: whole, close: () => {} }
  const { uid, creationTimestamp, name } = object.metadata
  delete object.metadata.uid
  delete object.metadata.creationTimestamp
  if (whole.isNameGenerated === true) delete object.metadata.name
  return {
    request: whole.isNameGenerated === true ? { ...whole, name: "" } : whole,
    close() {
      const { metadata } = object
      metadata.uid = uid
      if (creationTimestamp !== undefined) metadata.creationTimestamp = creationTimestamp
      metadata.name ??= name ?? ""
    },
  }
}

const isOwnKind = ({ resource, subresource }: AdmissionRequest) =>
  kindOf(resource, subresource).kind === resource.kind && resource.storage.resource !== ""

/** An object of the request in the version of `info`. */
export function inVersion(
  request: AdmissionRequest,
  info: ResourceInfo,
  object: UnknownObject | undefined,
): UnknownObject | undefined | Promise<UnknownObject> {
  if (object === undefined || info === request.resource || !isOwnKind(request)) return object
  return convertObject(request.resource, info, object)
}

/** An object that a webhook has changed, in the version of the request. */
export function fromVersion(
  request: AdmissionRequest,
  info: ResourceInfo,
  object: UnknownObject,
): UnknownObject | Promise<UnknownObject> {
  if (info === request.resource || !isOwnKind(request)) return object
  return convertObject(info, request.resource, object)
}

/** What a webhook's patch has made, as its kind has it: without what the kind doesn't have. @throws StatusError for other types */
export function typedForm(request: AdmissionRequest, info: ResourceInfo, object: unknown): UnknownObject {
  if (!isJsonObject(object)) throw internalError("the patched object is no object")
  if (!isJsonObject(object["metadata"])) object["metadata"] = {}
  return isOwnKind(request) ? typedObject(info, object as UnknownObject) : (object as UnknownObject)
}
