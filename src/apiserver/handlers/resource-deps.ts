import type { Log } from "#lib/log.ts"
import type { RegistryDeps, WriteRequest } from "#apiserver/registry/write-request.ts"
import type { CountEvents } from "#apiserver/metrics/watch-metrics.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import type { EventFrames } from "#apiserver/watch-cache/event-frames.ts"
import type { Call } from "./call.ts"
import { goPackageOf } from "#apimachinery/go-text.ts"
import { negotiate, type Representation, type View } from "./negotiation.ts"
import { writeOperationOptions } from "./operation-options.ts"
import type { WriteOptions } from "./write-options.ts"

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
 * @param info  of what is answered, if it is a stored kind
 * @throws StatusError NotAcceptable
 */
export function formOf(
  call: Call,
  info: ResourceInfo | undefined,
  views: readonly View[],
  stream = false,
): Representation {
  return negotiate(call.request.headers, {
    views,
    pretty: isPretty(call),
    stream,
    protobuf: info?.custom !== true,
    routed:
      info?.custom === true
        ? undefined
        : call.info.name === "" && call.request.method === "GET"
          ? "watchable"
          : "object",
    ...(info === undefined ? {} : { type: goTypeOf(info, views.includes("PartialObjectMetadataList")) }),
  })
}

/** The Go type behind a kind, as refusals name it. */
function goTypeOf({ custom, group, kind }: ResourceInfo, isList: boolean): string {
  if (custom) return isList ? "unstructured.UnstructuredList" : "unstructured.Unstructured"
  return `${goPackageOf(group)}.${kind}${isList ? "List" : ""}`
}

/** What the query says about indentation: Go's idea of true, anything else is false. */
export function isPretty(call: Call): boolean | undefined {
  const pretty = call.info.query.get("pretty")
  return pretty === null || pretty === "" ? undefined : /^(1|t|T|true|TRUE|True)$/.test(pretty)
}

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
    annotate: (key, value) => call.audit?.annotate({ [key]: value }),
    operationOptions: (operation) => writeOperationOptions(call, operation),
  }
}
