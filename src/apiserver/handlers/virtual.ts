import type { HttpResponse } from "#lib/http.ts"
import { notFound } from "#apimachinery/status-error.ts"
import { storageKey } from "#apiserver/registry/codec.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"
import { readBody } from "./body.ts"
import type { Call } from "./call.ts"
import { bodyFormat } from "./negotiation.ts"
import { formOf, type ResourceDeps } from "./resource-deps.ts"
import { objectResponse } from "./responses.ts"
import { parseWriteOptions } from "./write-options.ts"

/** A resource that is answered and not stored. @param info  of the parent, for a subresource */
export async function answerVirtual(
  deps: ResourceDeps,
  call: Call,
  virtual: VirtualResource,
  info: ResourceInfo | undefined,
): Promise<HttpResponse> {
  const { namespace, name } = call.info
  const options = parseWriteOptions("CreateOptions", call.info.query, call.request.headers)
  const object = readBody(call, bodyFormat(call.request.headers["content-type"])).object
  call.audit?.requestObject(object)
  if (virtual.subresource !== undefined && info !== undefined) {
    const parent = deps.storage.get(storageKey(info, info.namespaced ? namespace : "", name))
    if (parent === undefined) throw notFound(info, name)
  }
  const nowMs = deps.clock.nowMs()
  const answer = await virtual.create({ object, namespace, name, user: call.user, nowMs, dryRun: options.dryRun })
  return objectResponse(201, answer, formOf(call, info, []))
}
