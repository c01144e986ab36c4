import type { HttpResponse } from "#lib/http.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { notFound } from "#apimachinery/status-error.ts"
import { runMutations, runValidations } from "#apiserver/admission/admission.ts"
import { storageKey } from "#apiserver/registry/codec.ts"
import { trackCreate } from "#apiserver/registry/field-tracking.ts"
import { admissionRequest } from "#apiserver/registry/write-request.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"
import { checkBuiltinKind, decodeTyped, readBody, readObject } from "./body.ts"
import type { Call } from "./call.ts"
import { bodyFormat } from "./negotiation.ts"
import { formOf, writeRequest, type ResourceDeps } from "./resource-deps.ts"
import { objectResponse } from "./responses.ts"
import { parseWriteOptions, type WriteOptions } from "./write-options.ts"

/** The body as the kind that is created, even though it is not stored. */
function readVirtual(
  deps: ResourceDeps,
  call: Call,
  virtual: VirtualResource,
  info: ResourceInfo | undefined,
  options: WriteOptions,
): UnknownObject {
  const format = bodyFormat(call.request.headers["content-type"])
  const { subresource } = virtual
  if (info !== undefined && subresource === undefined) {
    return readObject(call, writeRequest(call, info, options), format, deps.resources)
  }
  const found = info?.subresources.find(({ name }) => name === subresource)
  if (info === undefined || found === undefined) return readBody(call, format, "Object").object
  const { object } = readBody(call, format, found.kind)
  const wanted = { group: info.group, version: info.version, ...found }
  checkBuiltinKind(object, wanted, deps.resources)
  return decodeTyped(object, wanted)
}

/** A resource that is answered and not stored. @param info  of the parent, for a subresource */
export async function answerVirtual(
  deps: ResourceDeps,
  call: Call,
  virtual: VirtualResource,
  info: ResourceInfo | undefined,
): Promise<HttpResponse> {
  const { namespace, name } = call.info
  const options = parseWriteOptions("CreateOptions", call.info.query, call.request.headers)
  const object = readVirtual(deps, call, virtual, info, options)
  call.audit?.requestObject(object)
  if (virtual.subresource !== undefined && info !== undefined) {
    const parent = deps.storage.get(storageKey(info, info.namespaced ? namespace : "", name))
    if (parent === undefined) throw notFound(info, name)
  }
  const nowMs = deps.clock.nowMs()
  if (info !== undefined) {
    const found = info.subresources.find((s) => s.name === virtual.subresource) ?? info
    object.apiVersion ??= apiVersionOf({ group: found.group ?? info.group, version: found.version ?? info.version })
    object.kind ??= found.kind
    const question = admissionRequest(writeRequest(call, info, options), "CREATE", nowMs, { object })
    await runMutations(deps.admission, question)
    await runValidations(deps.admission, question)
  }
  const answer = await virtual.create({ object, namespace, name, user: call.user, nowMs, dryRun: options.dryRun })
  const owned =
    info === undefined || virtual.subresource !== undefined
      ? answer
      : withOwner(deps, call, info, options, { object, answer })
  return objectResponse(201, owned, formOf(call, info, []))
}

/** Upstream creates reviews as it does all else, and books the fields that were asked about. */
function withOwner(
  deps: ResourceDeps,
  call: Call,
  info: ResourceInfo,
  options: WriteOptions,
  { object, answer }: { readonly object: UnknownObject; readonly answer: UnknownObject },
): UnknownObject {
  const { apiVersion, kind, spec } = object as UnknownObject & { spec?: unknown }
  const asked = { apiVersion, kind, metadata: {}, ...(spec === undefined ? {} : { spec }) } as UnknownObject
  trackCreate(writeRequest(call, info, options), asked, deps.clock.nowMs())
  const { managedFields } = asked.metadata
  return managedFields === undefined ? answer : { ...answer, metadata: { ...answer.metadata, managedFields } }
}
