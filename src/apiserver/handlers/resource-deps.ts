import type { Log } from "#lib/log.ts"
import type { RegistryDeps, WriteRequest } from "#apiserver/registry/write-request.ts"
import type { CountEvents } from "#apiserver/metrics/watch-metrics.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import type { EventFrames } from "#apiserver/watch-cache/event-frames.ts"
import type { Call } from "./call.ts"
import { negotiate, type View } from "./negotiation.ts"
import { parseFlag, type WriteOptions } from "./write-options.ts"

/** What the handlers of resources work with. */
export type ResourceDeps = RegistryDeps & {
  readonly resources: ResourceTable
  readonly frames: EventFrames
  readonly log: Log
  readonly countEvents?: CountEvents
}

/**
 * The form that the answer to `call` takes.
 *
 * @param info  of the resource; absent for what is never a custom resource
 * @throws StatusError NotAcceptable
 */
export function formOf(call: Call, info: ResourceInfo | undefined, views: readonly View[], stream = false) {
  const protobuf = info?.custom !== true
  return negotiate(call.request.headers, { views, pretty: isPretty(call), stream, protobuf })
}

export const isPretty = (call: Call) => parseFlag(call.info.query, "pretty") ?? false

/** The namespace that keys of the resource have: the path of `namespaces/x` names the namespace itself. */
export const namespaceOf = (call: Call, info: ResourceInfo) => (info.namespaced ? call.info.namespace : "")

export function writeRequest(
  call: Call,
  info: ResourceInfo,
  options: WriteOptions,
  name = call.info.name,
): WriteRequest {
  return {
    info,
    namespace: namespaceOf(call, info),
    name,
    subresource: call.info.subresource,
    user: call.user,
    dryRun: options.dryRun,
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
    warn: (text) => void call.warnings.push(text),
  }
}
