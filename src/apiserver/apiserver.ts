// An embedded Kubernetes API server: everything it needs comes in by argument.
import type { Clock } from "#lib/clock.ts"
import type { HealthCheck } from "#lib/health.ts"
import type { HttpResponse } from "#lib/http.ts"
import type { Log } from "#lib/log.ts"
import { newMetrics, type Metrics } from "#lib/metrics.ts"
import type { Random } from "#lib/random.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import { clone } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin } from "./admission/admission.ts"
import { namespaceLifecycle } from "./admission/namespace-lifecycle.ts"
import { LOOPBACK } from "./authentication/user.ts"
import type { AuditOptions } from "./filters/audit.ts"
import { IN_FLIGHT_LIMITS, type InFlight, type InFlightLimits } from "./filters/flow-control.ts"
import { withMetrics } from "./filters/metrics.ts"
import { newFlowClassifier } from "./flow-control/flow-classifier.ts"
import { newHandlerChain, type ChainOptions } from "./handler-chain.ts"
import type { Connect } from "./handlers/connect.ts"
import { newPlainHandler, type ServerVersion } from "./handlers/plain-handler.ts"
import type { ResourceDeps } from "./handlers/resource-deps.ts"
import { newResourceHandler } from "./handlers/resource-handler.ts"
import { newEventCounter } from "./metrics/watch-metrics.ts"
import { addServerMetrics } from "./metrics/server-metrics.ts"
import type { ObjectReader } from "./object-reader.ts"
import { createObject } from "./registry/create.ts"
import type { StoredReader } from "./registry/stored-reader.ts"
import type { Authenticator, Authorizer, Handler, ServerRequest } from "./request.ts"
import type { ResourceTable } from "./resource.ts"
import type { Storage } from "./storage/storage.ts"
import type { VirtualResource } from "./virtual.ts"
import { EventFrames } from "./watch-cache/event-frames.ts"

export type ApiServerOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly storage: Storage
  /** Over the same storage: what authenticator, authorizer and the table of resources read from. */
  readonly reader: StoredReader
  readonly resources: ResourceTable
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly virtual?: readonly VirtualResource[]
  /** Answers for what runs behind objects; nothing does without it. */
  readonly connect?: Connect
  /** Discovery and OpenAPI. @returns undefined for a path that is not its own */
  readonly discovery?: (request: ServerRequest) => HttpResponse | undefined
  readonly version: ServerVersion
  /** What other servers are asked. */
  readonly aggregated?: ChainOptions["aggregated"]
  /** After the server's own; in order. */
  readonly admission?: readonly AdmissionPlugin[]
  readonly readyChecks?: readonly HealthCheck[]
  readonly inFlightLimits?: InFlightLimits
  readonly audit?: AuditOptions
  /** Where requests are counted, and what /metrics tells. Absent: /metrics tells what is stored, requests are not counted. */
  readonly metrics?: Metrics
}

export interface ApiServer {
  readonly handler: Handler
  readonly reader: ObjectReader
  readonly resources: ResourceTable
  readonly storage: Storage
  /**
   * Creates those of `objects` that are missing, namespaces first; what is there stays as it is.
   * @throws StatusError for an object that is refused, Error for a kind that is not served
   */
  bootstrap(objects: readonly UnknownObject[]): Promise<void>
  /** Ends reads of changes; the storage stays open. */
  close(): void
}

export function newApiServer(options: ApiServerOptions): ApiServer {
  const { clock, random, log, storage, reader, resources } = options
  const deps: ResourceDeps = {
    clock,
    random,
    log,
    storage,
    reader,
    resources,
    frames: new EventFrames(),
    ...(options.metrics === undefined ? {} : { countEvents: newEventCounter(options.metrics) }),
    admission: [namespaceLifecycle(reader), ...(options.admission ?? [])],
  }
  const inFlight: InFlight = { reading: 0, mutating: 0 }
  const metrics = options.metrics ?? newMetrics()
  addServerMetrics(metrics, { storage, resources, inFlight })
  const handler = newHandlerChain({
    clock,
    random,
    log,
    authenticator: options.authenticator,
    authorizer: options.authorizer,
    classify: newFlowClassifier(reader),
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    ...(options.metrics === undefined ? {} : { measure: withMetrics(metrics, clock, resources) }),
    ...(options.aggregated === undefined ? {} : { aggregated: options.aggregated }),
    inFlight,
    inFlightLimits: options.inFlightLimits ?? IN_FLIGHT_LIMITS,
    resources: newResourceHandler(deps, options.virtual ?? [], options.connect),
    plain: newPlainHandler({
      version: options.version,
      readyChecks: options.readyChecks ?? [],
      discovery: options.discovery ?? (() => undefined),
      metrics: () => metrics.text(),
    }),
  })
  return {
    handler,
    reader,
    resources,
    storage,
    async bootstrap(objects) {
      const local = { ...deps, admission: deps.admission.filter((plugin) => plugin.isRemote !== true) }
      const isNamespace = (object: UnknownObject) => object.kind === "Namespace" && object.apiVersion === "v1"
      // Together, so that they share the way to the disk.
      await Promise.all(objects.filter(isNamespace).map((object) => createMissing(local, object)))
      await Promise.all(objects.filter((object) => !isNamespace(object)).map((object) => createMissing(local, object)))
    },
    close: () => reader.stop(),
  }
}

async function createMissing(deps: ResourceDeps, object: UnknownObject): Promise<void> {
  const { group, version } = parseApiVersion(object.apiVersion)
  const info = deps.resources.findKind(group, version, object.kind)
  if (info === undefined)
    throw new Error(`Cannot create ${object.kind} "${object.metadata.name}": ${object.apiVersion} is not served`)
  const namespace = info.namespaced ? (object.metadata.namespace ?? "") : ""
  if (deps.reader.get(info.storage, namespace, object.metadata.name ?? "") !== undefined) return
  const request = {
    info,
    namespace,
    name: "",
    subresource: "",
    user: LOOPBACK,
    dryRun: false,
    fieldManager: "hawser-apiserver",
    fieldValidation: "Ignore",
    warn: () => {},
  } as const
  try {
    await createObject(deps, request, clone(object))
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) throw error
  }
}
